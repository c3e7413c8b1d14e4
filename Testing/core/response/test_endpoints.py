"""Date of progression and time to event (FDA 2007, Appendix 3, Tables A to C; EMA 2012; admiralonco)."""

import pytest

START = "2020-01-01"
PLAN = ["2020-02-12", "2020-03-25", "2020-05-06", "2020-06-17", "2020-07-29"]


def tte(ask, endpoint="PFS", convention="simple", visits=(), **given):
    rows = [{"date": d, "response": r} for d, r in visits]
    full = {"endpoint": endpoint, "start_date": START, "baseline_done": True, "visits": rows, **given}
    answer = ask("time-to-event", full, censoring=convention)
    assert answer.pop("reason")
    return answer["event"], answer["date"], answer["days"]


SD1, SD2 = ("2020-02-12", "SD"), ("2020-03-25", "SD")
PD3 = ("2020-05-06", "PD")


def test_days_are_end_minus_start_plus_one(ask):
    assert tte(ask, "OS", death_date="2020-01-01") == (True, "2020-01-01", 1)
    assert tte(ask, "OS", death_date="2020-01-31") == (True, "2020-01-31", 31)
    assert tte(ask, "OS", last_alive_date="2020-03-01") == (False, "2020-03-01", 61)


@pytest.mark.parametrize("convention", ["simple", "ema", "fda-a", "fda-b", "fda-c"])
def test_rows_on_which_all_conventions_agree(ask, convention):
    plan = {"visit_schedule": PLAN}
    assert tte(ask, "PFS", convention, [SD1, SD2, PD3], **plan) == (True, "2020-05-06", 127)
    assert tte(ask, "PFS", convention, [SD1, SD2], **plan) == (False, "2020-03-25", 85)
    assert tte(ask, "PFS", convention, [SD1, SD2, ("2020-05-06", "NE")], **plan)[1] == "2020-03-25"
    assert tte(ask, "PFS", convention, [], **plan) == (False, START, 1)
    assert tte(ask, "PFS", convention, [], death_date="2020-01-20", **plan) == (True, "2020-01-20", 20)
    assert tte(ask, "PFS", convention, [SD1], death_date="2020-03-01", **plan) == (True, "2020-03-01", 61)
    assert tte(ask, "PFS", convention, [SD1], death_date="2020-05-01", **plan) == (True, "2020-05-01", 122)
    assert tte(ask, "PFS", convention, [SD1, PD3], baseline_done=False, **plan) == (False, START, 1)


def test_pd_between_scheduled_visits(ask):
    visits, plan = [SD1, SD2, ("2020-04-10", "PD")], {"visit_schedule": PLAN}
    assert tte(ask, "PFS", "fda-a", visits, **plan)[1] == "2020-04-10"
    assert tte(ask, "PFS", "fda-b", visits, **plan)[1] == "2020-05-06"
    assert tte(ask, "PFS", "fda-c", visits, **plan)[1] == "2020-05-06"
    assert tte(ask, "PFS", "ema", visits, **plan)[1] == "2020-04-10"


def test_new_therapy_censors_in_fda_and_not_in_ema(ask):
    given = {"new_therapy_date": "2020-04-01", "visit_schedule": PLAN}
    for convention in ("fda-a", "fda-b", "fda-c"):
        assert tte(ask, "PFS", convention, [SD1, SD2, PD3], **given) == (False, "2020-03-25", 85)
        assert tte(ask, "PFS", convention, [SD1], death_date="2020-04-20", **given)[0] is False
    for convention in ("ema", "simple"):
        assert tte(ask, "PFS", convention, [SD1, SD2, PD3], **given) == (True, "2020-05-06", 127)
    before = {"new_therapy_date": "2020-05-06", "visit_schedule": PLAN}
    assert tte(ask, "PFS", "fda-a", [SD1, SD2, PD3], **before)[0] is True


def test_undocumented_progression_is_an_event_in_table_c_only(ask):
    given = {"clinical_progression_date": "2020-04-10", "visit_schedule": PLAN}
    assert tte(ask, "PFS", "fda-c", [SD1, SD2], **given) == (True, "2020-05-06", 127)
    for convention in ("fda-a", "fda-b", "ema", "simple"):
        assert tte(ask, "PFS", convention, [SD1, SD2], **given) == (False, "2020-03-25", 85)


def test_missed_visits(ask):
    plan = {"visit_schedule": PLAN}
    late = [SD1, ("2020-06-17", "PD")]  # two assessments missed
    assert tte(ask, "PFS", "fda-a", late, **plan) == (False, "2020-02-12", 43)
    assert tte(ask, "PFS", "fda-b", late, **plan) == (True, "2020-06-17", 169)
    assert tte(ask, "PFS", "ema", late, **plan) == (True, "2020-06-17", 169)
    one = [SD1, PD3]
    assert tte(ask, "PFS", "fda-a", one, **plan) == (True, "2020-05-06", 127)
    for convention, event in (
        ("fda-a", False),
        ("fda-b", False),
        ("fda-c", False),
        ("ema", True),
        ("simple", True),
    ):
        answer = tte(ask, "PFS", convention, [SD1], death_date="2020-05-20", **plan)
        assert answer[0] is event
        assert answer[1] == ("2020-05-20" if event else "2020-02-12")
    visits = [SD1, ("2020-03-25", "NE"), ("2020-05-06", "NE")]  # not evaluable is as good as missed
    assert tte(ask, "PFS", "fda-b", visits, death_date="2020-05-20", **plan)[0] is False


def test_visits_near_the_plan_are_not_missed(ask):
    visits = [("2020-02-15", "SD"), ("2020-03-21", "SD"), ("2020-05-10", "PD")]
    assert tte(ask, "PFS", "fda-a", visits, visit_schedule=PLAN)[0] is True
    assert tte(ask, "PFS", "fda-a", visits, visit_schedule=[42, 84, 126, 168])[0] is True


def test_number_of_missed_visits_is_a_field(ask):
    given = {"endpoint": "PFS", "start_date": START, "visit_schedule": PLAN}
    given["visits"] = [{"date": "2020-02-12", "response": "SD"}, {"date": "2020-06-17", "response": "PD"}]
    assert ask("time-to-event", given, censoring="fda-a", missed_visits_censor=3)["event"] is True


def test_ttp_does_not_count_death(ask):
    assert tte(ask, "TTP", "simple", [SD1], death_date="2020-03-01") == (False, "2020-02-12", 43)
    assert tte(ask, "TTP", "simple", [SD1, PD3], death_date="2020-06-01")[:2] == (True, "2020-05-06")


def test_duration_of_response_starts_with_the_response(ask):
    visits = [SD1, ("2020-03-25", "PR"), PD3]
    assert tte(ask, "DoR", "simple", visits) == (True, "2020-05-06", 43)
    assert tte(ask, "DoR", "simple", visits, start_date="2020-03-25") == (True, "2020-05-06", 43)
    assert tte(ask, "DoR", "simple", visits[:2]) == (False, "2020-03-25", 1)
    assert tte(ask, "DoR", "simple", visits[:2], death_date="2020-04-24") == (True, "2020-04-24", 31)


def test_first_of_progression_and_death(ask):
    assert tte(ask, "PFS", "simple", [SD1, PD3], death_date="2020-05-06")[1] == "2020-05-06"
    assert tte(ask, "PFS", "simple", [PD3], death_date="2020-06-06")[1] == "2020-05-06"


def test_irecist_progression_counts_from_the_confirmed_block(ask):
    visits = [("2020-02-12", "iUPD"), ("2020-03-25", "iPR"), ("2020-05-06", "iUPD"), ("2020-06-17", "iCPD")]
    given = {
        "endpoint": "PFS",
        "start_date": START,
        "visits": [{"date": d, "response": r} for d, r in visits],
    }
    assert ask("time-to-event", given, "iRECIST")["date"] == "2020-05-06"


@pytest.mark.parametrize(
    "given",
    [
        {"endpoint": "XXX"},
        {"endpoint": "PFS", "start_date": None},
        {"endpoint": "PFS", "death_date": "2019-12-31"},
        {"endpoint": "OS", "death_date": "2020-02-01", "last_alive_date": "2020-03-01"},
        {"endpoint": "PFS", "death_date": "2020-02-01", "visits": [{"date": "2020-03-01", "response": "SD"}]},
        {"endpoint": "PFS", "visit_schedule": ["2020-03-01", "2020-02-01"]},
        {"endpoint": "PFS", "visit_schedule": [None]},
    ],
)
def test_impossible_follow_up(ask_raw, given):
    assert "error" in ask_raw("time-to-event", {"start_date": START, **given})


SCANS = {"chest": "2020-05-04", "abdomen": "2020-05-06", "bone": "2020-05-11"}


@pytest.mark.parametrize(
    ("reason", "region", "expected"),
    [
        ("sum", None, "2020-05-11"),
        ("sum", "abdomen", "2020-05-11"),
        ("new-lesion", "chest", "2020-05-04"),
        ("new-lesion", "bone", "2020-05-11"),
        ("non-target", "abdomen", "2020-05-06"),
    ],
)
def test_progression_date_of_scans_on_several_days(ask, reason, region, expected):
    given = {"scan_dates": SCANS, "reason": reason, "region": region}
    assert ask("progression-date", given)["date"] == expected


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["no", "equivocal", "unequivocal"], "2020-02-01"),
        (["equivocal", "equivocal", "unequivocal"], "2020-01-01"),
        (["no", "no", "unequivocal"], "2020-03-01"),
        (["equivocal", "no", "unequivocal"], "2020-03-01"),
        (["equivocal", None, "unequivocal"], "2020-01-01"),
        (["equivocal", "equivocal", "no"], None),
    ],
)
def test_equivocal_lesion_is_dated_back(ask, statuses, expected):
    visits = [{"date": f"2020-0{i + 1}-01", "new_lesion": s} for i, s in enumerate(statuses)]
    assert ask("progression-date", {"visits": visits})["date"] == expected


def test_dating_back_is_a_field(ask):
    visits = [
        {"date": "2020-01-01", "new_lesion": "equivocal"},
        {"date": "2020-02-01", "new_lesion": "unequivocal"},
    ]
    assert ask("progression-date", {"visits": visits}, equivocal_back_dating=False)["date"] == "2020-02-01"


@pytest.mark.parametrize(
    "given",
    [
        {"scan_dates": {}, "reason": "sum"},
        {"scan_dates": SCANS, "reason": "new-lesion"},
        {"scan_dates": SCANS, "reason": "new-lesion", "region": "brain"},
        {"scan_dates": SCANS, "reason": "growth"},
        {"scan_dates": SCANS},
    ],
)
def test_impossible_scans(ask_raw, given):
    assert "error" in ask_raw("progression-date", given)
