"""Best response with and without confirmation (RECIST 1.1, Table 3; admiralonco's conventions), response, benefit."""

import pytest

REF = "2020-01-01"
EARLY, MET = "2020-01-29", "2020-02-26"  # 28 and 56 days after the reference
LATER = {EARLY: "2020-03-04", MET: "2020-04-01"}  # 35 days after the first visit


def course(*visits, **more):
    return {"reference_date": REF, "visits": [{"date": d, "response": r} for d, r in visits], **more}


def confirmed(ask, given, **profile):
    return ask("best-response", given, confirmation=True, **profile)


# Eisenhauer 2009, Table 3: first, next, BOR where the minimum SD time was met at the first visit, and where it was not.
TABLE_3 = [
    ("CR", "CR", "CR", "CR"),
    ("CR", "SD", "SD", "PD"),
    ("CR", "PD", "SD", "PD"),
    ("CR", "NE", "SD", "NE"),
    ("PR", "CR", "PR", "PR"),
    ("PR", "PR", "PR", "PR"),
    ("PR", "SD", "SD", "SD"),
    ("PR", "PD", "SD", "PD"),
    ("PR", "NE", "SD", "NE"),
    ("NE", "NE", "NE", "NE"),
]


@pytest.mark.parametrize(("first", "following", "met", "early"), TABLE_3)
def test_table_3(ask, first, following, met, early):
    for start, expected in ((MET, met), (EARLY, early)):
        given = course((start, first), (LATER[start], following))
        assert confirmed(ask, given)["best_response"] == expected


@pytest.mark.parametrize(
    ("policy", "met", "early"),
    [("recurrence-is-pd", "SD", "PD"), ("cr-was-pr", "PR", "PR"), ("as-coded", "SD", "SD")],
)
def test_table_3_cr_then_pr(ask, policy, met, early):
    for start, expected in ((MET, met), (EARLY, early)):
        given = course((start, "CR"), (LATER[start], "PR"))
        assert confirmed(ask, given, cr_then_lesser=policy)["best_response"] == expected


def test_cr_then_pr_asks_the_reader(ask_raw):
    line = ask_raw("best-response", course((MET, "CR"), (LATER[MET], "PR")), confirmation=True)
    assert "answer" not in line
    assert line["reader_decision"]["kind"] == "cr-then-lesser"
    assert line["reader_decision"]["choices"] == ["recurrence-is-pd", "cr-was-pr", "as-coded"]


def test_a_question_whose_answer_changes_nothing_is_not_asked(ask):
    given = course((EARLY, "CR"), ("2020-03-01", "CR"), ("2020-04-01", "PR"))
    assert confirmed(ask, given) == {"best_response": "CR", "date": EARLY}
    assert ask("response-flag", course((MET, "CR"), (LATER[MET], "PR")))["responder"] == "Y"


def test_cr_then_sd_early_has_a_switch(ask):
    given = course((EARLY, "CR"), (LATER[EARLY], "SD"))
    assert confirmed(ask, given) == {"best_response": "PD", "date": LATER[EARLY]}
    assert confirmed(ask, given, cr_then_sd_early="SD")["best_response"] == "SD"
    assert confirmed(ask, given, cr_then_lesser="as-coded")["best_response"] == "SD"


def test_dates_of_best_response(ask):
    """The PD date where PR is followed by PD too early (D19); the first SD that counts."""
    assert confirmed(ask, course((EARLY, "PR"), (LATER[EARLY], "PD"))) == {
        "best_response": "PD",
        "date": LATER[EARLY],
    }
    given = course((EARLY, "SD"), (MET, "SD"), ("2020-05-01", "PD"))
    assert ask("best-response", given) == {"best_response": "SD", "date": MET}


@pytest.mark.parametrize(
    ("visits", "expected", "when"),
    [
        ([(EARLY, "SD"), (MET, "PR"), ("2020-04-01", "CR")], "CR", "2020-04-01"),
        ([(EARLY, "PR"), (MET, "SD")], "PR", EARLY),
        ([(EARLY, "SD"), (MET, "PD")], "PD", MET),
        ([(EARLY, "SD"), (MET, "NE"), ("2020-04-01", "PD")], "PD", "2020-04-01"),
        ([(EARLY, "SD"), (MET, "NE")], "NE", EARLY),
        ([(EARLY, "SD")], "NE", EARLY),
        ([("2020-02-12", "SD")], "SD", "2020-02-12"),
        ([("2020-02-11", "SD")], "NE", "2020-02-11"),
        ([(EARLY, "PD"), (MET, "CR")], "PD", EARLY),
        ([(MET, "NON-CR/NON-PD"), ("2020-04-01", "PD")], "NON-CR/NON-PD", MET),
        ([(MET, "NON-CR/NON-PD"), ("2020-04-01", "CR")], "CR", "2020-04-01"),
        ([(MET, "NED")], "NED", MET),
        ([(MET, "MISSING")], "NE", MET),
        ([(MET, None)], "NE", MET),
        ([], "NE", None),
    ],
)
def test_best_of_the_sequence(ask, visits, expected, when):
    assert ask("best-response", course(*visits)) == {"best_response": expected, "date": when}


def test_fields_of_best_response(ask):
    late = course((EARLY, "PD"), (MET, "PR"))
    assert ask("best-response", late, stop_at_first_pd=False)["best_response"] == "PR"
    assert ask("best-response", course(), missing_is="MISSING") == {"best_response": "MISSING", "date": None}
    assert ask("best-response", course((EARLY, "SD")), sd_min_days=28)["best_response"] == "SD"
    assert ask("best-response", course((MET, "MISSING")), missing_is="MISSING")["best_response"] == "MISSING"


def test_first_pd_date_cuts(ask):
    given = course((EARLY, "SD"), (MET, "CR"), first_pd_date="2020-02-01")
    assert ask("best-response", given)["best_response"] == "NE"
    assert ask("best-response", {**given, "first_pd_date": None})["best_response"] == "CR"


@pytest.mark.parametrize(
    ("gap", "profile", "expected"),
    [
        ("2020-03-25", {}, "PR"),  # 28 days, a plain difference
        ("2020-03-24", {}, "SD"),
        ("2020-06-30", {}, "PR"),  # no longest interval
        ("2020-06-30", {"confirm_max_days": 84}, "SD"),
        ("2020-03-10", {"confirm_min_days": 13}, "PR"),
    ],
)
def test_confirmation_window(ask, gap, profile, expected):
    assert confirmed(ask, course((MET, "PR"), (gap, "PR")), **profile)["best_response"] == expected


@pytest.mark.parametrize(
    ("between", "profile", "expected"),
    [
        (["NE"], {}, "PR"),
        (["NE", "NE"], {}, "SD"),
        (["NE", "NE"], {"max_ne_between": 2}, "PR"),
        (["NE"], {"max_ne_between": 0}, "SD"),
        (["SD"], {}, "SD"),
        (["SD"], {"sd_between_pr_allowed": True}, "PR"),
        (["SD", "SD"], {"sd_between_pr_allowed": True}, "SD"),
        (["NON-CR/NON-PD"], {}, "SD"),
    ],
)
def test_between_response_and_confirmation(ask, between, profile, expected):
    days = ["2020-03-05", "2020-03-12"]
    visits = [(MET, "PR"), *zip(days, between, strict=False), ("2020-04-20", "PR")]
    assert confirmed(ask, course(*visits), **profile)["best_response"] == expected


# Data and expected values of admiralonco's own tests of derive_param_confirmed_bor (Test 1; minimum times 28 days).
ADMIRAL = [
    (
        "2020-01-01",
        "2020-01-01 PR, 2020-02-01 CR, 2020-02-16 NE, 2020-03-01 CR, 2020-04-01 SD",
        "CR",
        "2020-02-01",
    ),
    ("2019-12-12", "2020-01-01 SD, 2020-02-01 PR, 2020-03-01 SD, 2020-03-13 CR", "SD", "2020-02-01"),
    ("2019-11-11", "2019-11-12 CR, 2019-12-02 CR, 2020-01-01 SD", "SD", "2020-01-01"),
    (
        "2019-12-30",
        "2020-01-01 PR, 2020-03-01 SD, 2020-04-01 SD, 2020-05-01 PR, 2020-05-15 NON-CR/NON-PD",
        "SD",
        "2020-03-01",
    ),
    (
        "2020-01-01",
        "2020-01-01 PR, 2020-01-10 SD, 2020-01-20 PR, 2020-05-15 NON-CR/NON-PD",
        "NON-CR/NON-PD",
        "2020-05-15",
    ),
    ("2020-02-02", "2020-02-06 PR, 2020-02-16 CR, 2020-03-30 PR", "SD", "2020-03-30"),
    ("2020-02-02", "2020-02-06 PR, 2020-02-16 CR, 2020-04-01 NE", "NE", "2020-02-06"),
    ("2020-02-01", "2020-02-16 PD, 2020-03-06 SD", "PD", "2020-02-16"),
]


@pytest.mark.parametrize(("reference", "visits", "expected", "when"), ADMIRAL)
def test_admiralonco_confirmed(ask, reference, visits, expected, when):
    given = {
        "reference_date": reference,
        "visits": [dict(zip(("date", "response"), part.split(), strict=True)) for part in visits.split(", ")],
    }
    answer = confirmed(ask, given, cr_then_lesser="as-coded", sd_min_days=28)
    assert answer == {"best_response": expected, "date": when}


def test_admiralonco_case_three_is_pd_by_table_3(ask):
    """The fault of admiralonco: CR followed by SD before the minimum time is SD there, PD in Table 3."""
    visits = [("2019-11-12", "CR"), ("2019-12-02", "CR"), ("2020-01-01", "SD")]
    given = {"reference_date": "2019-11-11", "visits": [{"date": d, "response": r} for d, r in visits]}
    assert confirmed(ask, given, sd_min_days=28) == {"best_response": "PD", "date": "2020-01-01"}


def test_response_flag(ask):
    one = course((EARLY, "SD"), (MET, "PR"), ("2020-04-01", "PD"))
    assert ask("response-flag", one) == {"responder": "Y", "date": MET}
    assert ask("response-flag", one, confirmation=True) == {"responder": "N", "date": None}
    two = course((EARLY, "PR"), (MET, "CR"), ("2020-04-01", "CR"))
    assert ask("response-flag", two, confirmation=True) == {"responder": "Y", "date": EARLY}
    assert ask("response-flag", course((EARLY, "PD"), (MET, "CR")))["responder"] == "N"


def test_clinical_benefit(ask):
    """Data of admiralonco's test: a response gives its date, else the first SD at day 28 or later."""
    first = {"reference_date": "2020-12-06", "visits": [{"date": "2021-03-07", "response": "SD"}]}
    first["visits"].append({"date": "2021-04-08", "response": "PR"})
    assert ask("clinical-benefit", first, sd_min_days=28) == {"benefit": "Y", "date": "2021-04-08"}
    second = {"reference_date": "2021-01-16", "visits": [{"date": "2021-03-07", "response": "SD"}]}
    second["visits"].append({"date": "2021-05-07", "response": "PD"})
    assert ask("clinical-benefit", second, sd_min_days=28) == {"benefit": "Y", "date": "2021-03-07"}
    third = {"reference_date": "2021-01-09", "visits": [{"date": "2021-01-30", "response": "SD"}]}
    assert ask("clinical-benefit", third, sd_min_days=28) == {"benefit": "N", "date": None}
    assert ask("clinical-benefit", {**second, "benefit_values": ["CR", "PR"]})["benefit"] == "N"


@pytest.mark.parametrize("question", ["best-response", "response-flag", "clinical-benefit"])
@pytest.mark.parametrize(
    "visits",
    [
        [(MET, "SD"), (EARLY, "SD")],
        [(MET, "SD"), (MET, "SD")],
        [(MET, "iCR")],
        [(MET, "NA")],
        [("2020-13-01", "SD")],
    ],
)
def test_bad_courses_are_errors(ask_raw, question, visits):
    assert "error" in ask_raw(question, course(*visits))


def test_minimum_sd_time_needs_a_reference(ask_raw, ask):
    given = {"visits": [{"date": MET, "response": "SD"}]}
    assert "reference" in ask_raw("best-response", given)["error"]
    assert ask("best-response", {"visits": [{"date": MET, "response": "CR"}]})["best_response"] == "CR"


def test_irecist_best_response_and_flag(ask):
    given = course((EARLY, "iUPD"), (MET, "iPR"), ("2020-04-01", "iUPD"), ("2020-05-01", "iCPD"))
    assert ask("best-response", given, "iRECIST") == {"best_response": "iPR", "date": MET}
    assert ask("response-flag", given, "iRECIST") == {"responder": "Y", "date": MET}
    assert ask("clinical-benefit", given, "iRECIST")["benefit"] == "Y"
