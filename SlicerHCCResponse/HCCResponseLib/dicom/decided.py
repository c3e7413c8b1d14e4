"""Reads that lie in DICOM objects: structured reports of this software that belong together, with their evidence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.entries import VisitReport
from HCCResponseLib.dicom.reading import COMPREHENSIVE_3D, read_report
from HCCResponseLib.dicom.written import MANUFACTURER, MODEL
from HCCResponseLib.imaging.dicom_headers import dicom_header, header_text
from HCCResponseLib.imaging.dicom_seg import SEGMENTATION_STORAGE


@dataclass(frozen=True)
class DecidedVisit:
    """One report with what it names as its evidence (PS3.3, C.17.2.3).

    Attributes:
        written: day and time (0008,0023; 0008,0033), which order the reports of one time point.
        series: UID of the image's series; ``slices``: UIDs of its images.
        segmentation: UID of the segmentation, empty where there is none.
    """

    path: Path
    report: VisitReport
    written: str
    series: str
    slices: tuple[str, ...]
    segmentation: str


@dataclass(frozen=True)
class DecidedRead:
    """The reports of one read, in the order of its time points.

    Attributes:
        uid: under which the read follows its first criterion over all visits.
        patient_id: (0010,0020).
    """

    uid: str
    patient_id: str
    visits: tuple[DecidedVisit, ...]

    @property
    def words(self) -> str:
        """For people."""
        last = self.visits[-1].report
        category = last.categories[0]
        outcome = f", {category.response}" if category.response else ""
        state = "" if last.final else ", preliminary"
        whose = self.patient_id or "no patient ID"
        return f"{whose}: {category.criterion} by {last.reader}, {last.time_point}{outcome}{state}"

    def require_whole(self) -> None:
        """Raises ``InputError`` where the report of a time point is not there: sums are held against all before."""
        orders = [visit.report.order for visit in self.visits]
        for number in range(1, orders[-1] + 1):
            if number not in orders:
                raise InputError(
                    f"The report of time point {number} of this read is not among the files ({self.words}; those of "
                    f"{', '.join(v.report.time_point for v in self.visits)} are). Fetch it, too."
                )


def is_report(kind: str) -> bool:
    """Whether an object of this SOP class may be a report of this software."""
    return kind == COMPREHENSIVE_3D


def reads_in(paths: Iterable[Path]) -> list[DecidedRead]:
    """The reads whose reports are among these files, by patient; of several reports of a time point the latest.

    Reports of other software are passed over.

    Raises:
        InputError: a report of this software is damaged, or says what none of its reports says.
    """
    found: dict[tuple[str, str, str], dict[int, DecidedVisit]] = {}
    for path in paths:
        if not _is_ours(path):
            continue
        one, patient = _visit(path)
        key = (one.report.categories[0].uid, patient, one.report.reader)
        orders = found.setdefault(key, {})
        if one.report.order not in orders or orders[one.report.order].written < one.written:
            orders[one.report.order] = one
    reads = [DecidedRead(k[0], k[1], tuple(v[n] for n in sorted(v))) for k, v in found.items()]
    return sorted(reads, key=lambda one: (one.patient_id, one.visits[-1].written))


def _is_ours(path: Path) -> bool:
    header = dicom_header(path, ["SOPClassUID", "Manufacturer", "ManufacturerModelName"])
    return (
        header is not None
        and is_report(header_text(header, "SOPClassUID"))
        and header_text(header, "Manufacturer") == MANUFACTURER
        and header_text(header, "ManufacturerModelName") == MODEL
    )


def _visit(path: Path) -> tuple[DecidedVisit, str]:
    from pydicom import dcmread

    report, whole = read_report(path), dcmread(path)
    images, segmentation = [], ""
    for series, kind, uid in _evidence(whole):
        if kind in SEGMENTATION_STORAGE:
            segmentation = uid
        else:
            images.append((series, uid))
    names = {series for series, _ in images}
    if len(names) != 1 or not report.categories or not report.reader.strip():
        raise InputError(
            f"The report '{path}' is damaged: it names no reader, no category, or not the one series that was read."
        )
    written = header_text(whole, "ContentDate") + header_text(whole, "ContentTime")
    slices = tuple(uid for _, uid in images)
    visit = DecidedVisit(path, report, written, names.pop(), slices, segmentation)
    return visit, header_text(whole, "PatientID")


def _evidence(whole: Any) -> Iterable[tuple[str, str, str]]:
    """Series, SOP class and instance of everything that a report names as its evidence."""
    for study in whole.get("CurrentRequestedProcedureEvidenceSequence") or ():
        for series in study.ReferencedSeriesSequence:
            for item in series.ReferencedSOPSequence:
                yield (
                    str(series.SeriesInstanceUID),
                    str(item.ReferencedSOPClassUID),
                    str(item.ReferencedSOPInstanceUID),
                )


def the_one(reads: Sequence[DecidedRead], uid: str = "") -> DecidedRead:
    """The read of this UID, or the only one there is. Raises ``InputError`` where it is none, or not clear which."""
    if not reads:
        raise InputError("No report of a read of this software was found among the DICOM files.")
    chosen = [one for one in reads if one.uid == uid] if uid else list(reads)
    if len(chosen) == 1:
        return chosen[0]
    listed = "; ".join(f"{one.uid} ({one.words})" for one in chosen or reads)
    if not chosen:
        raise InputError(f"No read among the files has the UID '{uid[:80]}'. There are: {listed}.")
    raise InputError(
        f"There are {len(chosen)} reads among the files. Choose one by its UID (--uid): {listed}."
    )
