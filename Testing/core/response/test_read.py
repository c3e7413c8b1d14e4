"""A whole read: baseline, follow-ups, questions to the reader, criteria in parallel."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.read import evaluate_read, load_profile
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    NewLesionStatus,
    QuestionKind,
    Response,
    TimePointFindings,
    VersusLast,
)

M, GONE = LesionState.MEASURED, LesionState.DISAPPEARED


def target(key, long=None, state=M, **more):
    size = None if long is None else Decimal(str(long))
    return LesionFinding(key, "liver", False, LesionRole.TARGET, state, size, **more)


def other(key, role, state=M, long=None, **more):
    size = None if long is None else Decimal(str(long))
    return LesionFinding(key, "liver", False, role, state, size, **more)


def read(*points, start=date(2020, 1, 1)):
    return [
        TimePointFindings(
            "baseline" if index == 0 else f"follow-up {index}", start + timedelta(days=60 * index), **point
        )
        for index, point in enumerate(points)
    ]


def overall(profile, *points, **overrides):
    result = evaluate_read(read(*points), load_profile(profile, overrides))
    return [None if t.overall is None else t.overall.value for t in result.time_points]


def lesions(*rows, **more):
    return {"lesions": tuple(rows), **more}


def test_baseline_has_sums_and_no_response():
    result = evaluate_read(read(lesions(target("T1", 40), target("T2", "22.5"))), load_profile("recist-1.1"))
    first = result.latest
    assert (first.is_baseline, first.overall, first.target.sum) == (True, None, Decimal("62.5"))


def test_course_of_a_read():
    points = [lesions(target("T1", s)) for s in (100, 70, 70, 80, 80, 80, 84, 85)]
    assert overall("recist-1.1", *points) == [None, "PR", "PR", "PR", "PR", "PR", "PD", "PD"]
    points = [lesions(target("T1", s)) for s in (100, 60, 71, 72)]
    assert overall("recist-1.1", *points) == [None, "PR", "PR", "PD"]


def test_trace_names_rule_numbers_and_source():
    result = evaluate_read(
        read(lesions(target("T1", 100)), lesions(target("T1", 69))), load_profile("recist-1.1")
    )
    text = " ".join(result.latest.trace)
    assert "69.0 mm" in text
    assert "-31.00 %" in text
    assert "RECIST 1.1, 4.3.1" in text
    assert "Table 1" in text


def test_pr_maintained_is_flagged_to_the_reader():
    points = [lesions(target("T1", s)) for s in (100, 70, 80)]
    last = evaluate_read(read(*points), load_profile("recist-1.1")).latest
    assert last.overall is Response.PR
    assert last.target.arithmetic is Response.SD
    assert [q.kind for q in last.questions] == [QuestionKind.PR_MAINTAINED]
    assert last.questions[0].blocking is False


def test_return_after_overall_cr_is_the_readers_decision():
    points = [lesions(target("T1", 40)), lesions(target("T1", state=GONE)), lesions(target("T1", 3))]
    asked = evaluate_read(read(*points), load_profile("recist-1.1")).latest
    assert asked.overall is None
    assert [q.kind for q in asked.questions if q.blocking] == [QuestionKind.CR_THEN_LESSER]
    assert overall("recist-1.1", *points, cr_then_lesser="recurrence-is-pd")[-1] == "PD"
    assert overall("recist-1.1", *points, cr_then_lesser="cr-was-pr")[-1] == "PR"
    assert overall("recist-1.1", *points, cr_then_lesser="as-coded")[-1] == "PR"
    grown = [*points[:2], lesions(target("T1", 12))]
    assert overall("recist-1.1", *grown)[-1] == "PD"


def test_target_cr_that_was_no_overall_cr_keeps_the_5_mm_rule():
    rest = other("X", LesionRole.NON_TARGET)
    points = [
        lesions(target("T1", 40), rest),
        lesions(target("T1", state=GONE), rest),
        lesions(target("T1", 3), rest),
    ]
    assert overall("recist-1.1", *points, cr_then_lesser="recurrence-is-pd") == [None, "PR", "PR"]


NT = LesionRole.NON_TARGET


@pytest.mark.parametrize(
    ("rows", "explicit", "expected", "whole"),
    [
        ([other("X", NT)], None, "NON-CR/NON-PD", "PR"),
        ([other("X", NT, GONE)], None, "CR", "CR"),
        ([other("X", NT, LesionState.NOT_IMAGED)], None, "NE", "PR"),
        ([], None, "MISSING", "PR"),
        ([other("X", NT)], Response.PD, "PD", "PD"),
        ([], Response.CR, "CR", "CR"),
        ([other("X", NT, long=90)], None, "NON-CR/NON-PD", "PR"),
    ],
)
def test_non_target_response(rows, explicit, expected, whole):
    points = [
        lesions(target("T1", 40), other("X", NT)),
        lesions(target("T1", state=GONE), *rows, non_target=explicit),
    ]
    last = evaluate_read(read(*points), load_profile("recist-1.1")).latest
    assert (last.non_target.value, last.overall.value) == (expected, whole)


def test_normal_non_target_node_counts_as_gone():
    node = LesionFinding("N", "node", True, NT, M, None, Decimal(12))
    small = LesionFinding("N", "node", True, NT, M, None, Decimal("9.9"))
    points = [lesions(target("T1", 40), node), lesions(target("T1", state=GONE), small)]
    assert overall("recist-1.1", *points)[-1] == "CR"


def test_markers_may_be_needed_for_cr():
    points = [
        lesions(target("T1", 40), other("X", NT)),
        lesions(target("T1", state=GONE), other("X", NT, GONE)),
    ]
    high = [points[0], {**points[1], "markers_normal": False}]
    normal = [points[0], {**points[1], "markers_normal": True}]
    assert overall("recist-1.1", *high, markers_required_for_cr=["AFP"])[-1] == "PR"
    assert overall("recist-1.1", *normal, markers_required_for_cr=["AFP"])[-1] == "CR"
    assert overall("recist-1.1", *high)[-1] == "CR"


def test_new_lesions():
    fresh = other("L", LesionRole.NEW, long=12)
    base = lesions(target("T1", 40))
    sure = lesions(target("T1", 20), fresh, new_lesion=NewLesionStatus.UNEQUIVOCAL)
    unsure = lesions(target("T1", 20), fresh, new_lesion=NewLesionStatus.EQUIVOCAL)
    assert overall("recist-1.1", base, sure)[-1] == "PD"
    result = evaluate_read(read(base, unsure), load_profile("recist-1.1")).latest
    assert result.overall is Response.PR
    assert [q.kind for q in result.questions] == [QuestionKind.EQUIVOCAL_NEW_LESION]
    with pytest.raises(RuleError, match="'L'"):
        overall("recist-1.1", base, lesions(target("T1", 20), fresh))


def test_incomplete_pd_is_flagged():
    blind = target("T2", state=LesionState.NOT_EVALUABLE)
    points = [lesions(target("T1", 40), target("T2", 20)), lesions(target("T1", 75), blind)]
    last = evaluate_read(read(*points), load_profile("recist-1.1")).latest
    assert last.overall is Response.PD
    assert [q.kind for q in last.questions] == [QuestionKind.INCOMPLETE_SUM_PD]


def test_non_target_disease_only_and_no_disease():
    rest = other("X", NT)
    assert overall("recist-1.1", lesions(rest), lesions(rest), lesions(rest, non_target=Response.PD)) == [
        None,
        "NON-CR/NON-PD",
        "PD",
    ]
    assert overall("recist-1.1", lesions(), lesions()) == [None, "NED"]
    assert overall("recist-1.1", lesions(), lesions(new_lesion=NewLesionStatus.UNEQUIVOCAL))[-1] == "PD"


def test_criteria_in_parallel_on_one_read():
    """Size almost unchanged, viable part much smaller (patient HCC_007 of HCC-TACE-Seg)."""
    assert overall("recist-1.1", lesions(target("T1", "110.7")), lesions(target("T1", "108.4")))[-1] == "SD"
    assert overall("mrecist", lesions(target("T1", "110.7")), lesions(target("T1", "57.9")))[-1] == "PR"


def test_products_and_volumes():
    def both(long, short, volume):
        return target("T1", long, short_mm=Decimal(short), volume_mm3=Decimal(volume))

    points = [lesions(both(40, 30, 20000)), lesions(both(30, 20, 6860)), lesions(both(36, 22, 12000))]
    assert overall("easl", *points) == [None, "PR", "PD"]
    assert overall("who", *points) == [None, "PR", "PD"]
    assert overall("volume", *points) == [None, "PR", "PD"]
    assert overall("qeasl", *points) == [None, "PR", "PD"]
    small = [points[0], lesions(target("T1", state=LesionState.TOO_SMALL))]
    assert evaluate_read(read(*small), load_profile("easl")).latest.target.sum == 25
    volume = evaluate_read(read(*small), load_profile("volume")).latest.target.sum
    assert volume == pytest.approx(Decimal("65.45"), abs=Decimal("0.01"))


def test_irecist_read():
    fresh = other("L", LesionRole.NEW, long=12)
    sure = {"new_lesion": NewLesionStatus.UNEQUIVOCAL}
    points = [
        lesions(target("T1", 100)),
        lesions(target("T1", 125)),
        lesions(target("T1", 50)),
        lesions(target("T1", 50), fresh, **sure),
        lesions(target("T1", 50), other("L", LesionRole.NEW, long=17), **sure),
    ]
    assert overall("irecist", *points) == [None, "iUPD", "iPR", "iUPD", "iCPD"]
    assert overall("recist-1.1", *points) == [None, "PD", "PR", "PD", "PD"]
    result = evaluate_read(read(*points), load_profile("irecist"))
    assert [t.target.response.value for t in result.time_points[1:]] == ["iUPD", "iPR", "iPR", "iPR"]


def test_irecist_read_with_non_target_and_unlisted_new_lesions():
    rest = other("X", NT)
    grown = {"non_target": Response.IUPD, "non_target_versus_last": VersusLast.LARGER}
    points = [lesions(target("T1", 100), rest), lesions(target("T1", 100), rest, **grown)]
    assert overall("irecist", *points, lesions(target("T1", 100), rest, **grown)) == [None, "iUPD", "iCPD"]
    unlisted = lesions(target("T1", 100), rest, new_lesion=NewLesionStatus.UNEQUIVOCAL)
    assert overall("irecist", points[0], unlisted, unlisted) == [None, "iUPD", "iUPD"]
    unsure = lesions(
        target("T1", 100), rest, other("L", LesionRole.NEW), new_lesion=NewLesionStatus.EQUIVOCAL
    )
    assert overall("irecist", points[0], unsure) == [None, "iSD"]


def test_impossible_reads():
    profile = load_profile("recist-1.1")
    with pytest.raises(RuleError, match="baseline"):
        evaluate_read([], profile)
    swapped = read(lesions(target("T1", 40)), lesions(target("T1", 40)))[::-1]
    with pytest.raises(RuleError, match="follow-up 1"):
        evaluate_read(swapped, profile)
    with pytest.raises(RuleError, match="T2"):
        evaluate_read(read(lesions(target("T1", 40)), lesions(target("T2", 40))), profile)
    with pytest.raises(RuleError, match="T1"):
        evaluate_read(read(lesions(target("T1"))), profile)
    with pytest.raises(RuleError, match="non-target"):
        evaluate_read(
            read(lesions(target("T1", 40)), lesions(target("T1", 40), non_target=Response.SD)), profile
        )
