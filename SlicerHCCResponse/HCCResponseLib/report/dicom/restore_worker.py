"""Makes a read anew from its DICOM objects, in a process of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Progress, Report, serve
from HCCResponseLib.base.jobs.request import JobRequest
from HCCResponseLib.dicom.catalogue.walk import Fault

WORKER = "HCCResponseLib.report.dicom.restore_worker"


class RestoreRequest(JobRequest):
    """Where the objects are, and where the read goes.

    Attributes:
        folders: are looked through whole.
        files: of a database, by the UID of their series.
        uid: of the read, where the files hold several.
        folder: for ``study.yaml`` and the read.
        profile: to assess by; empty for the one of the reports' criterion.
        subject: name of the subject; empty for the patient ID.
    """

    folders: tuple[Path, ...] = ()
    files: dict[str, tuple[Path, ...]] = Field(default_factory=dict)
    uid: str = ""
    folder: Path
    profile: str = ""
    subject: str = ""


def work(request: RestoreRequest, report: Report) -> dict[str, Any]:
    """Find the objects and make the read.

    Returns:
        ``study``: the path of the study file; ``read``: in words; ``profile``: by which it assesses; ``notes``: in
        what it differs from its reports.
    """
    # A window asks for this and must not load what reads pictures.
    from HCCResponseLib.dicom.catalogue.walk import found_below
    from HCCResponseLib.dicom.decided import is_report, reads_in, the_one
    from HCCResponseLib.imaging.dicom_headers import header_text
    from HCCResponseLib.report.dicom.restored import restore

    total = sum(map(len, request.files.values())) or 10_000

    def read(number: int) -> None:
        if number % 100 == 0:
            report(Progress(f"Reading headers, {number} files", min(0.5, 0.5 * number / total)))

    found = found_below(request.folders, read, request.files)
    _require_reports_whole(found.faults)
    reports = [Path(h.filename) for h in found.headers if is_report(header_text(h, "SOPClassUID"))]
    chosen = the_one(reads_in(reports), request.uid)
    report(Progress("Making the read anew", 0.6))
    done = restore(chosen, found, request.folder, request.profile, request.subject)
    done.session.store.close()
    return {
        "study": str(request.folder / "study.yaml"),
        "read": chosen.words,
        "profile": done.profile,
        "notes": list(done.notes),
    }


def _require_reports_whole(faults: Sequence[Fault]) -> None:
    """No damaged file may be a report: an older one would stand in for it, or none.

    Raises:
        InputError: one may be.
    """
    from pydicom import dcmread
    from pydicom.errors import BytesLengthException, InvalidDicomError

    for fault in faults:
        try:
            modality = dcmread(fault.path, force=True, specific_tags=["Modality"], stop_before_pixels=True)
            known = str(modality.get("Modality", ""))
        except (OSError, EOFError, ValueError, InvalidDicomError, BytesLengthException):
            known = ""
        if known in ("", "SR"):
            raise InputError(
                f"{fault} It may be a report of the read: put a whole one in its place, or take it away."
            )


if __name__ == "__main__":
    serve(RestoreRequest.read, work)
