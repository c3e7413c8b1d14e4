"""What every training from a pack shares: the line that says how it goes, and the facts for its card."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from HCCResponseLib import __version__
from HCCResponseLib.cli.common import console

if TYPE_CHECKING:
    from HCCResponseLib.nets.prompts.pack import ScanFacts
    from HCCResponseLib.nets.streamed.training import StreamPlan, StreamTraining

CHECKPOINT, _CURVE = ".checkpoint.pt", ".losses.json"
_EVERY_S = 20.0


def reporter(plan: StreamPlan) -> Callable[[StreamTraining], None]:
    """One line every 20 seconds: step, loss, rate."""
    last = [time.monotonic(), 0]

    def report(state: StreamTraining) -> None:
        now = time.monotonic()
        if now - last[0] < _EVERY_S and state.step > 1:
            return
        recent = state.losses[-100:]
        rate = (state.step - last[1]) * plan.batch / max(now - last[0], 1e-6)
        last[:] = [now, state.step]
        console.print(
            f"step {state.step} of {plan.steps}, {state.seconds / 60:.1f} min, loss {sum(recent) / len(recent):.3f}, "
            f"{rate:.1f} samples/s, {state.drawn} drawn"
        )

    return report


def training_notes(
    plan: StreamPlan,
    state: StreamTraining,
    scans: Sequence[ScanFacts],
    device: str,
    left_out: Sequence[str] = (),
) -> dict[str, Any]:
    """Facts about a training for the model file and its card."""
    from HCCResponseLib.nets.precision import device_in_words

    return {
        "software": f"hcc-response {__version__}",
        "trained": datetime.now(UTC).date().isoformat(),
        "plan": plan.as_dict(),
        "steps_done": state.step,
        "samples_drawn": state.drawn,
        "minutes": round(state.seconds / 60, 1),
        "device": device_in_words(device),
        "patients": sorted({s.patient for s in scans}),
        "left_out": sorted(left_out),
    }


def write_curve(output: Path, state: StreamTraining) -> None:
    """The loss of every step beside the weights."""
    from HCCResponseLib.base.files import write_text

    write_text(output.with_suffix(_CURVE), json.dumps([round(v, 4) for v in state.losses]))
