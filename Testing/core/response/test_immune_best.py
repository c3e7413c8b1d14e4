"""Best response under iRECIST obeys the rules of RECIST 1.1: minimum SD time, confirmation, end of the course."""

from datetime import date

import pytest

from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import NewLesionStatus, Response, TimePointFindings
from HCCResponseLib.review.read.outcome import outcome

REF = "2024-01-01"
IMMUNE = {"CR": "iCR", "PR": "iPR", "SD": "iSD", "NON-CR/NON-PD": "NON-iCR/NON-iUPD"}


def course(*visits, immune, **more):
    rows = [{"date": d, "response": IMMUNE.get(r, r) if immune else r} for d, r in visits]
    return {"reference_date": REF, "visits": rows, **more}


def both(ask, question, *visits, profile=None, **more):
    """The answers of RECIST 1.1 and of iRECIST to the same course, each in its own words."""
    return [
        ask(question, course(*visits, immune=immune, **more), name, **(profile or {}))
        for name, immune in (("RECIST 1.1", False), ("iRECIST", True))
    ]


COURSES = [
    # case, visits, profile, more, best response under RECIST 1.1
    ("SD before its minimum time", [("2024-01-20", "SD")], {}, {}, "NE"),
    ("SD at its minimum time", [("2024-02-12", "SD")], {}, {}, "SD"),
    ("a shorter minimum", [("2024-01-20", "SD")], {"sd_min_days": 14}, {}, "SD"),
    ("non-target disease, early", [("2024-01-20", "NON-CR/NON-PD")], {}, {}, "NE"),
    (
        "non-target disease, early, switch off",
        [("2024-01-20", "NON-CR/NON-PD")],
        {"sd_min_for_non_cr_non_pd": False},
        {},
        "NON-CR/NON-PD",
    ),
    (
        "repeated after 10 days",
        [("2024-02-20", "PR"), ("2024-03-01", "PR")],
        {"confirmation": True},
        {},
        "SD",
    ),
    (
        "repeated after 28 days",
        [("2024-02-20", "PR"), ("2024-03-19", "PR")],
        {"confirmation": True},
        {},
        "PR",
    ),
    (
        "confirmed by a later CR",
        [("2024-02-20", "PR"), ("2024-03-19", "CR")],
        {"confirmation": True},
        {},
        "PR",
    ),
    (
        "PR after a known PD",
        [("2024-02-20", "SD"), ("2024-05-01", "PR")],
        {},
        {"first_pd_date": "2024-03-01"},
        "SD",
    ),
    (
        "the cut switched off",
        [("2024-02-20", "SD"), ("2024-05-01", "PR")],
        {"stop_at_first_pd": False},
        {"first_pd_date": "2024-03-01"},
        "PR",
    ),
    ("CR then SD, early", [("2024-01-20", "CR"), ("2024-02-01", "SD")], {"confirmation": True}, {}, "PD"),
    ("blank", [("2024-02-20", "MISSING")], {"missing_is": "MISSING"}, {}, "MISSING"),
]
NAMES = [case[0] for case in COURSES]


@pytest.mark.parametrize(("visits", "profile", "more", "expected"), [c[1:] for c in COURSES], ids=NAMES)
def test_irecist_and_recist_agree_on_a_course_without_iupd(ask, visits, profile, more, expected):
    recist, immune = both(ask, "best-response", *visits, profile=profile, **more)
    assert recist["best_response"] == expected
    spelled = "iUPD" if expected == "PD" else IMMUNE.get(expected, expected)
    assert immune == {"best_response": spelled, "date": recist["date"]}


@pytest.mark.parametrize("question", ["response-flag", "clinical-benefit"])
@pytest.mark.parametrize(("visits", "profile", "more"), [c[1:4] for c in COURSES], ids=NAMES)
def test_the_sister_questions_agree_too(ask, question, visits, profile, more):
    recist, immune = both(ask, question, *visits, profile=profile, **more)
    assert recist == immune


def test_an_iupd_is_no_response_and_no_end(ask):
    rows = [("2024-02-20", "iUPD"), ("2024-04-01", "iPR"), ("2024-05-01", "iUPD"), ("2024-06-01", "iCPD")]
    for cut, best, when in ((4, "iPR", "2024-04-01"), (1, "iUPD", "2024-02-20")):
        given = course(*rows[:cut], immune=True)
        assert ask("best-response", given, "iRECIST") == {"best_response": best, "date": when}
    early = course(("2024-01-20", "iSD"), ("2024-02-20", "iUPD"), ("2024-04-01", "iCPD"), immune=True)
    assert ask("best-response", early, "iRECIST") == {"best_response": "iCPD", "date": "2024-04-01"}


def test_nothing_after_a_confirmed_progression_counts(ask):
    rows = [("2024-02-20", "iUPD"), ("2024-04-01", "iCPD"), ("2024-05-01", "iCR")]
    given = course(*rows, immune=True)
    assert ask("best-response", given, "iRECIST")["best_response"] == "iCPD"
    assert ask("response-flag", given, "iRECIST", stop_at_first_pd=False)["responder"] == "N"


def test_minimum_time_needs_a_reference_under_irecist(ask_raw):
    given = {"visits": [{"date": "2024-02-20", "response": "iSD"}]}
    assert "reference" in ask_raw("best-response", given, "iRECIST")["error"]


@pytest.mark.parametrize("criterion", [None, "iRECIST"])
def test_irecist_best_obeys_what_the_case_gives(ask, ask_raw, criterion):
    given = {"responses": ["iSD", "iUPD", "iCPD"], "dates": ["2024-01-20", "2024-03-01", "2024-04-05"]}
    ask_best = lambda more, **profile: ask("irecist-best", {**given, **more}, criterion, **profile)  # noqa: E731
    assert ask_best({})["best_response"] == "iSD"  # the printed table asks for no dates
    assert ask_best({"reference_date": REF})["best_response"] == "iCPD"
    assert ask_best({"reference_date": REF}, sd_min_days=14)["best_response"] == "iSD"
    late = {"responses": ["iUPD", "iSD", "iPR"]}
    assert ask_best({**late, "first_pd_date": "2024-03-01"})["best_response"] == "iSD"
    assert ask_best({**late, "new_therapy_date": "2024-03-01"})["best_response"] == "iSD"
    assert ask_best({"responses": ["iUPD", "iPR", "NE"]}, confirmation=True)["best_response"] == "iSD"
    undated = {"responses": ["iPR", "iPR"], "reference_date": REF}
    assert "needs its date" in ask_raw("irecist-best", undated, criterion)["error"]


def test_irecist_sequence_obeys_what_the_case_gives(ask):
    sums = (("2024-01-20", 100), ("2024-03-01", 125), ("2024-04-05", 131))
    rows = [{"date": d, "target_sum": s, "non_target": "NA"} for d, s in sums]
    given = {"baseline_date": REF, "baseline_target_sum": 100, "visits": rows}
    answer = ask("irecist-sequence", given, "iRECIST")
    assert (answer["responses"], answer["best_response"]) == (["iSD", "iUPD", "iCPD"], "iSD")
    dated = ask("irecist-sequence", {**given, "reference_date": REF}, "iRECIST")
    assert (dated["best_response"], dated["progression_date"]) == ("iCPD", "2024-03-01")
    shrunk = [
        {"date": d, "target_sum": s, "non_target": "NA"} for d, s in (("2024-02-20", 60), ("2024-03-01", 60))
    ]
    once = ask("irecist-sequence", {**given, "visits": shrunk}, "iRECIST", confirmation=True)
    assert (once["responses"], once["best_response"]) == (["iPR", "iPR"], "iSD")


def test_a_whole_read_obeys_the_same_rules():
    profile = load_profile("irecist")
    points = [
        TimePointFindings("baseline", date(2024, 1, 1)),
        TimePointFindings("follow-up 1", date(2024, 1, 20), non_target=Response.NON_CR_NON_PD),
        TimePointFindings("follow-up 2", date(2024, 3, 1), new_lesion=NewLesionStatus.UNEQUIVOCAL),
    ]
    assert outcome(points, profile).best is Response.IUPD
    assert outcome(points, profile.with_overrides({"sd_min_days": 14})).best is Response.NON_ICR_NON_IUPD
    assert outcome(points, profile, date(2023, 12, 1)).best is Response.NON_ICR_NON_IUPD


@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        (
            "RECIST 1.1",
            "CR is followed by PR on 2024-05-01. Was that true recurrence (PD), or was the CR a misread PR?",
        ),
        (
            "iRECIST",
            "iCR is followed by iPR on 2024-05-01. Was that true recurrence (iUPD), or was the iCR a misread iPR?",
        ),
    ],
)
def test_the_question_after_a_cr_is_asked_in_the_words_of_the_criterion(ask_raw, criterion, words):
    visits = [("2024-03-01", "CR"), ("2024-05-01", "PR"), ("2024-07-01", "PR")]
    given = course(*visits, immune=criterion == "iRECIST")
    error = ask_raw("best-response", given, criterion, confirmation=True)["error"]
    assert words in error
    answers = error[error.index("The answer would be") :]
    assert ("iPR" in answers) is (criterion == "iRECIST")
