"""SDTM of reads that are not signed or not reviewed: no assessor's, never accepted, and read back all the same."""

from dataclasses import replace

import pytest

from findings import random_read
from HCCResponseLib.base.errors import ExportError
from HCCResponseLib.cohort.committee.reads import Committee, CommitteeRead
from HCCResponseLib.report.sdtm.export import export_sdtm
from HCCResponseLib.report.sdtm.read_back import read_domains, read_sdtm
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.read.outcome import outcome


@pytest.mark.parametrize(
    ("signed", "reviewed", "evaluator", "said"),
    [
        (False, True, "UNSIGNED READER", {"SIGNED": "N", "REVIEWED": "Y"}),
        (True, False, "UNREVIEWED PROPOSALS", {"SIGNED": "Y", "REVIEWED": "N"}),
        (False, False, "UNREVIEWED PROPOSALS", {"SIGNED": "N", "REVIEWED": "N"}),
    ],
)
def test_a_read_that_is_not_signed_or_not_reviewed_is_no_assessor_s_and_not_accepted(
    tmp_path, signed, reviewed, evaluator, said
):
    found = outcome(random_read(3), load_profile("recist-1.1"))
    doubtful = CommitteeRead("S1", "dr1", "RADIOLOGIST 1", found, signed=signed, reviewed=reviewed)
    good = CommitteeRead("S2", "dr1", "RADIOLOGIST 1", found, True, signed=True, reviewed=True)
    export_sdtm(Committee(load_profile("recist-1.1"), (doubtful, good)), tmp_path, "HCC1")
    sheets = read_domains(tmp_path)
    for domain in ("TU", "TR", "RS"):
        rows = {
            name: [r for r in sheets[domain].rows if r["USUBJID"] == name] for name in ("HCC1-S1", "HCC1-S2")
        }
        assert {(r[f"{domain}EVAL"], r[f"{domain}ACPTFL"]) for r in rows["HCC1-S1"]} == {(evaluator, "")}
        assert {(r[f"{domain}EVAL"], r[f"{domain}ACPTFL"]) for r in rows["HCC1-S2"]} == {
            ("INDEPENDENT ASSESSOR", "Y")
        }
    extra = [r for r in sheets["SUPPRS"].rows if r["QNAM"] in ("SIGNED", "REVIEWED")]
    assert {r["QNAM"]: r["QVAL"] for r in extra} == said
    assert {(r["USUBJID"], r["QEVAL"]) for r in extra} == {("HCC1-S1", evaluator)}
    assert (
        read_sdtm(tmp_path)["HCC1-S1", "RADIOLOGIST 1"].outcome(load_profile("recist-1.1")).best == found.best
    )
    with pytest.raises(ExportError, match=f"S26 error.*a record of {evaluator} is accepted"):
        export_sdtm(
            Committee(load_profile("recist-1.1"), (replace(doubtful, accepted=True),)), tmp_path, "HCC1"
        )
