"""Every field of a profile does something: another value changes an answer, or it is refused with the field's name."""

from datetime import date, timedelta

import pytest

from HCCResponseLib.base.errors import ProfileError
from HCCResponseLib.cli.questions import answer_case
from HCCResponseLib.response.profiles.fields import ProfileFields
from HCCResponseLib.response.profiles.load import load_profile

REF = "2024-01-01"


def day(days):
    return (date(2024, 1, 1) + timedelta(days=days)).isoformat()


def course(*visits, **more):
    return {"reference_date": REF, "visits": [{"date": day(d), "response": r} for d, r in visits], **more}


def sums(*totals, baseline=100):
    return {
        "baseline_sum": baseline,
        "visits": [{"date": day(60 * (i + 1)), "sum": s} for i, s in enumerate(totals)],
    }


def lesions(*rows, baseline):
    return {"baseline": baseline, "visits": [{"date": day(60), "lesions": list(rows)}]}


def liver(key, long, **more):
    return {"id": key, "organ": "liver", "long": long, **more}


def node(key, short, **more):
    return {"id": key, "organ": "lymph node", "nodal": True, "short": short, **more}


def candidates(*rows):
    return {"candidates": list(rows)}


def sequence(*points, sizes=()):
    """Target sums by day, for the state machine; with sizes, as many new target lesions at every time point."""
    new = [{"id": f"N{i}", "role": "target", "organ": organ, "long": 10} for i, organ in enumerate(sizes)]
    rows = [{"date": day(d), "target_sum": s, "non_target": "NA", "new_lesions": new} for d, s in points]
    return {"baseline_date": REF, "baseline_target_sum": 100, "visits": rows}


def event(*visits, **more):
    rows = [{"date": day(d), "response": r} for d, r in visits]
    plan = {"visit_schedule": [56, 112, 168, 224, 280]}
    return {"endpoint": "PFS", "start_date": REF, "visits": rows, **plan, **more}


def points(*rows, **last):
    found = [{"name": f"t{i}", "date": day(60 * i), "lesions": list(r)} for i, r in enumerate(rows)]
    found[-1] |= last
    return {"time_points": found}


TWO = [liver("A", 40), liver("B", 20)]
SCANS = {"chest": day(60), "abdomen": day(63)}
ONE_NON_TARGET = {"id": "X", "organ": "liver", "role": "non-target"}
GONE = {**ONE_NON_TARGET, "state": "disappeared"}
AGREEMENT = {"categories": ["a", "b", "c"], "table": [[8, 1, 0], [2, 6, 1], [1, 0, 9]]}

# Field: another value, the question that notices, what is given, and the criterion where it is not RECIST 1.1.
PROBES = {
    "parallel_criteria": (["WHO"], "read", points([liver("A", 40, short=30)]), "RECIST 1.1"),
    "quantity": (
        "product",
        "target-response",
        lesions(liver("A", 40, short=10), baseline=[liver("A", 40, short=20)]),
    ),
    "length_rounding_mm": (1, "target-response", lesions(liver("A", "28.4"), baseline=[liver("A", 40)])),
    "max_targets": (1, "select-targets", candidates(*TWO)),
    "max_targets_per_organ": (1, "select-targets", candidates(*TWO)),
    "nodes_are_one_organ": (
        False,
        "select-targets",
        candidates(*(node(f"N{i}", 20, station=f"s{i}") for i in range(3))),
    ),
    "represent_all_organs": (
        False,
        "select-targets",
        candidates(
            *(liver(f"{o}{i}", 60 - 9 * n - i, organ=o) for n, o in enumerate("abcd") for i in (0, 1))
        ),
    ),
    "organ_groups": (
        {},
        "select-targets",
        candidates(liver("A", 30, organ="left lobe"), liver("B", 29), liver("C", 28)),
    ),
    "measurable_long_mm": (12, "select-targets", candidates(liver("A", 11))),
    "thickness_factor": (3, "select-targets", candidates(liver("A", 15, slice_thickness=7))),
    "thick_slice_mm": (8, "select-targets", candidates(liver("A", 11, slice_thickness=7))),
    "node_target_short_mm": (12, "select-targets", candidates(node("N", 13))),
    "node_pathological_short_mm": (8, "target-response", lesions(node("N", 9), baseline=[node("N", 18)])),
    "hilar_node_short_mm": (20, "select-targets", candidates(node("N", 17, hilar=True))),
    "hilar_stations": ([], "select-targets", candidates(node("N", 17, station="porta hepatis")), "mRECIST"),
    "target_needs_arterial_enhancement": (
        True,
        "select-targets",
        candidates(liver("A", 30, enhancing=False)),
    ),
    "target_must_be_well_delineated": (
        True,
        "select-targets",
        candidates(liver("A", 30, well_delineated=False)),
    ),
    "never_measurable": (["odd"], "select-targets", candidates(liver("A", 30, kind="odd"))),
    "cystic_lesion_policy": ("never", "select-targets", candidates(liver("A", 30, kind="cystic"))),
    "bone_lesion_policy": ("never", "select-targets", candidates(liver("A", 30, kind="bone-soft-tissue"))),
    "treated_lesion_policy": (
        "never",
        "select-targets",
        candidates(liver("A", 30, treated=True, grown_since_treatment=True)),
    ),
    "irradiated_lesion_policy": (
        "never",
        "select-targets",
        candidates(liver("A", 30, irradiated=True, grown_since_treatment=True)),
    ),
    "too_small_mm": (
        3,
        "target-response",
        lesions(liver("A", None, state="too-small"), baseline=[liver("A", 40)]),
    ),
    "disappeared_mm": (
        1,
        "target-response",
        lesions(liver("A", None, state="disappeared"), baseline=[liver("A", 40)]),
    ),
    "split_policy": (
        "largest-part",
        "target-response",
        lesions(liver("P", "21.9", parent="A"), liver("Q", "21.9", parent="A"), baseline=[liver("A", 43)]),
    ),
    "merge_policy": (
        "not-evaluable",
        "target-response",
        lesions(liver("M", 50, members=["A", "B"]), baseline=TWO),
    ),
    "pr_percent": (50, "target-response", sums(60)),
    "pd_percent": (40, "target-response", sums(130)),
    "pd_inclusive": (False, "target-response", sums(120)),
    "pd_absolute_mm": (50, "target-response", sums(130)),
    "pd_reference": ("baseline", "target-response", sums(60, 80)),
    "pd_per_lesion": (True, "target-response", lesions(liver("A", 39), liver("B", 26), baseline=TWO)),
    "keep_pr": (False, "target-response", sums(60, 71)),
    "incomplete_sum_may_be_pd": (False, "target-response", lesions(liver("A", 90), baseline=TWO)),
    "nadir_policy": (
        "evaluable-time-points",
        "read",
        points(
            [liver("A", 40), ONE_NON_TARGET],
            [liver("A", None, state="disappeared"), {**ONE_NON_TARGET, "state": "not-evaluable"}],
            [liver("A", 30), GONE],
        ),
        None,
        {"target_cr_non_target_ne": "NE"},
    ),
    "target_cr_non_target_ne": (
        "NE",
        "timepoint-response",
        {"target": "CR", "non_target": "NE", "new_lesion": "no"},
    ),
    "missing_is": ("MISSING", "best-response", course((60, None))),
    "markers_required_for_cr": (
        ["AFP"],
        "read",
        points([ONE_NON_TARGET], [GONE], markers_normal=False),
    ),
    "hcc_nodule_min_mm": (12, "hcc-nodule", {"long": 11, "typical": True}, "mRECIST"),
    "hcc_nodule_growth_mm": (12, "hcc-nodule", {"long": 30, "typical": False, "growth": 11}, "mRECIST"),
    "effusion_needs_cytology": (False, "effusion", {"worse": True, "malignant_cells": None}, "mRECIST"),
    "equivocal_back_dating": (
        False,
        "progression-date",
        {
            "visits": [
                {"date": day(60), "new_lesion": "equivocal"},
                {"date": day(90), "new_lesion": "unequivocal"},
            ]
        },
    ),
    "cr_then_lesser": (
        "cr-was-pr",
        "read",
        points([liver("A", 40)], [liver("A", None, state="disappeared")], [liver("A", 4)]),
    ),
    "confirmation": (True, "best-response", course((60, "PR"))),
    "confirm_min_days": (40, "best-response", course((60, "PR"), (90, "PR")), None, {"confirmation": True}),
    "confirm_max_days": (40, "best-response", course((60, "PR"), (110, "PR")), None, {"confirmation": True}),
    "max_ne_between": (
        0,
        "best-response",
        course((60, "PR"), (80, "NE"), (110, "PR")),
        None,
        {"confirmation": True},
    ),
    "sd_between_pr_allowed": (
        True,
        "best-response",
        course((60, "PR"), (80, "SD"), (110, "PR")),
        None,
        {"confirmation": True},
    ),
    "sd_min_days": (70, "best-response", course((60, "SD"))),
    "sd_min_reference": (
        "first-dose",
        "best-response",
        {
            "visits": [{"date": day(60), "response": "SD"}],
            "baseline_date": REF,
            "first_dose_date": day(30),
        },
    ),
    "sd_min_for_non_cr_non_pd": (False, "best-response", course((30, "NON-CR/NON-PD"))),
    "cr_then_sd_early": ("SD", "best-response", course((20, "CR"), (60, "SD")), None, {"confirmation": True}),
    "stop_at_first_pd": (False, "best-response", course((60, "PD"), (120, "PR"))),
    "benefit_values": (["CR"], "clinical-benefit", course((60, "SD"))),
    "irecist_confirm_min_days": (40, "irecist-sequence", sequence((60, 125), (95, 131)), "iRECIST"),
    "irecist_confirm_max_days": (30, "irecist-sequence", sequence((60, 125), (95, 131)), "iRECIST"),
    "irecist_confirm_increase_mm": (8, "irecist-sequence", sequence((60, 125), (95, 131)), "iRECIST"),
    "irecist_confirm_increase_inclusive": (
        False,
        "irecist-sequence",
        sequence((60, 125), (95, 130)),
        "iRECIST",
    ),
    "irecist_reference": (
        "last-iupd",
        "irecist-sequence",
        sequence((60, 125), (95, 128), (130, 131)),
        "iRECIST",
    ),
    "irecist_early_scan": ("ignore", "irecist-sequence", sequence((60, 125), (70, 50), (95, 61)), "iRECIST"),
    "irecist_late_scan": ("new-iupd", "irecist-sequence", sequence((60, 125), (160, 131)), "iRECIST"),
    "new_target_limit": (1, "irecist-sequence", sequence((60, 100), sizes=("lung", "bone")), "iRECIST"),
    "new_target_limit_per_organ": (
        1,
        "irecist-sequence",
        sequence((60, 100), sizes=("lung", "lung")),
        "iRECIST",
    ),
    "censoring": ("fda-a", "time-to-event", event((56, "SD"), (112, "PD"), new_therapy_date=day(70))),
    "missed_visits_censor": (
        4,
        "time-to-event",
        event((56, "SD"), (224, "PD")),
        None,
        {"censoring": "fda-a"},
    ),
    "visit_window_days": (
        7,
        "time-to-event",
        event((56, "SD"), (90, "SD"), (224, "PD")),
        None,
        {"censoring": "fda-a"},
    ),
    "date_of_sum_event": ("first", "progression-date", {"scan_dates": SCANS, "reason": "sum"}),
    "date_of_new_lesion": (
        "last",
        "progression-date",
        {"scan_dates": SCANS, "reason": "new-lesion", "region": "chest"},
    ),
    "agreement_weights": ("linear", "agreement", AGREEMENT),
    "confidence_percent": (80, "agreement", AGREEMENT),
}

# Words that change no category: they stand in the trace, or in the name of the rule.
PROGRESSED = {"target": "SD", "non_target": "PD", "new_lesion": "no"}
WORDS = {
    "criterion": ("a trial's own", "target-response", sums(90)),
    "criterion_version": ("2030", "target-response", sums(90), "mRECIST"),
    "modifications": ("nodes are not followed", "timepoint-response", PROGRESSED),
    "non_target_pd_standard": ("much worse", "timepoint-response", PROGRESSED),
    "new_lesion_standard": ("surely new", "timepoint-response", {**PROGRESSED, "new_lesion": "unequivocal"}),
}

# What no finding carries: any value but the neutral one is refused, so that no charter believes that it holds.
REFUSED = {
    "modality_change_policy": ("not-evaluable", "allow"),
    "required_regions": (["chest"],),
    "partial_dates": ("first-day",),
}
# What only a committee can show: Testing/core/cohort/test_charter_fields.py.
COMMITTEE = {
    "read_paradigm",
    "read_order",
    "evaluator_streams",
    "adjudication_variables",
    "adjudication_mode",
    "reread_fraction_percent",
    "reason_for_change",
}


def test_every_field_of_the_schema_is_here_once():
    groups = [set(PROBES), set(WORDS), set(REFUSED), COMMITTEE]
    assert sum(map(len, groups)) == len(set.union(*groups))
    assert set.union(*groups) == set(ProfileFields.model_fields)


@pytest.mark.parametrize("field", sorted(PROBES))
def test_another_value_changes_the_answer(ask_raw, field):
    value, question, given, *rest = PROBES[field]
    criterion, with_ = (*rest, *(None, {})[len(rest) :])
    shipped = ask_raw(question, given, criterion, **with_)
    changed = ask_raw(question, given, criterion, **with_, **{field: value})
    assert "answer" in shipped, shipped
    assert "answer" in changed, changed
    assert shipped["answer"] != changed["answer"]


@pytest.mark.parametrize("field", sorted(WORDS))
def test_words_of_the_profile_stand_in_the_trace(field):
    text, question, given, *rest = WORDS[field]
    case_ = {"question": question, "given": given, "criterion": rest[0] if rest else None}
    assert not any(text in line for line in answer_case(case_).trace)
    assert any(text in line for line in answer_case({**case_, "profile": {field: text}}).trace)


def test_modifications_stand_in_the_trace_of_a_whole_read_once(ask_raw):
    trace = ask_raw("read", points([liver("A", 40)]), modifications="nodes are not followed")["trace"]
    assert [line for line in trace if "nodes are not followed" in line] == [trace[0]]


@pytest.mark.parametrize(("field", "value"), [(f, v) for f, values in REFUSED.items() for v in values])
def test_what_nothing_can_obey_is_refused_with_the_field(field, value):
    with pytest.raises(ProfileError, match=field):
        load_profile("recist-1.1", {field: value})
