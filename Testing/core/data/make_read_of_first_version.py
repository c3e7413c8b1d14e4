"""Writes ``read_of_first_version.sql``: a read as the first version of the store (commit d110a6b) wrote it.

    git worktree add /tmp/first d110a6b
    PYTHONPATH=/tmp/first/SlicerHCCResponse:Testing/support python Testing/core/data/make_read_of_first_version.py

Run with today's store it would write today's schema, so it refuses.
"""

import sqlite3
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

import numpy as np

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.response.types import Response
from HCCResponseLib.review import store as module
from HCCResponseLib.review.decisions.decide import decide, decide_non_target
from HCCResponseLib.review.read.records import Action, Decision, NonTargetDecision
from reads import BASELINE, FOLLOW_UP, candidate, lesion, make_read

OUTPUT = Path(__file__).with_name("read_of_first_version.sql")


def main() -> None:
    if hasattr(module, "open_store"):
        sys.exit("This is not the first version of the store; see the text at the top.")
    path = Path(tempfile.mkdtemp()) / "read.sqlite"
    store, state = make_read(
        path,
        [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 24), lesion(FOLLOW_UP, "L2", 12), candidate()],
    )
    mask = np.zeros((6, 20, 20), bool)
    mask[2:4, 4:16, 5:12] = True
    geometry = Geometry((6, 20, 20), (2.0, 1.0, 1.0))
    who = "Dr Zoë O'Neil"
    decide(store, state, Decision(who, BASELINE, "L1", Action.ACCEPT))
    decide(store, state, Decision(who, FOLLOW_UP, "L1", Action.EDIT, contour=Lesion.of(mask)), geometry)
    decide(
        store, state, Decision(who, FOLLOW_UP, "L1", Action.EDIT, long_axis_mm=Decimal("23.5"), reason="line")
    )
    decide(store, state, Decision(who, FOLLOW_UP, "L2", Action.REJECT, reason="vessel; DROP TABLE events"))
    decide_non_target(store, state, NonTargetDecision(who, FOLLOW_UP, Response.NON_CR_NON_PD))
    store.append("software", "result", {"reviewed": False})
    assert store.verify() is None
    store.close()
    connection = sqlite3.connect(path)
    OUTPUT.write_text("\n".join(connection.iterdump()) + "\n", encoding="utf-8")
    connection.close()


if __name__ == "__main__":
    main()
