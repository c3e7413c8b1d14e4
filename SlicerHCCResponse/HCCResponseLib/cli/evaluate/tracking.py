"""``hcc-response evaluate tracking``: lesion identities and new lesions on drawn pairs with known truth."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.cli.common import ModelOption, console, errors_as_one_line, say, say_json

if TYPE_CHECKING:
    from HCCResponseLib.nets.model import Model

_WORDS = {
    "identity": "identity correct",
    "simple": "identity, neither split nor merged",
    "split": "splits recognised",
    "merged": "merges recognised",
    "gone": "gone recognised",
    "gone_wrongly": "still there, called gone",
    "seen": "lesions seen by the network",
    "new_found": "new lesions >= 10 mm found",
    "new_f1": "new lesions, F1",
    "false_per_scan": "false candidates a scan",
}


def tracking(
    pairs: Annotated[int, typer.Option(min=1, help="Pairs with true masks.")] = 60,
    own: Annotated[int, typer.Option(min=0, help="Pairs with the base network's own masks (slow).")] = 0,
    first_seed: Annotated[
        int | None, typer.Option(help="First seed; default: the held-out block, on which nothing was tuned.")
    ] = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="JSON lines, one for each pair; pairs in it are not computed again."
        ),
    ] = Path("benchmark-output/tracking.jsonl"),
    model: ModelOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Lesion identities, splits, merges and new lesions on drawn pairs, beside the published method."""
    with errors_as_one_line():
        from HCCResponseLib.evaluation.tracking.cases import HELD_OUT_SEED
        from HCCResponseLib.evaluation.tracking.own import OWN_MASKS, run_own_masks
        from HCCResponseLib.evaluation.tracking.run import OURS, PUBLISHED, run_true_masks
        from HCCResponseLib.evaluation.tracking.stats import summarise

        start = HELD_OUT_SEED if first_seed is None else first_seed
        wanted = [("true masks", start + i) for i in range(pairs)] + [
            (OWN_MASKS, start + i) for i in range(own)
        ]
        output.parent.mkdir(parents=True, exist_ok=True)
        base = _base(model) if own else None
        records = _kept(output, base.sha256 if base else "")
        for arm, seed in wanted:
            if (arm, seed) in records:
                continue
            record = run_own_masks(seed, base) if base and arm == OWN_MASKS else run_true_masks(seed)
            with output.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(record) + "\n")
            records[arm, seed] = record
            console.print(f"{arm}, seed {seed}: done", markup=False)
        figures = summarise([records[key] for key in wanted], (OURS, PUBLISHED))
        if as_json:
            say_json({**figures, "not_defined": _reasons(figures)})
        else:
            _tell(figures)


def _base(model: Path | None) -> "Model":
    from HCCResponseLib.nets.model import load_model

    return load_model(model)


def _kept(path: Path, base_sha256: str) -> dict[tuple[str, int], dict[str, Any]]:
    """Records of an earlier run; a last line that a crash cut short is done again, and so is what other weights saw."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                continue
            if record["arm"] == "true masks" or record.get("base_sha256") == base_sha256:
                found[record["arm"], record["seed"]] = record
    return found


def _tell(figures: dict[str, Any]) -> None:
    for arm, content in figures.items():
        say(f"\n{arm}: {content['pairs']} pairs")
        for method in [k for k in content if k not in ("pairs", "registration")]:
            say(f"  {method}")
            for key, value in content[method].items():
                say(f"    {_WORDS.get(key, key.replace('_', ' ')):<38}{_figure(value)}")
        facts = content["registration"].items()
        words = (f"{k.replace('_', ' ')} {'not defined' if v is None else v}" for k, v in facts)
        say("  registration: " + ", ".join(words))


def _reasons(figures: dict[str, Any]) -> dict[str, str]:
    """Why figures or their intervals are null, by arm, method and figure."""
    found = {}
    for arm, content in figures.items():
        for method in [k for k in content if k not in ("pairs", "registration")]:
            for key, value in content[method].items():
                if isinstance(value, tuple) and None in value[:3]:
                    alike = value[0] is not None
                    found[f"{arm}, {method}, {key}"] = "all pairs are alike" if alike else _asked(value)
    return found


def _asked(value: tuple[Any, ...]) -> str:
    return f"n = {value[3] if len(value) > 3 else 0}"


def _figure(value: Any) -> str:
    if not isinstance(value, tuple):
        return f"{value:.3f}"
    middle, low, high, *asked = value
    if middle is None:
        return f"not defined ({_asked(value)})"
    interval = (
        "95 % interval not defined: all pairs alike" if low is None else f"95 % {low:.3f} to {high:.3f}"
    )
    return f"{middle:.3f}  ({interval})" + (f" of {asked[0]}" if asked else "")
