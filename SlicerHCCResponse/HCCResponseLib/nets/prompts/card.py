"""The card of a prompt network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from HCCResponseLib.nets.prompts.network import PromptNetwork
from HCCResponseLib.nets.prompts.pack import ScanFacts
from HCCResponseLib.nets.streamed.card import streamed_card

_TEXT = """
# {{name}}

Contours one lesion on CT from what a reader shows of it: a line from border to border, clicks, a box.
**For research use; not cleared for clinical use.**

Tumours grown in the livers of {{patients}} patients, real ones of {{real}} scans among them; lines drawn as readers
draw them, some carelessly. {{steps_done}} steps of {{batch}} samples on cubes of {side} voxels, {{minutes}} minutes on
{{device}}.

{{table}}

{{made_by}}

What it is worth: `hcc-response evaluate prompts` on patients that it has not learned from.
"""
# Learned from portal venous and arterial scans of 1.5 to 5 mm; the lesion is shown, so no liver is asked for.
_DOMAIN = {"modality": "CT", "phases": ["portal venous", "arterial"], "slice_thickness_mm": [0.5, 5.0]}


def prompt_card(
    path: Path, digest: str, network: PromptNetwork, notes: dict[str, Any], scans: Sequence[ScanFacts]
) -> str:
    """The card: a YAML block between ``---`` lines, then Markdown."""
    command = "hcc-response prompts train livers.pack"
    return streamed_card(
        _TEXT.format(side=network.side), path, digest, {"domain": _DOMAIN}, notes, scans, command
    )
