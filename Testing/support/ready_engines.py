"""TotalSegmentator as if it were installed with its weights, as far as that is seen without running it."""

from pathlib import Path

from weights_server import INSIDE, NAMES, results, write_results


def installed_with_weights(home: Path) -> Path:
    """Lay it out in a home of ours; the folder of the weights."""
    folder = home / "engines" / "totalsegmentator"
    weights = folder / "weights" / "nnunet" / "results"
    for name, _ in NAMES.values():
        write_results(weights / name / INSIDE, results())
    (folder / "installed.json").write_text("{}")
    return weights
