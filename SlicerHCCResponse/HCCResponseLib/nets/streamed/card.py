"""The card of a network that was trained from packs: facts as YAML for the software, text for people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from HCCResponseLib.nets.card import plain_values
from HCCResponseLib.nets.prompts.pack import ScanFacts

_OPTIONS = ("minutes", "batch", "kept", "warm_up", "learning_rate", "seed")
_TABLE = """| scan | patient | licence | source | liver by |
|---|---|---|---|---|
"""
_MADE_BY = "Made by (with other processes that draw samples, a run cannot be repeated bit by bit):"


def streamed_card(
    text: str,
    path: Path,
    digest: str,
    own: Mapping[str, Any],
    notes: Mapping[str, Any],
    scans: Sequence[ScanFacts],
    command: str,
) -> str:
    """The card: a YAML block between ``---`` lines, then Markdown.

    Args:
        text: with places for ``name``, ``patients``, ``real`` (the number of scans with real lesions), ``table``,
            ``made_by``, and for what ``notes`` and their plan hold.
        own: facts of this kind of network, its domain among them; notes: of the training.
        scans: of all packs; a scan that is in two of them counts once.
        command: that begins a training command.
    """
    each = {s.name: s for s in scans}.values()
    facts = {
        "name": path.stem,
        "sha256": digest,
        "bytes": path.stat().st_size,
        "licence": "Apache-2.0",
        "training_data_licence": "; ".join(sorted({s.licence for s in each})),
        **own,
        **notes,
    }
    head = yaml.safe_dump(plain_values(facts), sort_keys=False, allow_unicode=True)
    rows = (f"| {s.name} | {s.patient} | {s.licence} | {s.source} | {s.liver_from} |" for s in each)
    values = {
        **notes["plan"],
        **{k: notes[k] for k in ("steps_done", "minutes", "device")},
        "name": path.stem,
        "patients": len(notes["patients"]),
        "real": sum(s.real_lesions for s in each),
        "table": _TABLE + "\n".join(rows),
        "made_by": f"{_MADE_BY}\n\n```\n{_commands(command, path, notes)}\n```",
    }
    return f"---\n{head}---\n{text.format(**values)}"


def _commands(command: str, path: Path, notes: Mapping[str, Any]) -> str:
    """The training commands, one a stage; every stage goes on from the weights of the one before."""
    stages = [notes]
    while "started_from" in stages[0]:
        stages.insert(0, stages[0]["started_from"])
    lines = []
    for number, stage in enumerate(stages, start=1):
        plan = stage["plan"]
        output = path.name if number == len(stages) else f"stage{number}{path.suffix}"
        words = [f"{command} --output {output} --steps {plan['steps']}"]
        words += [f"--{name.replace('_', '-')} {plan[name]:g}" for name in _OPTIONS]
        words += [f"--without {patient}" for patient in stage.get("left_out", ())]
        words += [f"--start stage{number - 1}{path.suffix}"] if number > 1 else []
        lines.append(" ".join(words))
    return "\n".join(lines)
