"""A new study from DICOM, as the panel shows it: the series of a patient, and which one each visit is measured on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.folders import data_folder
from HCCResponseLib.dicom.catalogue.worker import CatalogueRequest, ListedSeries, NewStudy

if TYPE_CHECKING:
    from HCCResponseLib.dicom.decided import DecidedRead


def new_folder(read: DecidedRead) -> Path:
    """A folder in the user's own for a read that is made anew; the same read again gets another one."""
    patient = re.sub(r"[^A-Za-z0-9_-]+", "_", read.patient_id)[:40] or "patient"
    home = data_folder() / "restored"
    names = (f"{patient}-{read.uid[-8:]}{f'-{n}' if n else ''}" for n in count())
    return next(home / name for name in names if not (home / name).exists())


@dataclass(frozen=True)
class SeriesRow:
    """A series for a table.

    Attributes:
        measured: its visit is measured on it.
        why: what speaks for or against it, for a reader.
    """

    day: str
    phase: str
    words: str
    measured: bool
    why: str


@dataclass
class DicomStudy:
    """What was listed and chosen.

    Attributes:
        place: the folder that was looked through, ``None`` for a database.
    """

    place: Path | None = None
    _asked: CatalogueRequest = field(default_factory=CatalogueRequest)
    _listing: Mapping[str, Any] = field(default_factory=dict)
    _measured: dict[str, int] = field(default_factory=dict)

    def ask_folder(self, folder: Path) -> CatalogueRequest:
        """What lists the series of a folder."""
        self.place, self._asked = folder, CatalogueRequest(folders=(folder,))
        return self._asked

    def ask_files(self, files: Mapping[str, tuple[Path, ...]]) -> CatalogueRequest:
        """What lists the series of a database's patient. Raises ``InputError`` where it has no files."""
        if not any(files.values()):
            raise InputError("The database holds no files of this patient.")
        self.place, self._asked = None, CatalogueRequest(files=dict(files))
        return self._asked

    def ask_patient(self, patient: str) -> CatalogueRequest:
        """The same again, for one of several patients."""
        self._asked = self._asked.model_copy(update={"patient": patient})
        return self._asked

    def take(self, listing: Mapping[str, Any]) -> None:
        """Show what was listed; every visit is measured on what was proposed."""
        self._listing = listing
        self._measured = _proposed(listing)

    def clear(self) -> None:
        """Nothing is listed."""
        self.take({})

    @property
    def patient(self) -> str:
        """ID of the patient that is listed, empty where it has none."""
        return str(self._listing.get("patient", ""))

    @property
    def beside(self) -> str:
        """What was met beside the series, in words."""
        return str(self._listing.get("beside", ""))

    def rows(self) -> list[SeriesRow]:
        """All series by day, in the order of their numbers."""
        measured = set(self._measured.values())
        why = {
            p["number"]: p["why"]
            for visit in self._listing.get("visits", ())
            for p in visit["proposed"].values()
        }
        return [_row(one, one["number"] in measured, why) for one in self._series()]

    def measure_on(self, index: int) -> None:
        """Measure a visit on the series of this row. Raises ``InputError`` where that cannot be."""
        one = self._series()[index]
        if one["phase"] is None:
            raise InputError(f"{one['name']} cannot be measured on: {one['fault'] or one['against']}.")
        self._measured[str(one["day"])] = one["number"]

    def leave_out(self, index: int) -> None:
        """Leave the visit of this row out of the study."""
        self._measured.pop(str(self._series()[index]["day"]), None)

    def ask_study(self, folder: Path, subject: str, profile: str) -> CatalogueRequest:
        """What writes the study. Raises ``InputError`` where no visit is left."""
        if not self._measured:
            raise InputError(
                "List the series of a patient first; at least one visit has to be measured on one."
            )
        by_number = {one["number"]: one for one in self._series()}
        chosen = [by_number[number] for _, number in sorted(self._measured.items())]
        measured = tuple(
            ListedSeries(
                uid=one["series_uid"],
                part=one["part"],
                day=date.fromisoformat(one["day"]),
                slices=one["slices"],
            )
            for one in chosen
        )
        new = NewStudy(folder=folder, subject=subject, profile=profile, measured=measured)
        return self._asked.model_copy(update={"new": new})

    def _series(self) -> list[Mapping[str, Any]]:
        return list(self._listing.get("series", ()))


def _proposed(listing: Mapping[str, Any]) -> dict[str, int]:
    return {v["day"]: v["proposed"][v["measured"]]["number"] for v in listing.get("visits", ())}


def _row(one: Mapping[str, Any], measured: bool, why: Mapping[int, str]) -> SeriesRow:
    thick = f" of {one['thickness_mm']:g} mm" if one["thickness_mm"] else ""
    reason = why.get(one["number"], "")
    if one["fault"]:
        reason = f"cannot be read: {one['fault']}"
    elif one["against"]:
        reason = f"not measured on: {one['against']}"
    kernel = f"kernel {one['kernel']}" if one["kernel"] else ""
    return SeriesRow(
        day=one["day"] or "no day",
        phase=one["phase"] or "-",
        words=f"{one['name']}, {one['slices']} slices{thick}",
        measured=measured,
        why=". ".join(part for part in (reason, kernel, *one["remarks"]) if part),
    )
