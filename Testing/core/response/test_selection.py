"""Measurability, selection and check of targets (RECIST 1.1, 3.1 and 4.2; mRECIST)."""

from decimal import Decimal

import pytest

from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.timepoint.measurability import TargetCandidate
from HCCResponseLib.response.timepoint.selection import select_targets

RECIST = load_profile("recist-1.1")


def lesion(key, long=None, organ="liver", **more):
    return {"id": key, "organ": organ, "nodal": False, "long": long, **more}


def node(key, short, organ="lymph node", **more):
    return {"id": key, "organ": organ, "nodal": True, "long": 30, "short": short, **more}


def chosen(ask, *candidates, criterion=None, **profile):
    return ask("select-targets", {"candidates": list(candidates)}, criterion, **profile)


@pytest.mark.parametrize(
    ("candidate", "fits"),
    [
        (lesion("A", 10), True),
        (lesion("A", "9.9"), False),
        (lesion("A", 10, slice_thickness=5), True),
        (lesion("A", 13, slice_thickness=7), False),
        (lesion("A", 14, slice_thickness=7), True),
        (lesion("A", 10, slice_thickness="2.5"), True),
        (lesion("A", 10, slice_thickness=1), True),
        (lesion("A", None), False),
        (lesion("A", 30, measurable=False), False),
        (lesion("A", 30, measurable=True), True),
        (lesion("A", 8, measurable=True), False),
        (lesion("A", 30, reproducible=False), False),
        (lesion("A", 30, kind="simple-cyst"), False),
        (lesion("A", 30, kind="bone-blastic"), False),
        (lesion("A", 30, kind="bone-soft-tissue"), True),
        (lesion("A", 30, treated=True), False),
        (lesion("A", 30, treated=True, grown_since_treatment=True), True),
        (lesion("A", 30, irradiated=True), False),
        (node("A", 15), True),
        (node("A", "14.9"), False),
        (node("A", 15, slice_thickness=8), True),
        (node("A", None), False),
    ],
)
def test_measurable(ask, candidate, fits):
    answer = chosen(ask, candidate)
    assert answer["selected"] == (["A"] if fits else [])
    assert (answer["baseline_sum"] is None) is not fits
    assert list(answer["rejected"]) == ([] if fits else ["A"])


def test_limits_of_the_profile(ask):
    assert chosen(ask, lesion("A", 8), measurable_long_mm=8)["selected"] == ["A"]
    assert chosen(ask, lesion("A", 10, slice_thickness=5), thick_slice_mm=4)["selected"] == ["A"]
    assert chosen(ask, lesion("A", 10, slice_thickness=6), thickness_factor="1.5")["selected"] == ["A"]
    assert chosen(ask, node("A", 12), node_target_short_mm=12)["selected"] == ["A"]


def test_two_per_organ_largest_first(ask):
    answer = chosen(ask, lesion("A", 20), lesion("B", 50), lesion("C", 40), lesion("D", 12, "lung"))
    assert answer["selected"] == ["B", "C", "D"]
    assert answer["baseline_sum"] == "102.0"
    assert "limit" in answer["rejected"]["A"]


def test_all_organs_are_represented(ask):
    organs = ("liver", "lung", "kidney", "bone")
    pairs = [lesion(f"{o}{i}", 60 - 10 * n - i, o) for n, o in enumerate(organs) for i in (0, 1)]
    answer = chosen(ask, *pairs)
    assert answer["selected"] == ["liver0", "liver1", "lung0", "kidney0", "bone0"]
    assert chosen(ask, *pairs, represent_all_organs=False)["selected"] == [
        "liver0",
        "liver1",
        "lung0",
        "lung1",
        "kidney0",
    ]


def test_nodes_are_one_organ(ask):
    nodes = [node("N1", 30, "axilla"), node("N2", 28, "axilla"), node("N3", 16, "groin")]
    assert chosen(ask, *nodes)["selected"] == ["N1", "N3"]
    assert chosen(ask, *nodes, nodes_are_one_organ=False)["selected"] == ["N1", "N2", "N3"]


def test_nodes_rank_and_count_by_short_axis(ask):
    answer = chosen(ask, lesion("A", 20), node("N", 16))
    assert answer["selected"] == ["A", "N"]
    assert answer["baseline_sum"] == "36.0"


def test_paired_organs_and_liver_lobes_are_one_organ(ask):
    lungs = [lesion("A", 30, "left lung"), lesion("B", 25, "right lung"), lesion("C", 20, "lung")]
    assert chosen(ask, *lungs)["selected"] == ["A", "B"]
    lobes = [lesion("A", 30, "liver"), lesion("B", 25, "liver left lobe"), lesion("C", 20, "right lobe")]
    assert chosen(ask, *lobes)["selected"] == ["A", "B"]


@pytest.mark.parametrize(
    "organs",
    [
        ("liver", "left lobe of the liver", "Liver, segment 4"),
        ("lung", "lower lobe of the left lung", "lungs (apex)"),
        ("right kidney", "upper pole of the left kidney", "kidneys"),
        ("hepatic", "dome of liver", "right lobe"),
    ],
)
def test_no_wording_of_an_organ_gets_round_its_limit(ask, organs):
    """Also where the reader chooses: a lesion in the left lobe of the liver is a liver lesion."""
    lesions = [lesion(name, 30 - i, organ) for i, (name, organ) in enumerate(zip("ABC", organs, strict=True))]
    assert chosen(ask, *lesions)["selected"] == ["A", "B"]
    checked = ask("check-targets", {"targets": lesions})
    assert (checked["valid"], len(checked["organs_over_limit"])) == (False, 1)
    fixed = select_targets(
        _candidates(*(("ABC"[i], o, 0, 30 - i) for i, o in enumerate(organs))), RECIST, {"B", "C"}
    )
    assert set(fixed.selected) == {"B", "C"}


def test_neighbours_of_an_organ_are_not_the_organ(ask):
    organs = ("liver", "hepatic flexure", "pulmonary artery", "suprarenal fat")
    lesions = [lesion(f"{o} {i}", 30 - i, o) for o in organs for i in (0,)]
    assert len(chosen(ask, *lesions, max_targets_per_organ=1)["selected"]) == len(organs)


def _candidates(*lesions):
    return [
        TargetCandidate(name, organ, bool(nodal), Decimal(size), Decimal(size))
        for name, organ, nodal, size in lesions
    ]


@pytest.mark.parametrize(
    ("lesions", "chosen", "selected"),
    [
        # A small lesion that the reader wants keeps its place, the largest other one fills the organ.
        ([("A", "liver", 0, 50), ("B", "liver", 0, 40), ("C", "liver", 0, 12)], {"C"}, {"A", "C"}),
        ([("A", "liver", 0, 50), ("B", "liver", 0, 12), ("C", "liver", 0, 11)], {"B", "C"}, {"B", "C"}),
        # Paired organs and nodes count as one organ, whatever their names.
        (
            [("A", "left lung", 0, 50), ("B", "right lung", 0, 12), ("C", "lung", 0, 11)],
            {"B", "C"},
            {"B", "C"},
        ),
        ([("A", "groin", 1, 50), ("B", "axilla", 1, 16), ("C", "neck", 1, 15)], {"B", "C"}, {"B", "C"}),
        ([("A", "axilla", 1, 50), ("B", "axilla", 1, 16), ("C", "neck", 1, 40)], {"A", "B"}, {"A", "B"}),
        # In all five: the two that are chosen stay, the other three are the largest of other organs.
        (
            [(o, o, 0, 60 - n) for n, o in enumerate(("liver", "lung", "kidney", "bone"))]
            + [("S1", "spleen", 0, 11), ("S2", "spleen", 0, 10)],
            {"S1", "S2"},
            {"S1", "S2", "liver", "lung", "kidney"},
        ),
    ],
)
def test_targets_of_the_reader_come_before_all_others(lesions, chosen, selected):
    found = select_targets(_candidates(*lesions), load_profile("recist-1.1"), chosen)
    assert set(found.selected) == selected


def test_solid_lesions_before_cystic_ones(ask):
    lesions = [lesion("A", 50, kind="cystic"), lesion("B", 20), lesion("C", 15)]
    assert chosen(ask, *lesions)["selected"] == ["B", "C"]
    assert chosen(ask, *lesions, cystic_lesion_policy="as-solid")["selected"] == ["A", "B"]
    assert chosen(ask, *lesions[:1], cystic_lesion_policy="never")["selected"] == []


@pytest.mark.parametrize(
    ("candidate", "fits"),
    [
        (node("A", 15, "porta hepatis"), False),
        (node("A", 20, "porta hepatis"), True),
        (node("A", 19, hilar=True), False),
        (node("A", 15, "axilla"), True),
        (node("A", 15, "pulmonary hilum"), True),
        (lesion("A", 30, arterial_enhancement=False), False),
        (lesion("A", 30, arterial_enhancement=True), True),
        (lesion("A", 30, well_delineated=False), False),
        (lesion("A", 30, kind="portal-vein-thrombus"), False),
        (lesion("A", 30, kind="infiltrative"), False),
        (lesion("A", 30, treated=True), False),
        (lesion("A", 30, treated=True, arterial_enhancement=True, well_delineated=True), True),
    ],
)
def test_mrecist_targets(ask, candidate, fits):
    assert chosen(ask, candidate, criterion="mRECIST")["selected"] == (["A"] if fits else [])


def test_hilar_limit_is_a_field(ask):
    assert chosen(ask, node("A", 15, hilar=True))["selected"] == ["A"]
    assert chosen(ask, node("A", 18, hilar=True), criterion="mRECIST", hilar_node_short_mm=18)[
        "selected"
    ] == ["A"]


def check(ask, *targets, **profile):
    return ask("check-targets", {"targets": list(targets)}, None, **profile)


def test_check(ask):
    good = check(ask, lesion("A", 10), lesion("B", 11), node("N", 15))
    assert good == {"valid": True, "over_total_limit": False, "organs_over_limit": [], "not_measurable": []}
    bad = check(ask, lesion("A", 10), lesion("B", 11), lesion("C", 9), node("N", 14))
    assert bad == {
        "valid": False,
        "over_total_limit": False,
        "organs_over_limit": ["liver"],
        "not_measurable": ["C", "N"],
    }
    six = [lesion(str(i), 20, organ) for i, organ in enumerate("abcdef")]
    assert check(ask, *six)["over_total_limit"] is True
    assert check(ask, *six, max_targets=6)["valid"] is True
    nodes = [node("N1", 20, "axilla"), node("N2", 20, "groin"), node("N3", 20, "neck")]
    assert check(ask, *nodes)["organs_over_limit"] == ["lymph nodes"]
    assert check(ask, *nodes, nodes_are_one_organ=False)["valid"] is True


@pytest.mark.parametrize(
    "candidates",
    [
        [lesion("A", -1)],
        [lesion("A", 20), lesion("A", 20)],
        [{"id": "A", "long": 20}],
        [{"organ": "liver"}],
        ["A"],
    ],
)
def test_impossible_candidates(ask_raw, candidates):
    assert "error" in ask_raw("select-targets", {"candidates": candidates})
    assert "error" in ask_raw("check-targets", {"targets": candidates})
