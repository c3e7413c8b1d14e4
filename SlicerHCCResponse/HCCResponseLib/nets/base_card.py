"""The card of a base network that was trained from packs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from HCCResponseLib.nets.model import tensors_sha256
from HCCResponseLib.nets.prompts.pack import ScanFacts
from HCCResponseLib.nets.streamed.card import streamed_card

_TEXT = """
# {name}

Marks liver and tumour on abdominal CT, with or without a prior contour as a second input channel.
**For research use; not cleared for clinical use.**

Tumours painted into the scans of {patients} patients and taken over from {real} with real ones, and subjects that this
software draws. {steps_done} steps of {batch} patches of 64 voxels a side at 1, 2 and 4 mm, {minutes} minutes on
{device}.

{table}

{made_by}

What it is worth: `hcc-response evaluate segmentation` on patients that it has not learned from, `docs/models.md`.

## What it is not good for
* MRI, unenhanced CT, other organs, other phases than portal venous, slices over 5 mm.
* Infiltrative growth, portal vein thrombus, diffuse disease: few or none were in its training.
* Finding tumours without a reader: few of its tumours are real ones. Expect misses and false candidates.
* Any decision without a reader.
"""

# Two of its patients were scanned in the arterial phase, and on no other arterial scan has it been measured.
_DOMAIN = {
    "modality": "CT",
    "phases": ["portal venous"],
    "slice_thickness_mm": [0.5, 5.0],
    "liver_ml": [400.0, 5000.0],
    "liver_hu": [20.0, 220.0],
}


def base_card(
    path: Path, digest: str, network: torch.nn.Module, notes: dict[str, Any], scans: Sequence[ScanFacts]
) -> str:
    """The card: a YAML block between ``---`` lines, then Markdown."""
    state = network.state_dict()
    own = {
        "tensors_sha256": tensors_sha256(state),
        "parameters": sum(v.numel() for v in state.values()),
        "training_data": "public scans as listed, and subjects drawn by this software",
        "domain": _DOMAIN,
    }
    command = "hcc-response train --pack whole.pack --pack livers.pack"
    return streamed_card(_TEXT, path, digest, own, notes, scans, command)
