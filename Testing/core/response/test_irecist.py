"""iRECIST: the state machine, its scenarios, and the printed best-response table (Seymour 2017)."""

import datetime
from decimal import Decimal

import pytest

from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.read import evaluate_read
from HCCResponseLib.response.types import LesionFinding, LesionRole, LesionState, Response, TimePointFindings

NON = "NON-iCR/NON-iUPD"
DATES = ["2026-02-01", "2026-03-08", "2026-04-12", "2026-05-17", "2026-06-21"]


def new(key="N1", long=None, role="target", organ="lung", **more):
    return {"id": key, "role": role, "organ": organ, "long": long, **more}


def run(ask, baseline, *visits, **profile):
    rows = [{"date": date, "non_target": "NA", **visit} for date, visit in zip(DATES, visits, strict=False)]
    given = {"baseline_date": "2026-01-01", "baseline_target_sum": baseline, "visits": rows}
    return ask("irecist-sequence", given, "iRECIST", **profile)


def at(total, **more):
    return {"target_sum": total, **more}


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        ([at(125), at(130)], "iUPD iCPD"),
        ([at(125), at("129.9")], "iUPD iUPD"),
        ([at(125), at(125)], "iUPD iUPD"),
        ([at(125), at(50), at(65), at(76)], "iUPD iPR iUPD iCPD"),
        ([at(125), at(90)], "iUPD iSD"),
        ([at(125), at(0)], "iUPD iCR"),
        ([at(125), at(None), at(131)], "iUPD NE iCPD"),
        ([at(125), at(None)], "iUPD NE"),
        ([at(125), at(131), at(40)], "iUPD iCPD iCPD"),
        ([at(70), at(75), at(90)], "iPR iPR iUPD"),
        # anchor: growth counts from the iUPD, not from the last time point
        ([at(125), at(128), at(130)], "iUPD iUPD iCPD"),
        # a new lesion alone, and what confirms it
        ([at(100, new_lesions=[new(long=10)])], "iUPD"),
        ([at(100, new_lesions=[new(long="3.2")]), at(100, new_lesions=[new(long="8.2")])], "iUPD iCPD"),
        ([at(100, new_lesions=[new(long=10)]), at(100, new_lesions=[new(long=14)])], "iUPD iUPD"),
        (
            [at(100, new_lesions=[new(long=10)]), at(100, new_lesions=[new(long=10), new("N2", 6)])],
            "iUPD iCPD",
        ),
        (
            [
                at(100, new_lesions=[new(role="non-target", versus_last="same")]),
                at(100, new_lesions=[new(role="non-target", versus_last="larger")]),
            ],
            "iUPD iCPD",
        ),
        # a category that had not progressed now does
        ([at(100, new_lesions=[new(long=10)]), at(125, new_lesions=[new(long=10)])], "iUPD iCPD"),
        ([at(125), at(124, new_lesions=[new(long=10)])], "iUPD iCPD"),
        ([at(125), at(124, non_target="iUPD")], "iUPD iCPD"),
        # scenario B: a stable new lesion does not block a response of the baseline's disease
        ([at(125, new_lesions=[new(long=10)]), at(50, new_lesions=[new(long=10)])], "iUPD iPR"),
        ([at(125, new_lesions=[new(long=10)]), at(90, new_lesions=[new(long=10)])], "iUPD iSD"),
        # scenario F: PR before, new lesion, nothing changes
        ([at(50), at(50, new_lesions=[new(long=10)]), at(50, new_lesions=[new(long=10)])], "iPR iUPD iUPD"),
        # the new lesion is gone
        ([at(100, new_lesions=[new(long=10)]), at(100, new_lesions=[new(long=0)])], "iUPD iSD"),
        ([at(100, new_lesions=[new(long=10)]), at(100)], "iUPD iSD"),
        # iCR needs the new lesions gone too
        ([at(100, new_lesions=[new(long=10)]), at(0, new_lesions=[new(long=10)])], "iUPD iPR"),
        ([at(100, new_lesions=[new(long=10)]), at(0, new_lesions=[new(long=0)])], "iUPD iCR"),
        # a new lesion that cannot be seen leaves everything open
        ([at(100, new_lesions=[new(long=10)]), at(50, new_lesions=[new(long=None)])], "iUPD NE"),
        # after a reset the known new lesion is no news, its growth is
        (
            [
                at(125, new_lesions=[new(long=10)]),
                at(50, new_lesions=[new(long=10)]),
                at(50, new_lesions=[new(long=10)]),
                at(50, new_lesions=[new(long=20)]),
            ],
            "iUPD iPR iPR iUPD",
        ),
        # tumour after an overall iCR
        ([at(0), at(4)], "iCR iUPD"),
    ],
)
def test_sequences(ask, visits, expected):
    assert run(ask, 100, *visits)["responses"] == expected.split()


def test_non_target_worsening_is_confirmed_by_any_further_growth(ask):
    first = at(100, non_target="iUPD", versus_last="larger")
    assert run(ask, 100, first, at(100, non_target="iUPD", versus_last="same"))["responses"] == [
        "iUPD",
        "iUPD",
    ]
    assert run(ask, 100, first, at(100, non_target="iUPD", versus_last="larger"))["responses"] == [
        "iUPD",
        "iCPD",
    ]
    assert run(ask, 100, first, at(100, non_target=NON, versus_last="larger"))["responses"] == [
        "iUPD",
        "iCPD",
    ]
    assert run(ask, 100, first, at(100, non_target=NON, versus_last="smaller"))["responses"] == [
        "iUPD",
        "iSD",
    ]
    as_object = {"response": "iUPD", "versus_last": "larger"}
    assert run(ask, 100, first, at(100, non_target=as_object))["responses"] == ["iUPD", "iCPD"]


def test_non_target_disease_only(ask):
    visits = [
        at(None, non_target=NON),
        at(None, non_target="iUPD"),
        at(None, non_target=NON, versus_last="smaller"),
    ]
    assert run(ask, None, *visits)["responses"] == [NON, "iUPD", NON]


def test_early_scan_does_not_confirm_but_its_sum_is_a_nadir(ask):
    given = {"baseline_date": "2026-01-01", "baseline_target_sum": 100}
    rows = [("2026-02-01", 125), ("2026-02-28", 131), ("2026-03-01", 131)]
    given["visits"] = [{"date": d, "target_sum": s, "non_target": "NA"} for d, s in rows]
    answer = ask("irecist-sequence", given, "iRECIST")
    assert answer["responses"] == ["iUPD", "iUPD", "iCPD"]
    assert [row["used_for_state"] for row in answer["per_visit"]] == [True, False, True]
    assert answer["per_visit"][1]["warnings"]
    given["visits"][1]["target_sum"] = 50
    given["visits"][2]["target_sum"] = 52
    kept = ask("irecist-sequence", given, "iRECIST")
    assert kept["per_visit"][2]["nadir_before"] == "50.0"
    ignored = ask("irecist-sequence", given, "iRECIST", irecist_early_scan="ignore")
    assert ignored["per_visit"][2]["nadir_before"] == "100.0"


def test_late_scan_confirms_with_a_warning(ask):
    for date, warned in (("2026-03-29", False), ("2026-03-30", True)):
        visits = [{"date": "2026-02-01", "target_sum": 125}, {"date": date, "target_sum": 130}]
        given = {"baseline_date": "2026-01-01", "baseline_target_sum": 100, "visits": visits}
        answer = ask("irecist-sequence", given, "iRECIST")
        assert answer["responses"] == ["iUPD", "iCPD"]
        assert bool(answer["per_visit"][1]["warnings"]) is warned


def test_fields_of_irecist(ask):
    slow = [at(125), at(128), at(131)]
    assert run(ask, 100, *slow)["responses"][-1] == "iCPD"
    assert run(ask, 100, *slow, irecist_reference="last-iupd")["responses"][-1] == "iUPD"
    exact = [at(125), at(130)]
    assert run(ask, 100, *exact, irecist_confirm_increase_inclusive=False)["responses"][-1] == "iUPD"
    assert run(ask, 100, *exact, irecist_confirm_min_days=36)["responses"][-1] == "iUPD"
    late = run(ask, 100, *exact, irecist_confirm_max_days=30, irecist_late_scan="new-iupd")
    assert late["responses"][-1] == "iUPD"


def test_limits_of_new_target_lesions(ask):
    lesions = [new(f"N{i}", 10) for i in range(3)]
    grown = [new("N0", 10), new("N1", 10), new("N2", 10, versus_last="larger")]
    answer = run(ask, 100, at(100, new_lesions=lesions), at(100, new_lesions=grown))
    assert "N2" in answer["per_visit"][0]["warnings"][0]
    assert answer["responses"] == ["iUPD", "iCPD"]


def test_new_target_lesions_count_by_organ_whatever_its_wording(ask):
    words = ("left lung", "right lung", "upper lobe of the lung")
    lesions = [new(f"N{i}", 10, organ=organ) for i, organ in enumerate(words)]
    answer = run(ask, 100, at(100, new_lesions=lesions))
    assert "N2 is over the limit" in answer["per_visit"][0]["warnings"][0]


def test_new_nodes_of_a_read_count_as_one_organ(ask_raw):
    nodes = [
        {"id": f"N{i}", "organ": organ, "nodal": True, "role": "new", "short": 16}
        for i, organ in enumerate(("axilla", "groin", "neck"))
    ]
    target = {"id": "T", "organ": "liver", "long": 40}
    points = [
        {"name": "baseline", "date": DATES[0], "lesions": [target]},
        {"name": "follow-up", "date": DATES[1], "lesions": [target, *nodes], "new_lesion": "unequivocal"},
    ]
    trace = ask_raw("read", {"time_points": points}, "iRECIST")["trace"]
    assert any("N2 is over the limit" in line for line in trace)


@pytest.mark.parametrize(("measurable", "second"), [(None, "iUPD"), (True, "iUPD"), (False, "iCPD")])
def test_a_new_lesion_that_is_not_measurable_confirms_by_any_growth(ask_raw, measurable, second):
    """14 then 16 mm: as a target below the 5 mm that confirm; on slices of 10 mm not measurable, so any growth does."""
    target = {"id": "T", "organ": "liver", "long": 40}

    def visit(name, day, size):
        new = {"id": "N1", "organ": "liver", "role": "new", "long": size, "measurable": measurable}
        return {"name": name, "date": day, "lesions": [target, new], "new_lesion": "unequivocal"}

    points = [
        {"name": "baseline", "date": DATES[0], "lesions": [target]},
        visit("follow-up 1", DATES[1], 14),
        visit("follow-up 2", DATES[2], 16),
    ]
    answer = ask_raw("read", {"time_points": points}, "iRECIST")
    assert [p["response"] for p in answer["answer"]["time_points"]] == [None, "iUPD", second]
    said = "follow-up 1: N1 is a new non-target lesion: not measurable by slice thickness or kind"
    assert any(line.startswith(said) for line in answer["trace"]) is (measurable is False)


def test_dates_and_best_response_of_a_sequence(ask):
    answer = run(ask, 100, at(125), at(50), at(65), at(76))
    assert (answer["best_response"], answer["icpd"], answer["progression_date"]) == ("iPR", True, DATES[2])


# Seymour 2017, Table 3 (iBOR), and the rule for the date of progression.
@pytest.mark.parametrize(
    ("responses", "best", "icpd", "index"),
    [
        ("iCR iCR iPR iUPD iCPD", "iCR", True, 3),
        ("iUPD iPR iCR iUPD NE", "iCR", False, 3),
        ("iUPD iPR iPR iSD iUPD", "iPR", False, 4),
        ("iUPD iSD iPR iPR iPR", "iPR", False, None),
        ("iUPD iSD iSD iUPD iCPD", "iSD", True, 3),
        ("iUPD iCPD iCR iCR iCR", "iCPD", True, 0),
        ("iUPD iUPD iCPD iPR iPR", "iCPD", True, 0),
        ("iUPD NE NE NE NE", "iUPD", False, 0),
        ("NE NE NE NE NE", "NE", False, None),
        ("iSD iSD iUPD iPR iPR iUPD iCPD", "iPR", True, 5),
        ("iUPD NE iCPD", "iCPD", True, 0),
        ("iUPD NE iSD", "iSD", False, None),
        (f"{NON} iUPD iCPD", NON, True, 1),
        ("iUPD iUPD", "iUPD", False, 0),
        ("", "NE", False, None),
    ],
)
def test_best_and_progression(ask, responses, best, icpd, index):
    codes = responses.split()
    given = {"responses": codes, "dates": [f"2026-{i + 1:02d}-01" for i in range(len(codes))]}
    answer = ask("irecist-best", given, "iRECIST")
    when = None if index is None else f"2026-{index + 1:02d}-01"
    expected = {"best_response": best, "icpd": icpd, "progression_index": index, "progression_date": when}
    assert answer == expected


@pytest.mark.parametrize(
    "given",
    [
        {"responses": ["iCPD"]},
        {"responses": ["iSD", "iCPD"]},
        {"responses": ["PR"]},
        {"responses": ["iPR"], "dates": []},
        {"responses": ["iPR", "iPR"], "dates": ["2026-02-01", "2026-01-01"]},
    ],
)
def test_impossible_codes(ask_raw, given):
    assert "error" in ask_raw("irecist-best", given, "iRECIST")


@pytest.mark.parametrize(
    "visits",
    [
        [{"date": "2025-12-01", "target_sum": 100}],
        [{"date": "2026-02-01", "target_sum": 100}, {"date": "2026-01-20", "target_sum": 100}],
        [{"date": "2026-02-01", "target_sum": -1}],
        [{"date": "2026-02-01", "target_sum": 100, "non_target": "iPR"}],
        [{"date": "2026-02-01", "target_sum": 100, "new_lesions": [new(long=-3)]}],
        [{"date": "2026-02-01", "target_sum": 100, "new_lesions": [new(long=3), new(long=3)]}],
        [{"date": "2026-02-01", "target_sum": 100, "new_lesions": [new(long=3, role="odd")]}],
    ],
)
def test_impossible_visits(ask_raw, visits):
    given = {"baseline_date": "2026-01-01", "baseline_target_sum": 100, "visits": visits}
    assert "error" in ask_raw("irecist-sequence", given, "iRECIST")


@pytest.mark.parametrize("profile", ["recist-1.1", "irecist"])
def test_targets_whose_viable_part_nobody_contoured_are_ne_and_not_na(profile):
    target = LesionFinding(
        "L1", "liver", False, LesionRole.TARGET, LesionState.MEASURED, Decimal(40), viable=False
    )
    points = [TimePointFindings(f"t{i}", datetime.date(2024, 1 + i, 1), (target,)) for i in range(2)]
    found = evaluate_read(points, load_profile(profile, {"quantity": "viable-diameter"})).latest
    assert (found.target.response, found.overall) == (Response.NE, Response.NE)
    assert any("there is no baseline sum" in line for line in found.trace)
