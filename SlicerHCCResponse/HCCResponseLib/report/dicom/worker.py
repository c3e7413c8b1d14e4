"""Writes a read as DICOM objects, and stores them in an archive, in a process of its own."""

from pathlib import Path
from typing import Any

from HCCResponseLib.base.jobs import Progress, Report, serve
from HCCResponseLib.base.jobs.request import JobRequest
from HCCResponseLib.imaging.study import Study

WORKER = "HCCResponseLib.report.dicom.worker"
FOLDER = "dicom"


class DicomRequest(JobRequest):
    """Which read is written, and where it goes.

    Attributes:
        folder: of the read; the objects go into ``dicom`` in it.
        by: who has it written.
        include_unsigned: also where it is not signed to its end.
        archive: name of the archive to store them in; empty for none.
        servers: the list of archives; ``None`` for the user's own.
    """

    study: Study
    folder: Path
    by: str = ""
    include_unsigned: bool = False
    archive: str = ""
    servers: Path | None = None


def work(request: DicomRequest, report: Report) -> dict[str, Any]:
    """Write the objects, then store them.

    Returns:
        ``folder`` of the objects, ``files``, and how many were ``stored`` and had been ``there_before``.
    """
    # A window asks for this and must not load what writes DICOM.
    from HCCResponseLib.dicom.servers.archive import archive_of
    from HCCResponseLib.dicom.servers.config import server_named
    from HCCResponseLib.report.dicom.objects import write_dicom_objects
    from HCCResponseLib.review.read.session import open_session

    # An archive that is not known, or whose password is not, is said before anything is written.
    archive = (
        archive_of(request.archive, server_named(request.archive, request.servers))
        if request.archive
        else None
    )
    report(Progress("Writing DICOM objects", 0.1))
    session = open_session(request.study, request.folder, None, by=request.by)
    files = write_dicom_objects(session, request.folder / FOLDER, request.include_unsigned)
    stored, before = 0, 0
    if archive is not None:
        done = archive.store(
            files, lambda n, of: report(Progress(f"Storing, {n} of {of} objects", 0.5 + 0.5 * n / max(of, 1)))
        )
        stored, before = len(done.done), done.before
    return {
        "folder": str(request.folder / FOLDER),
        "files": [str(file) for file in files],
        "stored": stored,
        "there_before": before,
    }


if __name__ == "__main__":
    serve(DicomRequest.read, work)
