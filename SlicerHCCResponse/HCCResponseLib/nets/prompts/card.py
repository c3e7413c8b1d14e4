"""The card of a prompt network: facts as YAML for the software, text for people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from HCCResponseLib.nets.card import plain_values
from HCCResponseLib.nets.prompts.network import PromptNetwork
from HCCResponseLib.nets.prompts.pack import ScanFacts

_TEXT = """
# {name}

Contours one lesion on CT from what a reader shows of it: a line from border to border, clicks, a box.
**For research use; not cleared for clinical use.**

Tumours grown in the livers of {patients} patients{real}; lines drawn as readers draw them, some carelessly.
{steps_done} steps of {batch} samples on cubes of {side} voxels, {minutes} minutes on {device}.

| scan | patient | licence | source | liver by |
|---|---|---|---|---|
{rows}

Made by (with other processes that draw samples, a run cannot be repeated bit by bit):

```
{command}
```

What it is worth: `hcc-response evaluate prompts` on patients that it has not learned from.
"""


def prompt_card(
    path: Path, digest: str, network: PromptNetwork, notes: dict[str, Any], scans: Sequence[ScanFacts]
) -> str:
    """The card: a YAML block between ``---`` lines, then Markdown."""
    licences = sorted({s.licence for s in scans})
    facts = {
        "name": path.stem,
        "sha256": digest,
        "bytes": path.stat().st_size,
        "licence": "Apache-2.0",
        "training_data_licence": "; ".join(licences),
        # Learned from portal venous and arterial scans of 1.5 to 5 mm; the lesion is shown, so no liver is asked for.
        "domain": {
            "modality": "CT",
            "phases": ["portal venous", "arterial"],
            "slice_thickness_mm": [0.5, 5.0],
        },
        **notes,
    }
    head = yaml.safe_dump(plain_values(facts), sort_keys=False, allow_unicode=True)
    rows = "\n".join(f"| {s.name} | {s.patient} | {s.licence} | {s.source} | {s.liver_from} |" for s in scans)
    real = sum(s.real_lesions for s in scans)
    text = _TEXT.format(
        name=path.stem,
        patients=len(notes["patients"]),
        real=f", and real ones of {real} scans" if real else "",
        rows=rows,
        batch=notes["plan"]["batch"],
        side=network.side,
        command=_command(path, notes),
        **{k: notes[k] for k in ("steps_done", "minutes", "device")},
    )
    return f"---\n{head}---\n{text}"


def _command(path: Path, notes: dict[str, Any]) -> str:
    """The training command."""
    plan = notes["plan"]
    words = [f"hcc-response prompts train livers.pack --output {path.name} --steps {plan['steps']}"]
    for name in ("minutes", "batch", "kept", "warm_up", "learning_rate", "seed"):
        words.append(f"--{name.replace('_', '-')} {plan[name]:g}")
    words += [f"--without {patient}" for patient in notes.get("left_out", ())]
    words += ["--start STARTED_FROM"] if "started_from" in notes else []
    return " ".join(words)
