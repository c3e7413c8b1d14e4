"""Makes the proposals of a read in a process of its own: ``python -m HCCResponseLib.pipeline.worker request.json``."""

from typing import Any

from HCCResponseLib.base.in_use import in_use
from HCCResponseLib.base.jobs import Report, serve
from HCCResponseLib.pipeline.propose import propose
from HCCResponseLib.pipeline.request import ProposalRequest
from HCCResponseLib.review.read.session import open_session


def work(request: ProposalRequest, report: Report) -> dict[str, Any]:
    """Propose what is not proposed yet.

    Returns:
        ``waiting``: names of time points that wait for decisions on the baseline.
    """
    with in_use(request.folder, "panel of 3D Slicer"):
        opened = None if request.assigned is None else request.assigned.open()
        session = open_session(request.study, request.folder, opened, by="software")
        return {"waiting": propose(session, request.options, report)}


if __name__ == "__main__":
    serve(ProposalRequest.read, work)
