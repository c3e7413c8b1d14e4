"""The figures that README and docs give of the shipped network: from the results of the benchmarks into one file.

make figures                                   # measures (hours; goes on where it stopped), then runs this
python Testing/figures.py build/figures        # only gathers what is there, and says which sentences have to change

docs/figures.json holds each group with the hash of the weights that it was measured with. A group without new results
stays as it is. A test holds the hashes against the shipped weights, and every one of ``SENTENCES`` against the file.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from HCCResponseLib.base.files import sha256_of
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.evaluation.adaptation.stats import summarise as summarise_adaptation
from HCCResponseLib.evaluation.adaptation.store import read_records
from HCCResponseLib.evaluation.tracking.own import OWN_MASKS
from HCCResponseLib.evaluation.tracking.stats import summarise as summarise_tracking
from HCCResponseLib.nets.model import DEFAULT_MODEL
from HCCResponseLib.statistics.estimate import Estimate

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "figures.json"
ADAPTATION, NEW_LESIONS = "adaptation", "new_lesions"
# Where docs give a figure: the page, and the words around it.
SENTENCES = (
    ("README.md", "on {adaptation.pairs} synthetic pairs its Dice coefficient is {adaptation.ours.dice:.3f} against "
     "{adaptation.base.dice:.3f}"),
    ("README.md", "the category is right in {adaptation.ours.right} of {adaptation.pairs} (kappa "
     "{adaptation.ours.kappa:.2f}) against {adaptation.base.right} of {adaptation.pairs} "
     "({adaptation.base.kappa:.2f})"),
    ("README.md", "sums of diameters are short on average ({adaptation.ours.bias_percent:+.1f} %)"),
    ("README.md", "lie between {adaptation.ours.limits_percent[0]:.0f} and {adaptation.ours.limits_percent[1]:+.0f} % "
     "of the truth"),
    ("README.md", "Of {new_lesions.true} new lesions of at least 10 mm in {new_lesions.pairs} synthetic pairs the base "
     "network found {new_lesions.found} (F1 {new_lesions.f1:.2f}), with {new_lesions.false_per_scan:.1f} false "
     "candidates a scan"),
    ("docs/benchmark.md", "| DSC >= 0.70 | {adaptation.ours.dice:.3f} ("),
    ("docs/benchmark.md", "| sum of diameters, bias <= 3 % | {adaptation.ours.bias_percent:+.1f} % ("),
    ("docs/benchmark.md", "| limits of agreement inside -9.8 / +13.1 % | {adaptation.ours.limits_percent[0]:.1f} / "
     "{adaptation.ours.limits_percent[1]:+.1f} % |"),
    ("docs/benchmark.md", "| kappa >= 0.85 | {adaptation.ours.kappa:.2f} ({adaptation.ours.kappa_interval[0]:.2f} to "
     "{adaptation.ours.kappa_interval[1]:.2f}), {adaptation.ours.right} of {adaptation.pairs} categories |"),
    ("docs/benchmark.md", "| {adaptation.base.right} of {adaptation.pairs} ("),
    ("docs/benchmark.md", "| {adaptation.base.kappa:.2f} ({adaptation.base.kappa_interval[0]:.2f} to "
     "{adaptation.base.kappa_interval[1]:.2f}) |"),
    ("docs/tracking.md", "| new lesions, F1 | {new_lesions.f1:.3f} ({new_lesions.f1_interval[0]:.3f} to "
     "{new_lesions.f1_interval[1]:.3f}) |"),
    ("docs/tracking.md", "{new_lesions.pairs} of these pairs (two segmentations and a registration"),
    ("docs/tracking.md", "| new lesions >= 10 mm found ({new_lesions.true}) |"),
    ("docs/tracking.md", "| false candidates per scan; falsely suggested as new | "
     "{new_lesions.false_per_scan:.3f} ("),
)  # fmt: skip


class _Group(dict[str, Any]):
    """A group whose figures are found by a name with dots, as sentences name them."""

    def __getattr__(self, name: str) -> Any:
        value = self[name]
        return _Group(value) if isinstance(value, dict) else value


def shipped() -> str:
    """SHA-256 of the weights that are shipped."""
    return sha256_of(resource_path(DEFAULT_MODEL))


def stored() -> dict[str, Any]:
    """The groups of docs/figures.json by name."""
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def in_words(template: str, figures: dict[str, Any]) -> str:
    """A sentence with its figures."""
    return template.format(**{name: _Group(group) for name, group in figures.items()})


def missing(figures: dict[str, Any]) -> list[str]:
    """Sentences that their page does not say, as ``page: sentence``; line breaks do not count."""
    found = []
    for page, template in SENTENCES:
        sentence, text = in_words(template, figures), (ROOT / page).read_text(encoding="utf-8")
        if sentence not in " ".join(text.split()):
            found.append(f"{page}: {sentence}")
    return found


def adaptation(folder: Path, weights: str) -> dict[str, Any] | None:
    """Base and adapted network on the drawn pairs of ``evaluate synthetic``; ``None`` without their results."""
    drawn = [r for r in read_records(folder) if r["background"] == "phantom" and r["base_sha256"] == weights]
    methods = {m: [r for r in drawn if r["method"]["name"] == m] for m in ("base", "ours")}
    if not all(methods.values()):
        return None
    sizes = {len(records) for records in methods.values()}
    if len(sizes) > 1:
        raise SystemExit(
            f"Base and adapted network have not seen the same pairs yet: {sizes}. Go on measuring."
        )
    return {
        "weights_sha256": weights,
        "command": "hcc-response evaluate synthetic --pairs 40 --methods base,ours",
        "pairs": sizes.pop(),
        **{name: _method(records) for name, records in methods.items()},
    }


def _method(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found = summarise_adaptation(records)
    return {
        "dice": _rounded(found.dsc.value),
        "dice_interval": _interval(found.dsc),
        "bias_percent": _rounded(found.bias_percent.value),
        "limits_percent": [_rounded(v) for v in found.limits],
        "right": found.agreed,
        "kappa": _rounded(found.kappa.value),
        "kappa_interval": _interval(found.kappa),
    }


def new_lesions(file: Path, weights: str) -> dict[str, Any] | None:
    """New lesions found by the network's own masks in ``evaluate tracking --own``; ``None`` without its results."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    records = [r for r in map(json.loads, lines) if r["arm"] == OWN_MASKS and r.get("base_sha256") == weights]
    if not records:
        return None
    figures = summarise_tracking(records, ())[OWN_MASKS]["candidates"]
    triples = [r["candidates"]["new"] for r in records]
    return {
        "weights_sha256": weights,
        "command": "hcc-response evaluate tracking --pairs 1 --own 14",
        "pairs": len(records),
        "true": sum(t[1] for t in triples),
        "found": sum(t[0] for t in triples),
        "f1": _rounded(figures["new_f1"][0]),
        "f1_interval": [_rounded(v) for v in figures["new_f1"][1:]],
        "false_per_scan": _rounded(figures["false_per_scan"][0]),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


def _interval(figure: Estimate) -> list[float | None]:
    return [_rounded(figure.low), _rounded(figure.high)]


def gather(folder: Path) -> dict[str, Any]:
    """The groups as they are, with those that the results in ``folder`` give anew."""
    weights = shipped()
    fresh = {
        ADAPTATION: adaptation(folder / "adaptation", weights),
        NEW_LESIONS: new_lesions(folder / "tracking.jsonl", weights),
    }
    return {**stored(), **{name: group for name, group in fresh.items() if group}}


def main(folder: Path) -> int:
    """Write the file; say what is stale. Returns the exit status."""
    figures = gather(folder)
    FILE.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    old = [name for name, group in figures.items() if group["weights_sha256"] != shipped()]
    told = [
        *(f"measured with other weights: {name}" for name in old),
        *(f"has to say now: {sentence}" for sentence in missing(figures)),
    ]
    sys.stdout.write("\n".join([*told, f"written: {FILE}"]) + "\n")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
