"""The CT of a patient as plain values and words, for whoever shows it: the command line and the panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.catalogue.choice import Visit
from HCCResponseLib.dicom.catalogue.series import Catalogue, FoundSeries

Numbers = Mapping[tuple[str, str, Path], int]


def series_of_patient(found: Catalogue, places: str, patient: str | None = None) -> list[FoundSeries]:
    """The series of one patient.

    Args:
        places: where was looked, for messages: "the folders a, b".
        patient: ID; may be left out where there is one patient only.

    Raises:
        InputError: no CT at all, none of this patient, or of several and none is named.
    """
    patients = found.patients()
    if not patients:
        raise InputError(f"No series of CT slices was found in {places}. {beside(found)}".strip())
    if patient is None and len(patients) > 1:
        listed = ", ".join(name or "(no patient ID)" for name in patients)
        raise InputError(
            f"CT of {len(patients)} patients is in {places}: {listed}. Choose one: --patient ID."
        )
    chosen = patients[0] if patient is None else patient
    if chosen not in patients:
        raise InputError(f"No CT of patient '{chosen}' is in {places}, but of {', '.join(patients)}.")
    return [one for one in found.series if one.patient_id == chosen]


def beside(found: Catalogue) -> str:
    """What was met beside the series, in words; empty where there was nothing."""
    files = found.files
    left = ", ".join(f"{count} {what}" for what, count in sorted(found.left_out.items()))
    said = [f"Left out: {left} (numbers of files)."] if left else []
    if files.copies:
        said.append(f"{files.copies} files are copies of others.")
    if files.not_there:
        said.append(f"The index of the disc names {len(files.not_there)} files that are not there.")
    if files.faults:
        more = f" (and {len(files.faults) - 3} more)" if len(files.faults) > 3 else ""
        said.append(" ".join(map(str, files.faults[:3])) + more)
    return " ".join(said)


def numbered(series: Sequence[FoundSeries]) -> Numbers:
    """The number of each series in the whole list of its patient, from 1, by :attr:`.FoundSeries.key`."""
    return {one.key: number for number, one in enumerate(series, start=1)}


def as_plain(
    found: Catalogue,
    series: Sequence[FoundSeries],
    visits: Sequence[Visit],
    numbers: Numbers,
) -> dict[str, Any]:
    """Series and visits as JSON takes them.

    Args:
        numbers: of :func:`numbered`; a part of the list keeps the numbers of the whole one.
    """
    phases = {one: finding for visit in visits for one, finding in visit.phases.items()}
    return {
        "series": [
            {
                "number": numbers[one.key],
                "day": str(one.day) if one.day else None,
                "series_uid": one.uid,
                "name": one.name,
                "description": one.description,
                "part": one.part,
                "phase": str(phases[one].phase) if one in phases else None,
                "slices": one.slices,
                "thickness_mm": one.thickness_mm,
                "step_mm": one.step_mm,
                "kernel": one.kernel,
                "fault": one.fault or None,
                "against": one.against or None,
                "remarks": list(one.remarks),
            }
            for one in series
        ],
        "visits": [
            {
                "day": str(visit.day),
                "measured": str(visit.measured),
                "proposed": {
                    str(phase): {"number": numbers[p.series.key], "why": p.why}
                    for phase, p in visit.proposed.items()
                },
            }
            for visit in visits
        ],
        "patient": series[0].patient_id if series else "",
        "beside": beside(found),
        "left_out": found.left_out,
        "copies": found.files.copies,
        "faults": [str(fault) for fault in found.files.faults],
    }
