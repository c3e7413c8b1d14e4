"""The model card: facts as YAML for the software, text for people."""

from typing import Any

import yaml

_TEXT = """
# {name}

A small FCD network (fully convolutional DenseNet) that marks liver and tumour on abdominal CT, with or without a
prior contour as a second input channel. **For research use; not cleared for clinical use.**

| | |
|---|---|
| Parameters | {parameters:,} |
| File | {bytes:,} bytes, safetensors, SHA-256 `{sha256}` |
| Values of all tensors, whatever the file | SHA-256 `{tensors_sha256}` |
| Trained on | {training_data} ({subjects} subjects, seeds from 1,000,000 on) |
| Steps | {steps}, batch {batch}, patch {patch} voxels at {spacing} mm (z, y, x), seed {seed} |
| Held-out phantoms, tumour Dice on patches | {without_prior:.2f} without, {with_prior:.2f} with a prior contour |
| Time | {minutes} minutes on the machine it was trained on{resumed} |
| Licence | {licence}; training data: {training_data_licence} |

Made by (the bits depend on processor and number of threads):

```
{commands}
```

## What it is good for
* the built-in demonstration and the tests, which run on phantoms;
* a start for adaptation: from a reader's accepted baseline contour it is fine-tuned to one patient.

## What it is not good for
{real}
* MRI, unenhanced CT, other organs, other phases than portal venous, slices over 5 mm.
* Lesions under about 10 mm, infiltrative growth, portal vein thrombus, diffuse disease.
* Any decision without a reader.
"""

_FORMERLY = "  # with the training patches from before small lesions were magnified"
# Options that the command names only when they are not what they are by default.
_OPTIONAL = {"schedule": "polynomial", "warm_up": 0, "precision": "float32"}
_NEVER = """* **Finding tumours on real CT unaided.** It has never seen a patient. On real scans its liver contour and
  its candidates for new lesions are proposals of low reliability; expect false ones and misses."""
_SEEN = """* **Finding tumours unaided on scans of other hospitals** than those of its training data, which has not
  been measured; expect false candidates and misses."""


# What the phantoms of this software are like (nets/pool.py), with slices up to those of routine scans; a liver as large
# and as bright as livers are. Engines read it by HCCResponseLib.engines.domain.
DRAWN_DOMAIN = {
    "modality": "CT",
    "phases": ["portal venous"],
    "slice_thickness_mm": [0.5, 5.0],
    "liver_ml": [400.0, 5000.0],
    "liver_hu": [20.0, 220.0],
}


def card_text(facts: dict[str, Any]) -> str:
    """The card: a YAML block between ``---`` lines, then Markdown.

    Args:
        facts: as ``hcc-response train`` gathers them: name, hashes, ``plan``, ``validation_dice``, licences, notes.
    """
    plan, scores = facts["plan"], facts["validation_dice"]
    head = yaml.safe_dump(plain_values(facts), sort_keys=False, allow_unicode=True)
    values = {**facts, **plan, **scores, "spacing": " x ".join(f"{s:g}" for s in plan["spacing"])}
    values["real"] = _SEEN if facts.get("data_folders") else _NEVER
    resumed = facts.get("resumed_at_step")
    values["resumed"] = f", from step {resumed} on" if resumed else ""
    values["commands"] = "\n".join(_commands(facts))
    return f"---\n{head}---\n{_TEXT.format(**values)}"


def _commands(facts: dict[str, Any]) -> list[str]:
    """The training commands, one a stage; every stage goes on from the one before."""
    stages = [facts["plan"]]
    earlier = facts.get("started_from")
    while earlier:
        stages.insert(0, earlier["plan"])
        earlier = earlier.get("started_from")
    lines = []
    for number, plan in enumerate(stages, start=1):
        last = number == len(stages)
        name = facts["name"] if last else f"stage{number}"
        words = f"hcc-response train --output {name}.safetensors --subjects {plan['subjects']} --steps {plan['steps']}"
        words += f" --seed {plan['seed']} --learning-rate {plan['learning_rate']:g}"
        other = {k: plan[k] for k, usual in _OPTIONAL.items() if plan.get(k, usual) != usual}
        words += "".join(f" --{k.replace('_', '-')} {v}" for k, v in other.items())
        words += "".join(f" --data {d}" for d in (facts.get("data_folders") or ()) if last)
        words += f" --start stage{number - 1}.safetensors" if number > 1 else ""
        lines.append(words if "fine" in plan else words + _FORMERLY)
    return lines


def plain_values(value: Any) -> Any:
    """Tuples to lists, at any depth, as YAML and JSON give them back."""
    if isinstance(value, dict):
        return {k: plain_values(v) for k, v in value.items()}
    return [plain_values(v) for v in value] if isinstance(value, list | tuple) else value
