"""Everything that the rules take can be said in a case of ``hcc-response rules``."""

from dataclasses import MISSING, fields

import pytest

from HCCResponseLib.cli.questions import answer_case
from HCCResponseLib.cli.questions import read as read_question
from HCCResponseLib.cli.questions import selection as selection_questions
from HCCResponseLib.response.types import LesionFinding, LesionRole, Response, TimePointFindings

CANDIDATE = {
    "id": "A",
    "organ": "lymph node",
    "nodal": True,
    "long": 30,
    "short": 20,
    "slice_thickness": 5,
    "measurable": True,
    "reproducible": True,
    "kind": "node",
    "treated": True,
    "irradiated": True,
    "grown_since_treatment": True,
    "arterial_enhancement": True,
    "well_delineated": True,
    "hilar": False,
    "station": "axilla",
}
FINDING = {
    "id": "N",
    "organ": "lung",
    "nodal": True,
    "role": "new",
    "state": "too-small",
    "long": 12,
    "short": 8,
    "parent": "P",
    "members": ["A", "B"],
    "volume": 300,
    "viable": True,
    "measurable": False,
    "versus_last": "larger",
}
POINT = {
    "name": "follow-up 1",
    "date": "2024-03-01",
    "lesions": [FINDING],
    "non_target": "CR",
    "new_lesion": "unequivocal",
    "non_target_versus_last": "smaller",
    "markers_normal": True,
}


class CaughtError(Exception):
    """Carries what a question handed to the rules."""


def caught(monkeypatch, module, function, question, given):
    """The first argument that ``question`` calls a rule with."""

    def catch(values, *_):
        raise CaughtError(values)

    monkeypatch.setattr(module, function, catch)
    with pytest.raises(CaughtError) as error:
        answer_case({"question": question, "given": given})
    return error.value.args[0]


def left_alone(value):
    """Fields that still have their default, so that nothing in the case can have set them."""
    return [f.name for f in fields(value) if f.default is not MISSING and getattr(value, f.name) == f.default]


@pytest.mark.parametrize(
    ("function", "question", "key"),
    [("select_targets", "select-targets", "candidates"), ("check_targets", "check-targets", "targets")],
)
def test_every_fact_about_a_candidate(monkeypatch, function, question, key):
    [found] = caught(monkeypatch, selection_questions, function, question, {key: [CANDIDATE]})
    assert left_alone(found) == []
    assert found.hilar is False


def test_every_finding_of_a_read(monkeypatch):
    [point] = caught(monkeypatch, read_question, "evaluate_read", "read", {"time_points": [POINT]})
    assert left_alone(point) == []
    assert (point.non_target, point.markers_normal) == (Response.CR, True)
    [finding] = point.lesions
    assert left_alone(finding) == []
    assert finding.role is LesionRole.NEW


def test_what_is_not_said_is_not_known(monkeypatch):
    bare = {"name": "baseline", "date": "2024-01-01", "lesions": [{"id": "A"}]}
    [point] = caught(monkeypatch, read_question, "evaluate_read", "read", {"time_points": [bare]})
    assert set(left_alone(point)) == {f.name for f in fields(TimePointFindings)} - {"name", "date", "lesions"}
    optional = {f.name for f in fields(LesionFinding) if f.default is not MISSING}
    assert set(left_alone(point.lesions[0])) == optional


def test_a_new_node_of_a_sequence_counts_by_its_short_axis(ask):
    """The short axis grows by 5 mm and confirms; the long one had grown by 9 mm before that."""
    rows = [
        {
            "date": d,
            "target_sum": 40,
            "new_lesions": [{"id": "N", "role": "target", "nodal": True, "long": x, "short": s}],
        }
        for d, x, s in (("2024-03-01", 20, 15), ("2024-04-05", 29, 19), ("2024-05-10", 29, 20))
    ]
    given = {"baseline_date": "2024-01-01", "baseline_target_sum": 40, "visits": rows}
    assert ask("irecist-sequence", given, "iRECIST")["responses"] == ["iUPD", "iUPD", "iCPD"]


def test_markers_decide_a_complete_response(ask):
    """Reachable at last: CR with a condition on AFP (RECIST 1.1, 4.3.3)."""
    spot = {"id": "X", "organ": "liver", "role": "non-target"}
    for normal, expected in ((True, "CR"), (False, "NON-CR/NON-PD"), (None, "NON-CR/NON-PD")):
        points = [
            {"name": "baseline", "date": "2024-01-01", "lesions": [spot]},
            {
                "name": "follow-up",
                "date": "2024-03-01",
                "lesions": [{**spot, "state": "disappeared"}],
                "markers_normal": normal,
            },
        ]
        answer = ask("read", {"time_points": points}, markers_required_for_cr=["AFP"])
        assert answer["time_points"][1]["response"] == expected


def test_criteria_in_parallel_stand_beside_each_other(ask, ask_raw):
    points = [
        {
            "name": f"t{i}",
            "date": f"2024-0{i + 1}-01",
            "lesions": [{"id": "A", "organ": "liver", "long": x, "short": s}],
        }
        for i, (x, s) in enumerate(((40, 30), (36, 28), (32, 18)))
    ]
    answer = ask("read", {"time_points": points}, parallel_criteria=["WHO", "iRECIST"])
    assert [p["response"] for p in answer["time_points"]] == [None, "SD", "SD"]
    assert answer["parallel"] == {"WHO": [None, "SD", "PR"], "iRECIST": [None, "iSD", "iSD"]}
    line = ask_raw("read", {"time_points": points}, parallel_criteria=["mRECIST"])
    assert "parallel_criteria" in line["error"]


def test_a_read_answers_with_numbers_and_questions(ask):
    points = [
        {"name": "baseline", "date": "2024-01-01", "lesions": [{"id": "A", "organ": "liver", "long": 40}]},
        {
            "name": "follow-up",
            "date": "2024-03-01",
            "lesions": [{"id": "A", "organ": "liver", "long": "27.25"}],
            "new_lesion": "equivocal",
        },
    ]
    last = ask("read", {"time_points": points})["time_points"][1]
    assert (last["response"], last["target"], last["non_target"]) == ("PR", "PR", "NA")
    assert (last["sum"], last["percent_from_baseline"], last["nadir_before"]) == ("27.25", "-31.88", "40.0")
    assert [asked["kind"] for asked in last["questions"]] == ["equivocal-new-lesion"]
