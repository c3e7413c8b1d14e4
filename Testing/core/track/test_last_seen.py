"""A lesion is looked for where it was accepted last, and not where it was at baseline."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from HCCResponseLib.base.jobs import Progress
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.track.identity.follow_up import Baseline, FollowUpNetworks, propose_follow_up
from HCCResponseLib.track.new_lesions.candidates import Survey
from HCCResponseLib.track.new_lesions.earlier_visits import EarlierVisit
from HCCResponseLib.track.registration.register import Scan
from HCCResponseLib.track.registration.trust import LocalTrust
from shapes import ball

GRID = Geometry((50, 80, 80), (1.0, 1.0, 1.0))
AT_BASELINE = Lesion.of(ball(GRID.size, (25, 40, 40), 12))
LAST = Lesion.of(ball(GRID.size, (25, 40, 44), 7))
NOW = ball(GRID.size, (25, 40, 45), 6)


@dataclass
class Same:
    """Stands for a registration of two visits that lie the same."""

    trust: LocalTrust = field(default_factory=lambda: LocalTrust(True, True, 0.5, ()))
    follow_up_to_baseline = None

    def to_baseline(self, point):
        return np.asarray(point)

    def to_follow_up(self, point):
        return np.asarray(point)

    def place(self, point):
        return self.trust


class Registrar:
    """Registers nothing, and remembers which scans it was asked about."""

    def __init__(self, trust_of=None):
        self.asked, self.trust_of = [], trust_of or {}

    def __call__(self, baseline, follow_up, seed=0, report=None):
        self.asked.append(baseline.image.source)
        return Same(**self.trust_of.get(baseline.image.source, {}))


def image(name):
    """Liver with noise; at the second follow-up with the lesion."""
    hu = np.random.default_rng(0).normal(80, 8, GRID.size)
    if name == "follow-up 2":
        hu[NOW] -= 40
    return Volume(hu.astype(np.int16), GRID, name)


def view(tumour):
    return Survey(ball(GRID.size, (25, 40, 40), 24).astype(np.float32), tumour.astype(np.float32), GRID)


def earlier(**changes):
    given = {"accepted": {"L1": LAST}, **changes}
    return EarlierVisit("follow-up 1", Scan(image("follow-up 1")), **given)


def proposed(visits, registrar):
    """The row of L1 at a second follow-up, and the place that the network was shown."""
    shown = {}

    def known(places, report):
        shown.update(places)
        report(Progress("", 1.0))
        return NOW.astype(np.float32)

    nothing = view(np.zeros(GRID.size, bool))
    baseline = Baseline(image("baseline"), {"L1": AT_BASELINE}, nothing)
    look = FollowUpNetworks(known, lambda report: nothing)
    done = propose_follow_up(
        "follow-up 2",
        image("follow-up 2"),
        baseline,
        look,
        lambda progress: None,
        registrar=registrar,
        earlier=visits,
    )
    (row,) = done.proposals
    return row, shown["L1"]


def test_the_place_is_that_of_the_visit_that_was_accepted_last():
    registrar = Registrar()
    row, place = proposed([earlier()], registrar)
    assert place == LAST
    assert row.evidence["last_seen"] == "follow-up 1"
    assert row.state is LesionState.MEASURED
    assert registrar.asked == ["baseline", "follow-up 1"]


def test_of_several_visits_the_last_one_counts():
    second = EarlierVisit("again", Scan(image("again")), accepted={"L1": Lesion.of(NOW)})
    _, place = proposed([earlier(), second], Registrar())
    assert place == Lesion.of(NOW)


@pytest.mark.parametrize("accepted", [{}, {"C1": LAST}], ids=["nothing", "a new lesion"])
def test_what_was_not_accepted_there_is_looked_for_where_it_was_at_baseline(accepted):
    registrar = Registrar()
    row, place = proposed([earlier(accepted=accepted)], registrar)
    assert place == AT_BASELINE
    assert "last_seen" not in row.evidence
    assert registrar.asked == ["baseline"]


def test_a_place_in_doubt_replaces_none_that_is_sure():
    doubt = {"trust": LocalTrust(False, True, 15.0, ("off by 15 mm",))}
    _, place = proposed([earlier()], Registrar({"follow-up 1": doubt}))
    assert place == AT_BASELINE
    _, place = proposed([earlier()], Registrar({"follow-up 1": doubt, "baseline": doubt}))
    assert place == LAST
