"""Lists the CT of a patient, or makes a study of it, in a process of its own: thousands of headers take seconds."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Progress, Report, serve
from HCCResponseLib.base.jobs.request import JobRequest
from HCCResponseLib.dicom.catalogue.series import FoundSeries
from HCCResponseLib.imaging.phase.phases import Phase

WORKER = "HCCResponseLib.dicom.catalogue.worker"


class ListedSeries(JobRequest):
    """A series as it was listed: UID, part, day, number of slices."""

    uid: str
    part: str
    day: date
    slices: int


class NewStudy(JobRequest):
    """The study that is written.

    Attributes:
        folder: for ``study.yaml``.
        subject: its name; empty for the patient ID.
        measured: the series that each visit is measured on, as they were listed; no other visit belongs to it.
    """

    folder: Path
    subject: str = ""
    profile: str
    measured: tuple[ListedSeries, ...]


class CatalogueRequest(JobRequest):
    """Where to look, and what for.

    Attributes:
        folders: are looked through whole.
        files: of a database, by the UID of their series.
        patient: ID, where there are several.
        phase: to measure on, where a visit has it.
        new: the study to write; without it nothing is written.
    """

    folders: tuple[Path, ...] = ()
    files: dict[str, tuple[Path, ...]] = Field(default_factory=dict)
    patient: str | None = None
    phase: Phase = Phase.PORTAL
    new: NewStudy | None = None


def work(request: CatalogueRequest, report: Report) -> dict[str, Any]:
    """List, or write the study.

    Returns:
        as :func:`.listed.as_plain`, with ``study``: the path of the study file where one was written. Where there are
        several patients and none was named, ``patients`` alone: their IDs.
    """
    # A window asks for this and must not load what reads pictures.
    from HCCResponseLib.dicom.catalogue.listed import as_plain, numbered, series_of_patient
    from HCCResponseLib.dicom.catalogue.looked_at import settled_visits
    from HCCResponseLib.dicom.catalogue.series import catalogue
    from HCCResponseLib.dicom.new_study import write_study

    total = sum(map(len, request.files.values()))

    def read(number: int) -> None:
        if number % 100 == 0:
            report(Progress(f"Reading headers, {number} files", min(0.5, 0.5 * number / (total or 10_000))))

    found = catalogue(request.folders, read, request.files)
    if request.patient is None and len(found.patients()) > 1:
        return {"patients": found.patients()}
    places = ", ".join(map(str, request.folders)) or "the files of the database"
    series, new = series_of_patient(found, places, request.patient), request.new
    numbers = numbered(series)
    chosen: list[int] = []
    if new is not None:
        series = [one for one in series if one.day in {m.day for m in new.measured}]
        chosen = [_place(series, one) for one in new.measured]
    visits, series = settled_visits(
        series, request.phase, chosen, lambda name: report(Progress(f"Looking at {name}", 0.6))
    )
    answer = as_plain(found, series, visits, numbers)
    if new is not None:
        report(Progress("Writing the study", 0.95))
        answer["study"] = str(write_study(new.folder, visits, new.subject or None, new.profile))
    return answer


def _place(series: Sequence[FoundSeries], wanted: ListedSeries) -> int:
    """Where a series stands that was listed before. Raises ``InputError`` where it is not there as it was."""
    for index, one in enumerate(series):
        if (one.uid, one.part) == (wanted.uid, wanted.part):
            if one.slices != wanted.slices or one.fault:
                why = one.fault or f"it had {wanted.slices} slices and has {one.slices}"
                raise InputError(
                    f"{one.name} of {wanted.day} has changed since it was listed: {why}. List it again."
                )
            return index
    raise InputError(f"The series {wanted.uid} of {wanted.day} is not there any more. List the series again.")


if __name__ == "__main__":
    serve(CatalogueRequest.read, work)
