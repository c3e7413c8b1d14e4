"""The card of a base network that was trained from a pack: facts as YAML for the software, text for people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import yaml

from HCCResponseLib.nets.card import plain_values
from HCCResponseLib.nets.model import tensors_sha256
from HCCResponseLib.nets.prompts.pack import ScanFacts

_TEXT = """
# {name}

Marks liver and tumour on abdominal CT, with or without a prior contour as a second input channel.
**For research use; not cleared for clinical use.**

Tumours grown in the scans of {patients} patients{real}, and subjects that this software draws.
{steps_done} steps of {batch} patches of 64 voxels a side at 1, 2 and 4 mm, {minutes} minutes on {device}.

| scan | patient | licence | source | liver by |
|---|---|---|---|---|
{rows}

What it is worth: `hcc-response evaluate segmentation` on patients that it has not learned from, `docs/models.md`.

## What it is not good for
* MRI, unenhanced CT, other organs, slices over 5 mm.
* Infiltrative growth, portal vein thrombus, diffuse disease: few or none were in its training.
* Finding tumours without a reader: almost all of its tumours were grown by a program. Expect misses
  and false candidates.
* Any decision without a reader.
"""

_DOMAIN = {
    "modality": "CT",
    "phases": ["portal venous", "arterial"],
    "slice_thickness_mm": [0.5, 5.0],
    "liver_ml": [400.0, 5000.0],
    "liver_hu": [20.0, 220.0],
}


def base_card(
    path: Path, digest: str, network: torch.nn.Module, notes: dict[str, Any], scans: Sequence[ScanFacts]
) -> str:
    """The card: a YAML block between ``---`` lines, then Markdown."""
    state = network.state_dict()
    facts = {
        "name": path.stem,
        "sha256": digest,
        "bytes": path.stat().st_size,
        "tensors_sha256": tensors_sha256(state),
        "parameters": sum(v.numel() for v in state.values()),
        "licence": "Apache-2.0",
        "training_data": "public scans as listed, and subjects drawn by this software",
        "training_data_licence": "; ".join(sorted({s.licence for s in scans})),
        "domain": _DOMAIN,
        **notes,
    }
    head = yaml.safe_dump(plain_values(facts), sort_keys=False, allow_unicode=True)
    rows = "\n".join(f"| {s.name} | {s.patient} | {s.licence} | {s.source} | {s.liver_from} |" for s in scans)
    real = sum(s.real_lesions for s in scans)
    text = _TEXT.format(
        name=path.stem,
        patients=len(notes["patients"]),
        real=f", real tumours of {real} among them" if real else "",
        rows=rows,
        batch=notes["plan"]["batch"],
        **{k: notes[k] for k in ("steps_done", "minutes", "device")},
    )
    return f"---\n{head}---\n{text}"
