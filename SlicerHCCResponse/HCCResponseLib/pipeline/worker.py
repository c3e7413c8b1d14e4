"""Makes the proposals of a read in a process of its own: ``python -m HCCResponseLib.pipeline.worker request.json``."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from HCCResponseLib.base.jobs import Report, serve
from HCCResponseLib.imaging.study import Study
from HCCResponseLib.pipeline.propose import Options, open_session, propose
from HCCResponseLib.review.committee.assignments import open_read
from HCCResponseLib.review.people.people import Person
from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.store import ReadStore


def work(request: dict[str, Any], report: Report) -> dict[str, Any]:
    """Propose what is not proposed yet.

    Args:
        request: ``study`` (as :class:`Study` writes itself), ``folder`` of the read, ``options``; for an assigned read
            also ``assigned`` with ``store``, ``read_id`` and the ``person`` who has signed in.

    Returns:
        ``waiting``: names of time points that wait for decisions on the baseline.
    """
    study, folder = Study.model_validate(request["study"]), Path(request["folder"])
    session = open_session(study, folder, _assigned(request.get("assigned")))
    options = TypeAdapter(Options).validate_python(request["options"])
    return {"waiting": propose(session, options, report)}


def _assigned(request: dict[str, Any] | None) -> tuple[ReadStore, ReadState] | None:
    if request is None:
        return None
    person = TypeAdapter(Person).validate_python(request["person"])
    return open_read(ReadStore(request["store"]), person, request["read_id"])


def _stop(*_: object) -> None:
    # As an exception, so that a job of our own in a further process is ended on the way out.
    sys.exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    serve(work)
