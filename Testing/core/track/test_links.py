"""Identities: the global assignment, link sets and their history, contours that are never measured."""

import numpy as np
import pytest

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import LinkKind, links_from_json, links_to_json, relink
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.measure import measure_label_map, measure_lesion, measure_parts
from HCCResponseLib.track.identity.components import carried_parts, divide
from HCCResponseLib.track.identity.follow_up import propose_known
from HCCResponseLib.track.identity.matching import KnownLesion, match
from HCCResponseLib.track.registration.trust import LocalTrust

GRID = Geometry((40, 80, 80), (1.0, 1.0, 1.0))
SURE = LocalTrust(True, True, 0.5, ())
DOUBT = LocalTrust(False, True, 12.0, ("The two directions of registration differ by 12 mm here.",))


def ball(centre, radius):
    axes = np.ogrid[tuple(slice(0, n) for n in GRID.size)]
    return Lesion.of(sum((a - c) ** 2 for a, c in zip(axes, centre, strict=True)) <= radius**2)


def known(contour, trust=SURE, volume=None):
    return KnownLesion(WarpedContour(contour), float(contour.count) if volume is None else volume, trust)


def linked(lesions, *parts):
    return match("fu", lesions, list(parts), GRID)


def test_the_assignment_is_global_and_not_greedy():
    """The nearest part of A is B's: greedily A would take it and B would be lost."""
    a, b = known(ball((20, 20, 20), 5)), known(ball((20, 20, 32), 5))
    shifted_a, shifted_b = ball((20, 20, 27), 5), ball((20, 20, 39), 5)
    links = linked({"A": a, "B": b}, shifted_a, shifted_b)
    assert links.of("A").parts == (1,)
    assert links.of("B").parts == (2,)


def test_split_merged_vanished_and_new_at_once():
    lesions = {
        "S": known(ball((20, 15, 15), 10)),
        "M1": known(ball((20, 50, 15), 5)),
        "M2": known(ball((20, 62, 15), 5)),
        "V": known(ball((20, 15, 60), 5)),
    }
    merged = ball((20, 50, 15), 6) | ball((20, 62, 15), 6) | ball((20, 56, 15), 5)
    links = linked(lesions, ball((20, 10, 15), 4), ball((20, 21, 15), 4), merged, ball((20, 60, 60), 6))
    assert {n: links.of(n).outcome for n in lesions} == {
        "S": LinkKind.SPLIT, "M1": LinkKind.MERGED, "M2": LinkKind.MERGED, "V": LinkKind.VANISHED,
    }  # fmt: skip
    assert links.of("S").parts == (1, 2)
    assert links.of("M1").merged_with == ("M2",)
    assert [one.parts for one in links.new()] == [(4,)]
    assert all(0 <= one.confidence <= 1 for one in links.links)


def test_every_link_carries_its_evidence():
    links = linked({"A": known(ball((20, 20, 20), 6))}, ball((20, 20, 22), 5))
    evidence = links.of("A").evidence
    assert evidence["overlap"] > 0.8
    assert evidence["centre_distance_mm"] == pytest.approx(2, abs=0.2)
    assert evidence["volume_ratio"] == pytest.approx((5 / 6) ** 3, abs=0.05)
    assert links.of("A").confidence > 0.9


def test_a_place_in_doubt_is_never_called_empty():
    lesion = ball((20, 20, 20), 6)
    sure, doubt = (linked({"A": known(lesion, trust)}) for trust in (SURE, DOUBT))
    assert sure.of("A").outcome is LinkKind.VANISHED
    assert doubt.of("A").outcome is LinkKind.UNCLEAR
    assert "12 mm" in doubt.of("A").evidence["registration_remark"]
    assert doubt.of("A").confidence < sure.of("A").confidence


def test_out_of_the_field_of_view_is_not_vanished():
    nothing = Lesion.empty(GRID.size)
    outside = LocalTrust(False, False, None, ("This place is not in this scan's field of view.",))
    assert linked({"A": known(nothing, outside, 100.0)}).of("A").outcome is LinkKind.OUT_OF_VIEW


def test_no_lesions_and_no_parts():
    assert linked({}).links == ()
    (new,) = linked({}, ball((20, 20, 20), 5)).links
    assert new.outcome is LinkKind.NEW


def test_a_lesion_that_vanished_and_comes_back_keeps_its_name():
    """At every visit a lesion is looked for where it was last drawn, also after a visit without it."""
    lesion = {"A": known(ball((20, 20, 20), 6))}
    assert linked(lesion).of("A").outcome is LinkKind.VANISHED
    assert linked(lesion, ball((20, 21, 20), 3)).of("A").outcome is LinkKind.MATCHED


@pytest.fixture
def two():
    lesions = {"A": known(ball((20, 20, 20), 6)), "B": known(ball((20, 60, 60), 6))}
    return linked(lesions, ball((20, 20, 20), 6), ball((20, 60, 60), 5))


def test_a_reader_relinks_and_the_old_links_are_kept(two):
    changed = relink(two, {2: ()}, "Dr A", "another lesion")
    assert changed.of("B").outcome is LinkKind.VANISHED
    assert changed.of("B").by == "Dr A"
    assert changed.of("A") is two.of("A")
    assert [one.parts for one in changed.new()] == [(2,)]
    assert changed.history() == (changed, two)
    assert two.of("B").outcome is LinkKind.MATCHED
    back = relink(changed, {2: ("B",)}, "Dr A")
    assert back.of("B").outcome is LinkKind.MATCHED
    assert not back.new()
    assert len(back.history()) == 3


def test_a_reader_splits_and_merges(two):
    merged = relink(two, {1: ("A", "B")}, "Dr A")
    assert merged.of("A").merged_with == ("B",)
    assert merged.of("B").outcome is LinkKind.MERGED
    halves = relink(two, {1: ("A",), 2: ("A",)}, "Dr A")
    assert halves.of("A").outcome is LinkKind.SPLIT
    assert halves.of("B").outcome is LinkKind.VANISHED


@pytest.mark.parametrize(
    ("owners", "reader", "message"),
    [({3: ("A",)}, "Dr A", "no part 3"), ({1: ("X",)}, "Dr A", "no lesion 'X'"), ({1: ()}, " ", "no reader")],
)
def test_impossible_links_are_refused(two, owners, reader, message):
    with pytest.raises(InputError, match=message):
        relink(two, owners, reader)


def test_links_survive_json(two):
    changed = relink(two, {2: ()}, "Dr A", "why")
    again = links_from_json(links_to_json(changed), two)
    assert again == changed


def test_a_merged_part_is_divided_and_crumbs_are_dropped():
    places = {"A": ball((20, 20, 30), 6), "B": ball((20, 44, 30), 6)}
    whole = ball((20, 32, 30), 16)
    masks = divide([whole, ball((5, 5, 5), 2)], {1: ("A", "B"), 2: ("A",)}, places, GRID.spacing)
    assert masks["A"] | masks["B"] == whole
    assert not masks["A"] & masks["B"]


@pytest.mark.parametrize("measure", [measure_lesion, measure_label_map, measure_parts])
def test_a_registered_contour_is_refused_by_whatever_measures(measure):
    with pytest.raises(InputError, match="WarpedContour"):
        measure(WarpedContour(ball((20, 20, 20), 6)), GRID)


def test_measurements_do_not_change_when_the_registered_contour_does():
    """The follow-up's own contour is measured; where it was looked for only names it."""
    tumour = ball((20, 30, 30), 9)
    figures = []
    for place in (ball((20, 30, 30), 9), ball((20, 33, 30), 14), ball((20, 27, 28), 5)):
        seen = tumour.to_mask().astype(np.float32)
        links, (proposed,) = propose_known("fu", seen, {"A": known(place)}, GRID)
        assert links.of("A").parts == (1,)
        assert proposed.measurement == measure_lesion(proposed.contour, GRID)
        figures.append(proposed.measurement)
    assert figures[0] == figures[1] == figures[2]


def test_parts_are_large_enough_to_be_something():
    assert len(carried_parts((ball((20, 20, 20), 5) | ball((20, 60, 60), 1)).to_mask(), GRID.spacing)) == 1
