"""Registration, carried identities and candidates, each on its own."""

from dataclasses import replace

import numpy as np
import pytest

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Suggestion
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.synth.lesions import Fate
from HCCResponseLib.synth.subject import make_subject
from HCCResponseLib.track.identity.components import carry_identities, components
from HCCResponseLib.track.identity.follow_up import Baseline
from HCCResponseLib.track.new_lesions.candidates import (
    SURE_LONG_AXIS_MM,
    BaselineEvidence,
    Survey,
    agreement,
    find_candidates,
)
from HCCResponseLib.track.registration.register import carry_contours, register
from HCCResponseLib.track.registration.trust import LocalTrust
from shapes import ball

UNIT = (1.0, 1.0, 1.0)
SURE = LocalTrust(True, True, 0.0, ())


@pytest.mark.parametrize("seed", [21, 22])
def test_registration_finds_the_lesion_again(seed):
    subject = make_subject(seed, ((Fate.STABLE, 40.0), (Fate.STABLE, 24.0)), spacing=(3.0, 2.0, 2.0))
    before, after = subject.timepoints
    found = register(before.volume, after.volume, before.lesions.labels > 0)
    again = register(before.volume, after.volume, before.lesions.labels > 0)
    assert found.trustworthy
    for label in (1, 2):
        centre = before.volume.geometry.index_to_lps(np.argwhere(before.lesions.labels == label).mean(0))
        truth = after.volume.geometry.index_to_lps(np.argwhere(after.lesions.labels == label).mean(0))
        assert np.linalg.norm(found.to_follow_up(centre) - truth) < 9.0
        assert np.allclose(found.to_baseline(found.to_follow_up(centre)), centre, atol=1e-4)
        assert np.array_equal(found.to_follow_up(centre), again.to_follow_up(centre))
    drawn = {"L1": Lesion.of(before.lesions.labels == 1)}
    moved = carry_contours(drawn, before.volume.geometry, after.volume.geometry, found)
    carried, truth = moved["L1"].lesion, Lesion.of(after.lesions.labels == 1)
    assert carried.overlap(truth) / min(carried.count, truth.count) > 0.5


def test_an_image_without_a_body_is_refused():
    geometry = Geometry((20, 20, 20), (5.0, 5.0, 5.0))
    air = Volume(np.full(geometry.size, -1000, np.int16), geometry, "air.nrrd")
    with pytest.raises(InputError, match=r"air\.nrrd' shows no body"):
        register(air, air, np.zeros(geometry.size, bool))


def test_components_are_largest_first():
    mask = ball((30, 30, 30), (8, 8, 8), 3) | ball((30, 30, 30), (20, 20, 20), 6)
    sizes = [p.count for p in components(mask)]
    assert len(sizes) == 2
    assert sizes[0] > sizes[1]


def warped(masks):
    return {name: WarpedContour(Lesion.of(mask)) for name, mask in masks.items()}


def test_identities_follow_their_places():
    shape = (40, 60, 60)
    carried = {"L1": ball(shape, (20, 15, 15), 7), "L2": ball(shape, (20, 45, 45), 6)}
    found = ball(shape, (21, 16, 15), 5) | ball(shape, (19, 44, 46), 8)
    got = carry_identities(found, warped(carried), UNIT)
    assert got["L1"] == Lesion.of(ball(shape, (21, 16, 15), 5))
    assert got["L2"] == Lesion.of(ball(shape, (19, 44, 46), 8))


def test_a_lesion_that_is_gone_and_one_that_is_far():
    shape = (40, 60, 60)
    carried = {"L1": ball(shape, (20, 15, 15), 7), "L2": ball(shape, (20, 45, 45), 6)}
    found = ball(shape, (20, 15, 15), 6) | ball(shape, (5, 5, 55), 4)
    got = carry_identities(found, warped(carried), UNIT)
    assert got["L2"] is None
    assert got["L1"] == Lesion.of(ball(shape, (20, 15, 15), 6))


def test_a_split_lesion_keeps_its_name_and_crumbs_are_dropped():
    shape = (40, 60, 60)
    carried = {"L1": ball(shape, (20, 30, 30), 12)}
    parts = ball(shape, (20, 24, 30), 4) | ball(shape, (20, 36, 30), 4)
    crumb = ball(shape, (20, 30, 38), 1)
    got = carry_identities(parts | crumb, warped(carried), UNIT)
    assert got["L1"] == Lesion.of(parts)


def test_merged_lesions_are_divided_between_their_places():
    shape = (40, 60, 60)
    carried = {"L1": ball(shape, (20, 20, 30), 6), "L2": ball(shape, (20, 40, 30), 6)}
    found = ball(shape, (20, 30, 30), 16)
    got = carry_identities(found, warped(carried), UNIT)
    assert not got["L1"] & got["L2"]
    assert got["L1"] | got["L2"] == Lesion.of(found)
    assert got["L1"].to_mask()[20, 20, 30]
    assert got["L2"].to_mask()[20, 40, 30]


def test_nothing_known_and_nothing_found():
    shape = (10, 10, 10)
    empty = np.zeros(shape, bool)
    assert carry_identities(empty, warped({"L1": ball(shape, (5, 5, 5), 3)}), UNIT) == {"L1": None}
    assert carry_identities(ball(shape, (5, 5, 5), 3), warped({"L1": empty}), UNIT) == {"L1": None}


GRID = Geometry((50, 80, 80), (1.0, 1.0, 1.0))


def survey(tumour: np.ndarray) -> Survey:
    liver = ball(GRID.size, (25, 40, 40), 24).astype(np.float32)
    return Survey(liver, tumour.astype(np.float32), GRID)


def image() -> Volume:
    return Volume(np.full(GRID.size, 80, np.int16), GRID, "ct")


class Identity:
    """Stands for a registration of two visits that lie the same."""

    def to_baseline(self, point):
        return np.asarray(point)

    def place(self, point):
        return SURE


def candidates(tumour, known=None, before=None, trust=0.9):
    nothing = np.zeros(GRID.size, bool)
    view = survey(before if before is not None else nothing)
    known = [] if known is None else [Lesion.of(known)]
    return find_candidates(
        "fu", image(), survey(tumour), BaselineEvidence(view, Identity(), trust), known
    ).shown


def test_a_new_spot_in_the_liver_is_a_candidate():
    (found,) = candidates(ball(GRID.size, (25, 40, 40), 7))
    assert found.name == "C1"
    assert found.suggestion is Suggestion.NEW
    assert found.evidence["imaged_at_baseline"] is True
    assert found.evidence["probability_at_baseline"] == 0
    assert abs(float(found.measurement.long_axis.length_mm) - 15) < 1.5


def test_what_was_there_at_baseline_is_not_suggested_as_new():
    (found,) = candidates(ball(GRID.size, (25, 40, 40), 9), before=ball(GRID.size, (25, 40, 40), 6))
    assert found.suggestion is Suggestion.EQUIVOCAL
    assert found.evidence["probability_at_baseline"] == 1


def test_spots_outside_the_liver_small_or_known_are_not_shown():
    assert candidates(ball(GRID.size, (5, 5, 5), 5)) == ()
    assert candidates(ball(GRID.size, (25, 40, 40), 3)) == ()
    spot = ball(GRID.size, (25, 40, 40), 7)
    assert candidates(spot, known=spot) == ()


def test_the_edge_of_a_known_lesion_is_no_candidate_and_a_spot_beside_it_is():
    """The base network draws a known lesion 11 mm wider than its contour: a shell of 5 mm lies beyond the margin."""
    known = ball(GRID.size, (25, 40, 40), 5)
    wider = ball(GRID.size, (25, 40, 40), 16)
    nothing = np.zeros(GRID.size, bool)
    before = BaselineEvidence(survey(nothing), Identity(), 0.9)
    found = find_candidates("fu", image(), survey(wider), before, [Lesion.of(known)])
    assert found.shown == ()
    assert ["edge of a known lesion" in one.reason for one in found.suppressed] == [True]
    grown_on = known | ball(GRID.size, (25, 40, 56), 10)
    assert len(candidates(grown_on, known=known)) == 1


def test_small_spots_leave_doubt():
    (found,) = candidates(ball(GRID.size, (25, 40, 40), 4))
    assert found.measurement.long_axis.length_mm < SURE_LONG_AXIS_MM
    assert found.suggestion is Suggestion.EQUIVOCAL


def test_a_place_outside_the_baseline_leaves_doubt():
    nothing = np.zeros(GRID.size, bool)

    class Far:
        def to_baseline(self, point):
            return np.asarray(point) + 500

        def place(self, point):
            return SURE

    spot = survey(ball(GRID.size, (25, 40, 40), 7))
    (found,) = find_candidates("fu", image(), spot, BaselineEvidence(survey(nothing), Far(), 0.9), []).shown
    assert found.suggestion is Suggestion.EQUIVOCAL
    assert found.evidence["imaged_at_baseline"] is False


def test_a_base_network_that_misses_the_accepted_lesions_is_not_sure():
    (found,) = candidates(ball(GRID.size, (25, 40, 40), 7), trust=0.2)
    assert found.suggestion is Suggestion.EQUIVOCAL


def test_agreement_is_dice_within_the_liver():
    drawn = ball(GRID.size, (25, 40, 40), 7)
    assert agreement(survey(drawn), GRID, drawn) == 1
    assert agreement(survey(np.zeros(GRID.size)), GRID, drawn) == 0
    half = drawn.copy()
    half[:, :40] = False
    expected = 2 * half.sum() / (half.sum() + drawn.sum())
    assert agreement(survey(half), GRID, drawn) == pytest.approx(expected)


def test_parts_that_touch_at_a_corner_are_not_called_a_split():
    from HCCResponseLib.lesions.links import Link, LinkKind
    from HCCResponseLib.response.types import LesionState
    from HCCResponseLib.track.identity.matching import KnownLesion
    from HCCResponseLib.track.identity.rows import Look, known_row

    touching = np.zeros((6, 40, 40), bool)
    touching[2:4, 10:20, 10:20] = touching[2:4, 20:30, 20:30] = True
    apart = touching.copy()
    apart[:, 20:30, 20:23] = False
    geometry = Geometry((6, 40, 40), (3.0, 1.0, 1.0))
    link = Link("L1", (1, 2), LinkKind.SPLIT, 0.9)
    known = KnownLesion(WarpedContour(Lesion.of(touching)), 1200.0, SURE)
    for mask, outcome in ((touching, "matched"), (apart, "split")):
        probability = np.ones(mask.shape, np.float32)
        look = Look("follow-up 1", geometry, probability, {"L1": Lesion.of(mask)}, {})
        row = known_row(link, known, look)
        assert row.evidence["outcome"] == outcome
        assert len(row.parts) == (2 if outcome == "split" else 0)
        assert row.state is (LesionState.SPLIT if outcome == "split" else LesionState.MEASURED)


def test_a_network_is_not_judged_by_its_own_contours():
    own, drawn = ball(GRID.size, (25, 28, 40), 7), ball(GRID.size, (25, 52, 40), 7)
    view = survey(own)
    lesions = {"L1": Lesion.of(own), "L2": Lesion.of(drawn)}
    baseline = Baseline(image(), lesions, view, own=frozenset({"L1"}))
    # All of what a person drew was missed, though Dice with everything accepted would be 2/3.
    assert baseline.evidence(Identity()).agreement == 0
    assert baseline.evidence(Identity()).independent
    alone = replace(baseline, lesions={"L1": lesions["L1"]})
    assert not alone.evidence(Identity()).independent
    assert replace(alone, own=frozenset()).evidence(Identity()).agreement == 1


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (None, "Found by the network at this visit only: look."),
        (6, "Found by the network at both visits: look."),
    ],
)
def test_nothing_is_suggested_as_new_where_the_baseline_is_the_networks_own(before, said):
    spot = ball(GRID.size, (25, 40, 40), 9)
    seen = survey(ball(GRID.size, (25, 40, 40), before) if before else np.zeros(GRID.size, bool))
    evidence = BaselineEvidence(seen, Identity(), 1.0, independent=False)
    (found,) = find_candidates("fu", image(), survey(spot), evidence, []).shown
    assert found.suggestion is Suggestion.EQUIVOCAL
    assert str(found.evidence["remark"]).startswith(said)
    assert found.evidence["base_network_agreement"] is None
    if before is None:
        drawn = replace(evidence, independent=True)
        assert find_candidates("fu", image(), survey(spot), drawn, []).shown[0].suggestion is Suggestion.NEW
