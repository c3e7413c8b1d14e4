"""Words of a case: what was left blank, "not done", the other criterion's spelling, and reads without targets."""

import pytest

BLANKS = [None, "", " ", "ND", "NOT DONE", "MISSING"]
DATE = "2024-03-01"


@pytest.mark.parametrize("criterion", ["RECIST 1.1", "iRECIST"])
@pytest.mark.parametrize("visits", [[], *([blank] for blank in BLANKS), [None, "ND"]])
def test_no_assessment_at_all_is_missing_where_the_profile_says_so(ask, criterion, visits):
    rows = [{"date": f"2024-03-0{i + 1}", "response": blank} for i, blank in enumerate(visits)]
    given = {"reference_date": "2024-01-01", "visits": rows}
    for convention in ("MISSING", "NE"):
        answer = ask("best-response", given, criterion, missing_is=convention)
        assert answer["best_response"] == convention


@pytest.mark.parametrize("responses", [[], [None], ["ND", ""], ["MISSING", None, "ND"]])
def test_blank_irecist_courses_too(ask, responses):
    for convention in ("MISSING", "NE"):
        answer = ask("irecist-best", {"responses": responses}, "iRECIST", missing_is=convention)
        assert (answer["best_response"], answer["progression_index"]) == (convention, None)
    mixed = ask("irecist-best", {"responses": [*responses, "NE"]}, "iRECIST", missing_is="MISSING")
    assert mixed["best_response"] == "NE"


@pytest.mark.parametrize("blank", BLANKS)
def test_not_done_is_missing_and_never_no_disease(ask, blank):
    given = {"target": blank, "non_target": "NON-CR/NON-PD", "new_lesion": "no"}
    assert ask("timepoint-response", given, missing_is="MISSING")["response"] == "MISSING"
    assert ask("timepoint-response", given)["response"] == "NE"
    alone = {"target": "NA", "non_target": blank, "new_lesion": "no"}
    assert ask("timepoint-response", alone, missing_is="MISSING")["response"] == "MISSING"


def test_not_done_is_no_adequate_assessment(ask):
    visits = [{"date": DATE, "response": "SD"}, {"date": "2024-05-01", "response": "ND"}]
    answer = ask("time-to-event", {"endpoint": "PFS", "start_date": "2024-01-01", "visits": visits})
    assert answer["date"] == DATE


@pytest.mark.parametrize("word", ["CR", "PR", "SD", "NON-CR/NON-PD", "PD"])
@pytest.mark.parametrize("question", ["best-response", "response-flag", "clinical-benefit", "time-to-event"])
def test_a_recist_word_in_an_irecist_course_is_an_error_with_its_index(ask_raw, question, word):
    visits = [{"date": DATE, "response": "iSD"}, {"date": "2024-05-01", "response": word}]
    given = {"visits": visits}
    given |= (
        {"endpoint": "PFS", "start_date": DATE} if question == "time-to-event" else {"reference_date": DATE}
    )
    error = ask_raw(question, given, "iRECIST")["error"]
    assert "given.visits[1].response" in error
    assert f"'{word}'" in error
    assert "iRECIST spells it i" in error or "spells it NON-iCR/NON-iUPD" in error


def test_an_irecist_word_in_a_recist_course_is_an_error_with_its_index(ask_raw):
    visits = [{"date": DATE, "response": "SD"}, {"date": "2024-05-01", "response": "iUPD"}]
    error = ask_raw("best-response", {"reference_date": DATE, "visits": visits})["error"]
    assert "given.visits[1].response" in error
    assert "spells it PD" in error


def test_irecist_best_names_the_index_of_a_recist_word(ask_raw):
    error = ask_raw("irecist-best", {"responses": ["iSD", None, "SD"]}, "iRECIST")["error"]
    assert "given.responses[2]" in error
    assert "iSD" in error


def test_irecist_sequence_names_the_visit_of_a_wrong_non_target(ask_raw):
    rows = [{"date": DATE, "target_sum": 90, "non_target": "NA"}, {"date": "2024-05-01", "non_target": "PR"}]
    given = {"baseline_date": "2024-01-01", "baseline_target_sum": 100, "visits": rows}
    assert "given.visits[1].non_target" in ask_raw("irecist-sequence", given, "iRECIST")["error"]


def test_irecist_sequence_reads_both_spellings_of_a_non_target(ask):
    """The columns of a case report form are RECIST's; only the overall response has words of its own."""
    for word in ("NON-CR/NON-PD", "NON-iCR/NON-iUPD", "IR/SD"):
        rows = [{"date": DATE, "target_sum": None, "non_target": word}]
        answer = ask("irecist-sequence", {"baseline_date": "2024-01-01", "visits": rows}, "iRECIST")
        assert answer["responses"] == ["NON-iCR/NON-iUPD"]


@pytest.mark.parametrize(
    ("non_target", "expected"),
    [("CR", "CR"), ("NON-CR/NON-PD", "NON-CR/NON-PD"), ("PD", "PD"), ("NE", "NE"), ("NA", "NED")],
)
def test_a_read_without_targets_answers_by_its_non_targets(ask, non_target, expected):
    """RECIST 1.1, Table 2. Without a target response it was read as one left blank, and everything was NE."""
    given = {"non_target": non_target, "new_lesion": "no"}
    assert ask("timepoint-response", given)["response"] == expected
    assert ask("timepoint-response", {**given, "new_lesion": "unequivocal"})["response"] == "PD"


def test_targets_of_a_read_without_targets_are_na(ask, ask_raw):
    visit = {"date": DATE, "lesions": []}
    answer = ask("target-response", {"baseline": [], "visits": [visit]})
    assert (answer["response"], answer["sum"], answer["complete"]) == ("NA", None, True)
    summed = {"baseline": [], "visits": [{"date": DATE, "sum": 30}]}
    assert "no target" in ask_raw("target-response", summed)["error"]
    assert "baseline_sum" in ask_raw("target-response", {"visits": [visit]})["error"]
