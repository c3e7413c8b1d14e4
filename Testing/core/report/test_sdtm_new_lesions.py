"""New lesions in SDTM: whether one was measurable comes back, because a confirmation of iRECIST rests on it."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from HCCResponseLib.cohort.committee.reads import Committee, CommitteeRead
from HCCResponseLib.report.sdtm.export import export_sdtm
from HCCResponseLib.report.sdtm.read_back import read_sdtm
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    NewLesionStatus,
    Response,
    TimePointFindings,
)
from HCCResponseLib.review.read.outcome import outcome


@pytest.mark.parametrize("measurable", [True, False, None])
def test_a_new_lesion_comes_back_as_measurable_as_it_was(tmp_path, measurable):
    profile = load_profile("irecist")
    target = LesionFinding(
        "L1", "liver", False, LesionRole.TARGET, LesionState.MEASURED, Decimal(40), Decimal(30)
    )
    new = replace(target, lesion_id="C1", role=LesionRole.NEW, long_mm=Decimal(14), measurable=measurable)
    points = [TimePointFindings("baseline", date(2026, 1, 1), (target,))]
    for month, size in ((2, 14), (3, 16)):
        seen = (target, replace(new, long_mm=Decimal(size)))
        points.append(
            TimePointFindings(
                f"follow-up {month}", date(2026, month, 5), seen, new_lesion=NewLesionStatus.UNEQUIVOCAL
            )
        )
    found = outcome(points, profile)
    reads = Committee(
        profile, (CommitteeRead("S1", "dr1", "RADIOLOGIST 1", found, True, signed=True, reviewed=True),)
    )
    export_sdtm(reads, tmp_path, "HCC1")
    (again,) = read_sdtm(tmp_path).values()
    assert [f.measurable for p in again.findings for f in p.lesions if f.role is LesionRole.NEW] == [
        measurable
    ] * 2
    overall = [p.overall for p in again.outcome(profile).evaluation.time_points]
    assert overall == [p.overall for p in found.evaluation.time_points]
    assert overall[-1] is (Response.ICPD if measurable is False else Response.IUPD)
