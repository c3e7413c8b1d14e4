"""Every row of the printed time-point tables (RECIST 1.1 Tables 1 and 2; mRECIST; iRECIST Table 2)."""

import pytest

NON = "NON-CR/NON-PD"

# Eisenhauer 2009, Table 1: target, non-target, new lesion, overall. "Any" rows are spelled out.
TABLE_1 = [
    ("CR", "CR", "no", "CR"),
    ("CR", NON, "no", "PR"),
    ("CR", "NE", "no", "PR"),
    *[("PR", non_target, "no", "PR") for non_target in ("CR", NON, "NE")],
    *[("SD", non_target, "no", "SD") for non_target in ("CR", NON, "NE")],
    *[("NE", non_target, "no", "NE") for non_target in ("CR", NON)],
    *[("PD", nt, new, "PD") for nt in ("CR", NON, "NE", "PD", "NA") for new in ("no", "unequivocal")],
    *[
        (t, "PD", new, "PD")
        for t in ("CR", "PR", "SD", "NE", "NA")
        for new in ("no", "equivocal", "unequivocal")
    ],
    *[
        (t, nt, "unequivocal", "PD")
        for t in ("CR", "PR", "SD", "PD", "NE", "NA")
        for nt in ("CR", NON, "NE", "NA")
    ],
]
# Eisenhauer 2009, Table 2: non-target disease only.
TABLE_2 = [
    ("CR", "no", "CR"),
    (NON, "no", NON),
    ("NE", "no", "NE"),
    ("PD", "no", "PD"),
    ("PD", "unequivocal", "PD"),
    ("CR", "unequivocal", "PD"),
    (NON, "unequivocal", "PD"),
    ("NE", "unequivocal", "PD"),
]
# Not printed but needed: no non-target disease at baseline, nothing evaluated, no disease at all.
NOT_PRINTED = [
    ("CR", "NA", "no", "CR"),
    ("PR", "NA", "no", "PR"),
    ("SD", "NA", "no", "SD"),
    ("NE", "NA", "no", "NE"),
    ("NE", "NE", "no", "NE"),
    ("NA", "NA", "no", "NED"),
    ("NA", "NA", "unequivocal", "PD"),
    ("SD", NON, "equivocal", "SD"),
    ("CR", "CR", "equivocal", "CR"),
    ("SD", "NA", "unequivocal", "PD"),
]


@pytest.mark.parametrize("criterion", ["RECIST 1.1", "mRECIST"])
@pytest.mark.parametrize(("target", "non_target", "new", "overall"), TABLE_1 + NOT_PRINTED)
def test_table_1(ask, criterion, target, non_target, new, overall):
    given = {"target": target, "non_target": non_target, "new_lesion": new}
    assert ask("timepoint-response", given, criterion)["response"] == overall


@pytest.mark.parametrize(("non_target", "new", "overall"), TABLE_2)
def test_table_2(ask, non_target, new, overall):
    given = {"target": "NA", "non_target": non_target, "new_lesion": new}
    assert ask("timepoint-response", given)["response"] == overall


# Lencioni & Llovet 2010: IR/SD in place of Non-CR/Non-PD.
@pytest.mark.parametrize(
    ("target", "non_target", "new", "overall"),
    [
        ("CR", "CR", "no", "CR"),
        ("CR", "IR/SD", "no", "PR"),
        ("PR", "IR/SD", "no", "PR"),
        ("PR", "CR", "no", "PR"),
        ("SD", "IR/SD", "no", "SD"),
        ("SD", "CR", "no", "SD"),
        ("PD", "IR/SD", "no", "PD"),
        ("SD", "PD", "no", "PD"),
        ("PR", "IR/SD", "unequivocal", "PD"),
    ],
)
def test_mrecist_table(ask, target, non_target, new, overall):
    given = {"target": target, "non_target": non_target, "new_lesion": new}
    assert ask("timepoint-response", given, "mRECIST")["response"] == overall


def test_target_cr_with_unassessed_non_target_is_a_profile_field(ask):
    given = {"target": "CR", "non_target": "NE", "new_lesion": "no"}
    assert ask("timepoint-response", given)["response"] == "PR"
    assert ask("timepoint-response", given, target_cr_non_target_ne="NE")["response"] == "NE"


def test_blank_is_neither_na_nor_silently_no_disease(ask):
    blank = {"target": "CR", "non_target": "MISSING", "new_lesion": "no"}
    assert ask("timepoint-response", blank)["response"] == "PR"
    assert ask("timepoint-response", {**blank, "non_target": "NA"})["response"] == "CR"
    nothing = {"target": "MISSING", "non_target": "MISSING", "new_lesion": "no"}
    assert ask("timepoint-response", nothing)["response"] == "NE"
    assert ask("timepoint-response", nothing, missing_is="MISSING")["response"] == "MISSING"


def test_unknown_new_lesion_status_gives_no_response_but_keeps_pd(ask):
    assert (
        ask("timepoint-response", {"target": "CR", "non_target": "CR", "new_lesion": None})["response"]
        == "NE"
    )
    assert (
        ask("timepoint-response", {"target": "PD", "non_target": "CR", "new_lesion": None})["response"]
        == "PD"
    )


@pytest.mark.parametrize(
    ("target", "non_target", "criterion"),
    [
        ("NON-CR/NON-PD", "CR", None),
        ("CR", "SD", None),
        ("iCR", "CR", None),
        ("XX", "CR", None),
        ("NED", "CR", None),
    ],
)
def test_values_without_a_place_are_errors(ask_raw, target, non_target, criterion):
    given = {"target": target, "non_target": non_target, "new_lesion": "no"}
    assert "error" in ask_raw("timepoint-response", given, criterion)


# Seymour 2017, Table 2, with and without an earlier iUPD that is unresolved.
I_NON = "NON-iCR/NON-iUPD"
IRECIST_FIRST = [
    ("iCR", "iCR", "no", "iCR"),
    ("iCR", I_NON, "no", "iPR"),
    ("iPR", I_NON, "no", "iPR"),
    ("iSD", I_NON, "no", "iSD"),
    ("iSD", "iUPD", "no", "iUPD"),
    ("iPR", "iUPD", "no", "iUPD"),
    ("iCR", "iUPD", "no", "iUPD"),
    ("iUPD", I_NON, "no", "iUPD"),
    ("iUPD", "iCR", "no", "iUPD"),
    ("iUPD", "iUPD", "no", "iUPD"),
    ("iUPD", "iUPD", "unequivocal", "iUPD"),
    ("iSD", I_NON, "unequivocal", "iUPD"),
    ("NE", I_NON, "no", "NE"),
    ("NA", I_NON, "no", I_NON),
    ("NA", "iCR", "no", "iCR"),
]
IRECIST_AFTER = [
    (("iCR", "iCR", "no"), [], "iCR"),
    (("iCR", I_NON, "no"), [], "iPR"),
    (("iPR", I_NON, "no"), [], "iPR"),
    (("iSD", I_NON, "no"), [], "iSD"),
    (("iUPD", "iUPD", "unequivocal"), [], "iUPD"),
    (("iUPD", "iUPD", "unequivocal"), ["new_target_sum_increase_ge_5mm"], "iCPD"),
    (("iUPD", "iUPD", "unequivocal"), ["new_non_target_any_increase"], "iCPD"),
    (("iUPD", "iUPD", "unequivocal"), ["additional_new_lesion"], "iCPD"),
    (("iSD", "iUPD", "no"), [], "iUPD"),
    (("iPR", "iUPD", "no"), ["non_target_any_increase"], "iCPD"),
    (("iUPD", I_NON, "no"), [], "iUPD"),
    (("iUPD", "iCR", "no"), ["target_sum_increase_ge_5mm"], "iCPD"),
    (("iUPD", "iUPD", "no"), ["target_sum_increase_ge_5mm"], "iCPD"),
    (("iUPD", "iUPD", "no"), ["non_target_any_increase"], "iCPD"),
    (("iUPD", "iUPD", "no"), [], "iUPD"),
    (("iUPD", "iUPD", "unequivocal"), ["target_sum_increase_ge_5mm"], "iCPD"),
    (("iUPD", "iUPD", "unequivocal"), ["non_target_any_increase"], "iCPD"),
    (("iSD", I_NON, "unequivocal"), [], "iUPD"),
    (("iSD", I_NON, "unequivocal"), ["new_target_sum_increase_ge_5mm"], "iCPD"),
    (("iPR", I_NON, "unequivocal"), ["additional_new_lesion"], "iCPD"),
    (("iUPD", I_NON, "no"), ["new_category_recist_pd"], "iCPD"),
    # growth in a category that is not iUPD confirms nothing
    (("iSD", "iUPD", "no"), ["target_sum_increase_ge_5mm"], "iUPD"),
    (("iUPD", I_NON, "no"), ["non_target_any_increase"], "iUPD"),
    (("NE", I_NON, "no"), [], "NE"),
]


@pytest.mark.parametrize(("target", "non_target", "new", "overall"), IRECIST_FIRST)
def test_irecist_table_without_prior_iupd(ask, target, non_target, new, overall):
    given = {"target": target, "non_target": non_target, "new_lesion": new, "prior_unresolved_iupd": False}
    assert ask("timepoint-response", given, "iRECIST")["response"] == overall


@pytest.mark.parametrize(("row", "grown", "overall"), IRECIST_AFTER)
def test_irecist_table_with_prior_iupd(ask, row, grown, overall):
    given = dict(zip(("target", "non_target", "new_lesion"), row, strict=True))
    given |= {"prior_unresolved_iupd": True, "further_change": dict.fromkeys(grown, True)}
    assert ask("timepoint-response", given, "iRECIST")["response"] == overall


def test_growth_without_an_earlier_iupd_never_confirms(ask):
    given = {"target": "iUPD", "non_target": "iUPD", "new_lesion": "unequivocal"}
    given["further_change"] = {"target_sum_increase_ge_5mm": True, "additional_new_lesion": True}
    assert ask("timepoint-response", given, "iRECIST")["response"] == "iUPD"


def test_unknown_kind_of_growth_is_an_error(ask_raw):
    given = {"target": "iUPD", "non_target": "NA", "new_lesion": "no", "further_change": {"more": True}}
    assert "more" in ask_raw("timepoint-response", given, "iRECIST")["error"]
