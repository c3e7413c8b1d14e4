"""Makes the proposals of a read in a process of its own: ``python -m HCCResponseLib.pipeline.worker request.json``."""

from typing import Any

from HCCResponseLib.base.jobs import Report, serve
from HCCResponseLib.pipeline.propose import propose
from HCCResponseLib.pipeline.request import AssignedRead, ProposalRequest
from HCCResponseLib.review.committee.assignments import open_read
from HCCResponseLib.review.read.session import open_session
from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.store import ReadStore


def work(request: ProposalRequest, report: Report) -> dict[str, Any]:
    """Propose what is not proposed yet.

    Returns:
        ``waiting``: names of time points that wait for decisions on the baseline.
    """
    session = open_session(request.study, request.folder, _assigned(request.assigned), by="software")
    return {"waiting": propose(session, request.options, report)}


def _assigned(read: AssignedRead | None) -> tuple[ReadStore, ReadState] | None:
    return None if read is None else open_read(ReadStore(read.store), read.person, read.read_id)


if __name__ == "__main__":
    serve(ProposalRequest.read, work)
