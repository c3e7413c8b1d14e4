"""Candidates over the visits: reasons for what is not shown, names that stay, states, the date that counts, links."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import Link, LinkKind, LinkSet
from HCCResponseLib.lesions.proposal import Suggestion
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.links import reader_relinks, write_links
from HCCResponseLib.review.read.new_lesions import histories
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.track.new_lesions.earlier_visits import EarlierVisit, name_again
from HCCResponseLib.track.new_lesions.suppression import (
    Appearance,
    Tissue,
    appearance_of,
    reason_to_suppress,
)
from HCCResponseLib.track.registration.register import Scan
from HCCResponseLib.track.registration.trust import LocalTrust
from reads import BASELINE, FOLLOW_UP, GRID, candidate, drawn_disc, lesion, make_read

LATER = "follow-up 2"
PROFILE = load_profile("recist-1.1")
SOLID = Appearance(1.2, 60.0, 12.0, -40.0, 12.0)
EVIDENCE = {"volume_ml": 1.0, "volume_at_baseline_ml": 0.0, "probability_at_baseline": 0.0,
            "registration_trustworthy": True}  # fmt: skip


@pytest.mark.parametrize(
    ("look", "long_mm", "changes", "reason"),
    [
        (SOLID, 12.0, {}, None),
        (SOLID, 7.9, {}, "smaller than 8 mm"),
        (Appearance(4.0, 140.0, 12.0, 40.0, 12.0), 20.0, {}, "vessel"),
        (Appearance(4.0, 60.0, 12.0, -40.0, 12.0), 20.0, {}, None),
        (Appearance(1.2, 5.0, 12.0, -95.0, 12.0), 20.0, {}, "cyst"),
        (Appearance(1.2, 5.0, 40.0, -95.0, 12.0), 20.0, {}, None),
        (
            SOLID,
            12.0,
            {"probability_at_baseline": 0.9, "volume_at_baseline_ml": 0.9},
            "was there at baseline",
        ),
        (SOLID, 12.0, {"probability_at_baseline": 0.9, "volume_at_baseline_ml": 0.5}, None),
        (SOLID, 30.0, {"goes_on_into_known_lesion_mm": 8.0}, "edge of a known lesion"),
        (SOLID, 30.0, {"goes_on_into_known_lesion_mm": 15.0}, None),
    ],
)
def test_nothing_is_left_out_without_a_reason(look, long_mm, changes, reason):
    found = reason_to_suppress(look, long_mm, {**EVIDENCE, **changes})
    assert (found is None) if reason is None else (reason in str(found))


def test_doubt_about_the_place_suppresses_nothing():
    evidence = {**EVIDENCE, "probability_at_baseline": 0.9, "volume_at_baseline_ml": 2.0}
    assert reason_to_suppress(SOLID, 12.0, evidence)
    assert reason_to_suppress(SOLID, 12.0, {**evidence, "registration_trustworthy": False}) is None


def test_the_look_of_a_tube_and_of_a_ball():
    grid = Geometry((30, 30, 60), (1.0, 1.0, 1.0))
    z, y, x = np.ogrid[:30, :30, :60]
    tube = np.broadcast_to((z - 15) ** 2 + (y - 15) ** 2 <= 9, grid.size) & (x > 9) & (x < 50)
    ball = (z - 15) ** 2 + (y - 15) ** 2 + (x - 30) ** 2 <= 64
    hu = np.full(grid.size, 100, np.int16)
    hu[tube] = 160
    image = Volume(hu, grid)
    assert appearance_of(Lesion.of(tube), image, Tissue(100.0, 10.0)).elongation > 5
    assert appearance_of(Lesion.of(tube), image, Tissue(100.0, 10.0)).against_liver == 60
    assert appearance_of(Lesion.of(ball), image, Tissue(100.0, 10.0)).elongation == pytest.approx(
        1.0, abs=0.05
    )


def test_a_spot_of_one_voxel_has_a_look_too():
    geometry = Geometry((3, 3, 3), (5.0, 4.0, 4.0))
    hu = np.full(geometry.size, 100, np.int16)
    hu[1, 1, 1] = 40
    spot = np.zeros(geometry.size, bool)
    spot[1, 1, 1] = True
    look = appearance_of(Lesion.of(spot), Volume(hu, geometry), Tissue(100.0, 10.0))
    assert (look.elongation, look.hu, look.spread) == (1.0, 40.0, 0.0)


class Same:
    """Stands for a registration of two visits that lie the same."""

    follow_up_to_baseline = None

    def to_follow_up(self, point):
        return np.asarray(point)

    def place(self, point):
        return LocalTrust(True, True, 0.0, ())


def earlier(said=None):
    image = Volume(np.zeros(GRID.size, np.int16), GRID, "ct")
    return EarlierVisit(FOLLOW_UP, Scan(image), {"C1": drawn_disc(14, 20, 20)}, said or {})


def shown(name, row, column):
    return replace(candidate(name), time_point=LATER, contour=drawn_disc(15, row, column))


def test_a_candidate_keeps_its_name_and_a_new_one_gets_another():
    first, second = name_again([shown("C1", 60, 60), shown("C2", 21, 20)], earlier(), Same(), GRID)
    assert second.name == "C1"
    assert second.evidence["first_seen"] == FOLLOW_UP
    assert first.name not in ("C1", second.name)


def test_what_a_reader_dismissed_is_not_suggested_as_new_again():
    (again,) = name_again([shown("C1", 20, 20)], earlier({"C1": "dismiss vessel"}), Same(), GRID)
    assert again.suggestion is Suggestion.EQUIVOCAL
    assert again.evidence["decided_before"] == f"{FOLLOW_UP}: dismiss vessel"


@pytest.fixture
def read(tmp_path):
    rows = [lesion(BASELINE, "L1", 30), lesion(FOLLOW_UP, "L1", 30), candidate()]
    rows += [lesion(LATER, "L1", 30), replace(candidate("C1"), time_point=LATER)]
    store, state = make_read(tmp_path / "read.sqlite", rows)
    yield store, state
    store.close()


def said(read, time_point, action):
    store, state = read
    decide(store, state, Decision("Dr A", time_point, "C1", action, reason="seen"))


def test_no_candidate_is_a_new_lesion_without_a_reader(read):
    (one,) = histories(read[1], PROFILE)
    assert one.states == ((FOLLOW_UP, "candidate"), (LATER, "candidate"))
    assert one.progression is None


def test_progression_is_dated_back_to_the_first_scan_that_showed_it(read):
    said(read, FOLLOW_UP, Action.EQUIVOCAL)
    assert histories(read[1], PROFILE)[0].progression is None
    said(read, LATER, Action.NEW)
    (one,) = histories(read[1], PROFILE)
    assert one.states == ((FOLLOW_UP, "equivocal"), (LATER, "unequivocal"))
    assert one.progression == date(2024, 2, 1)
    assert "first scan that showed the lesion" in one.why


def test_what_was_dismissed_first_is_dated_when_it_became_certain(read):
    said(read, FOLLOW_UP, Action.DISMISS)
    said(read, LATER, Action.NEW)
    (one,) = histories(read[1], PROFILE)
    assert one.states[0] == (FOLLOW_UP, "dismissed")
    assert one.progression == date(2024, 3, 1)


def test_links_are_events_and_their_history_is_read_back(read):
    store, state = read
    links = LinkSet(FOLLOW_UP, (Link("L1", (1,), LinkKind.MATCHED, 0.9), Link(None, (2,), LinkKind.NEW, 0.8)))
    write_links(store, state, links)
    changed = reader_relinks(store, state, FOLLOW_UP, {2: ("L1",)}, "Dr A", "a part of it")
    assert changed.of("L1").outcome is LinkKind.SPLIT
    again = read_state(store).links[FOLLOW_UP]
    assert again == changed
    assert again.history()[1] == links
    assert store.verify() is None
    with pytest.raises(InputError, match="no links at 'baseline'"):
        reader_relinks(store, state, BASELINE, {}, "Dr A")
