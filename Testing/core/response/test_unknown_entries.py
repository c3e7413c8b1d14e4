"""An entry of a case that no rule reads may be a mistyped one that somebody meant: it is an error that names it."""

import json

import pytest

from HCCResponseLib.cli.questions import answer_case, questions
from HCCResponseLib.cli.rules import answer_line

LESION = {"id": "A", "organ": "liver", "long": 30}
VISIT = {"date": "2024-03-01", "response": "PR"}
NEW = {"id": "N", "role": "target", "organ": "lung", "long": 12}
POINT = {"date": "2024-03-01", "target_sum": 40, "new_lesions": [NEW], "non_target": {"response": "NE"}}
# A case of every question that holds each kind of object that the question reads.
CASES = {
    "agreement": {"categories": ["a", "b"], "table": [[5, 1], [1, 5]]},
    "best-response": {"reference_date": "2024-01-01", "visits": [VISIT]},
    "check-targets": {"targets": [LESION]},
    "clinical-benefit": {"reference_date": "2024-01-01", "visits": [VISIT]},
    "effusion": {"worse": True},
    "hcc-nodule": {"long": 12, "typical": True},
    "irecist-best": {"responses": [{"response": "iPR", "date": "2024-03-01"}]},
    "irecist-sequence": {"baseline_date": "2024-01-01", "baseline_target_sum": 50, "visits": [POINT]},
    "progression-date": {"visits": [{"date": "2024-03-01", "new_lesion": "no"}]},
    "read": {"time_points": [{"name": "baseline", "date": "2024-01-01", "lesions": [LESION]}]},
    "response-flag": {"reference_date": "2024-01-01", "visits": [VISIT]},
    "select-targets": {"candidates": [LESION]},
    "target-response": {"baseline": [LESION], "visits": [{"date": "2024-03-01", "lesions": [LESION]}]},
    "time-to-event": {"endpoint": "PFS", "start_date": "2024-01-01", "visits": [VISIT]},
    "timepoint-response": {"target": "SD", "non_target": "NA", "new_lesion": "no", "further_change": {}},
}


def test_what_a_truth_table_carries_beside_a_case_is_not_read():
    case = {
        "id": 1,
        "question": "target-response",
        "given": {"baseline_sum": 50, "nadir_sum": 50, "current_sum": 50},
    }
    beside = {"expected": {"response": "SD"}, "source": "RECIST 1.1, 4.3.1", "note": "no change"}
    assert answer_case({**case, **beside}) == answer_case(case)


def objects(value, path=()):
    """The paths of all objects inside a value, itself included."""
    if isinstance(value, dict):
        yield path
    for key, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from objects(inner, (*path, key))


def test_every_question_has_a_case_here():
    assert set(CASES) == set(questions())


@pytest.mark.parametrize("question", sorted(CASES))
def test_an_unknown_entry_is_an_error_that_names_it_at_every_depth(question):
    whole = {"id": "x", "question": question, "given": CASES[question]}
    assert "answer" in answer_line(json.dumps(whole).encode(), 1)
    places = list(objects(whole))
    assert len(places) >= 2
    for path in places:
        case = json.loads(json.dumps(whole))
        spot = case
        for key in path:
            spot = spot[key]
        spot["visti"] = 1
        line = answer_line(json.dumps(case).encode(), 1)
        assert "'visti'" in line.get("error", ""), path


@pytest.mark.parametrize("question", ["best-response", "response-flag", "clinical-benefit"])
def test_a_mistyped_first_pd_date_is_named(ask_raw, question):
    given = {"reference_date": "2023-01-01", "first_pd_dat": "2023-02-01", "visits": [VISIT]}
    assert "'first_pd_dat'" in ask_raw(question, given)["error"]


def test_a_nadir_beside_visits_counts(ask):
    """It was read with sums only; beside visits it was passed over, and this growth was SD."""
    given = {"baseline_sum": 100, "nadir_sum": 50, "visits": [{"date": "2024-03-01", "sum": 75}]}
    answer = ask("target-response", given)
    assert (answer["response"], answer["nadir_before"]) == ("PD", "50.0")


def test_two_ways_of_giving_a_time_point_at_once_are_refused(ask_raw):
    given = {"baseline_sum": 100, "current_sum": 60, "visits": [{"date": "2024-03-01", "sum": 75}]}
    assert "one or the other" in ask_raw("target-response", given)["error"]
    further = {"target": "SD", "non_target": "NA", "new_lesion": "no", "prior_unresolved_iupd": True}
    assert "prior_unresolved_iupd" in ask_raw("timepoint-response", further)["error"]


# New anticancer therapy: what is seen under it is no response to the trial's treatment.
UNDER_THERAPY = {
    "reference_date": "2023-01-01",
    "visits": [{"date": "2023-02-12", "response": "SD"}, {"date": "2023-04-12", "response": "PR"}],
}


@pytest.mark.parametrize(
    ("therapy", "best", "responder"),
    [("2023-03-01", "SD", "N"), ("2023-04-11", "SD", "N"), ("2023-04-12", "PR", "Y"), (None, "PR", "Y")],
)
def test_new_therapy_ends_best_response_and_flags(ask, therapy, best, responder):
    given = {**UNDER_THERAPY, "new_therapy_date": therapy}
    assert ask("best-response", given)["best_response"] == best
    assert ask("response-flag", given)["responder"] == responder
    benefit = ask("clinical-benefit", {**given, "benefit_values": ["CR", "PR"]})
    assert benefit["benefit"] == responder


def test_a_response_is_not_confirmed_under_another_therapy(ask):
    visits = [{"date": "2023-02-12", "response": "PR"}, {"date": "2023-04-12", "response": "PR"}]
    given = {"reference_date": "2023-01-01", "visits": visits}
    assert ask("best-response", given, confirmation=True)["best_response"] == "PR"
    later = {**given, "new_therapy_date": "2023-03-01"}
    assert ask("best-response", later, confirmation=True)["best_response"] == "SD"


def test_the_trace_says_what_ended_the_course(ask_raw):
    line = ask_raw("best-response", {**UNDER_THERAPY, "new_therapy_date": "2023-03-01"})
    assert "new anticancer therapy on 2023-03-01" in line["trace"][0]
