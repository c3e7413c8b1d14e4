"""Writes contours, result and report of a read in a process of its own: pictures take seconds."""

from pathlib import Path
from typing import Any

from HCCResponseLib.base.jobs import Progress, Report, serve
from HCCResponseLib.base.jobs.request import JobRequest
from HCCResponseLib.imaging.study import Study
from HCCResponseLib.pipeline.request import AssignedRead

WORKER = "HCCResponseLib.report.subject.worker"


class OutputRequest(JobRequest):
    """Which read is written out, and for whom.

    Attributes:
        folder: of the read; the files go there.
        by: who has it written.
        assigned: for a read that was assigned to somebody.
    """

    study: Study
    folder: Path
    by: str = ""
    assigned: AssignedRead | None = None


def work(request: OutputRequest, report: Report) -> dict[str, Any]:
    """Write the files.

    Returns:
        ``report``: path of the report.
    """
    # A window asks for this and must not load what draws pictures.
    from HCCResponseLib.report.subject.output import write_outputs
    from HCCResponseLib.review.read.session import open_session

    report(Progress("Writing contours, result and report", 0.1))
    opened = None if request.assigned is None else request.assigned.open()
    session = open_session(request.study, request.folder, opened, by=request.by)
    return {"report": write_outputs(session, by=request.by)["report"]}


if __name__ == "__main__":
    serve(OutputRequest.read, work)
