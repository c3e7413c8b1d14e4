"""The application's DICOM database: its patients with their files, and a place for what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer

from HCCResponseLib.base.errors import InputError

_PATIENT_ID = "0010,0020"


@dataclass(frozen=True)
class Patient:
    """A patient of the database; ``key`` is the database's own."""

    key: str
    words: str


def patients() -> list[Patient]:
    """All patients by name; none where no database is open."""
    database = _database()
    if database is None:
        return []
    found = []
    for key in database.patients():
        studies = database.studiesForPatient(key)
        name = str(database.nameForPatient(key)) or "without a name"
        words = ", ".join(part for part in (name, _number(database, studies)) if part)
        found.append(
            Patient(str(key), f"{words} ({len(studies)} {'study' if len(studies) == 1 else 'studies'})")
        )
    return sorted(found, key=lambda one: one.words.lower())


def _number(database: Any, studies: Sequence[str]) -> str:
    """The patient ID, by the first file that there is."""
    for study in studies:
        for series in database.seriesForStudy(study):
            for file in database.filesForSeries(series, 1):
                return str(database.fileValue(file, _PATIENT_ID))
    return ""


def files_of(patient: str) -> dict[str, tuple[Path, ...]]:
    """The files of a patient by the UID of their series. Raises ``InputError`` without a database."""
    database = _required()
    series = [uid for study in database.studiesForPatient(patient) for uid in database.seriesForStudy(study)]
    return {str(uid): tuple(Path(file) for file in database.filesForSeries(uid)) for uid in series}


def patient_of(file: str) -> str:
    """The patient of a file. Raises ``InputError`` without a database, or where it does not know the file."""
    database = _required()
    found = str(database.patientForStudy(database.studyForSeries(database.seriesForFile(file))))
    if not found:
        raise InputError(f"The DICOM database does not know '{file}'.")
    return found


def add_folder(folder: Path) -> None:
    """Add DICOM objects; the database keeps copies of its own.

    Raises:
        InputError: no database is open, or it does not take them.
    """
    _required()
    from DICOMLib import DICOMUtils

    if not DICOMUtils.importDicom(str(folder), copyFiles=True):
        raise InputError(f"The DICOM database did not take the objects; they are in '{folder}'.")


def is_open() -> bool:
    """Whether there is a database."""
    return _database() is not None


def _database() -> Any | None:
    database = getattr(slicer, "dicomDatabase", None)
    return database if database is not None and database.isOpen else None


def _required() -> Any:
    database = _database()
    if database is None:
        raise InputError("The application has no DICOM database open; the module DICOM makes one.")
    return database
