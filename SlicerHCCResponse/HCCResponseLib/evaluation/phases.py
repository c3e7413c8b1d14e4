"""How often the contrast phase that is estimated from the picture is the true one."""

from dataclasses import dataclass
from pathlib import Path

from HCCResponseLib.base.csv_files import read_csv_rows
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.phase.estimate import estimate_phase
from HCCResponseLib.imaging.phase.phases import Phase, PhaseFinding, phase_in_words
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.statistics.proportions import exact_proportion

COLUMNS = ("image", "phase")


@dataclass(frozen=True)
class KnownScan:
    """A scan whose phase is known."""

    image: Path
    phase: Phase


@dataclass(frozen=True)
class PhaseResult:
    """A scan with its true phase and what the picture says."""

    scan: KnownScan
    found: PhaseFinding

    @property
    def word(self) -> str:
        """Right, wrong, or unknown."""
        if self.found.phase is Phase.UNKNOWN:
            return "unknown"
        return "right" if self.found.phase is self.scan.phase else "WRONG"


def read_known_scans(path: Path) -> list[KnownScan]:
    """Scans from a CSV file with the columns ``image`` (from the file's folder) and ``phase`` (in words).

    Raises:
        InputError: no such file, other columns, no scan, or a phase that is not understood; the message names it.
    """
    columns, rows = read_csv_rows(path, "List of scans")
    for name in columns:
        if name not in COLUMNS:
            raise InputError(
                f"List of scans '{path}' has the unknown column '{name}'; known are image, phase."
            )
    if set(columns) != set(COLUMNS) or not rows:
        raise InputError(
            f"List of scans '{path}' needs the columns image and phase, and a line for each scan."
        )
    found = []
    for row in rows:
        phase = phase_in_words(row["phase"])
        if phase is Phase.UNKNOWN:
            raise InputError(
                f"List of scans '{path}': phase '{row['phase']}' of '{row['image']}' is none of unenhanced, arterial, "
                "portal venous and delayed."
            )
        found.append(KnownScan(path.resolve().parent / row["image"], phase))
    return found


def estimate(scan: KnownScan) -> PhaseResult:
    """Estimate the phase of one scan by its picture alone. Raises ``InputError`` for an image that cannot be read."""
    return PhaseResult(scan, estimate_phase(read_volume(scan.image)))


def summary(results: list[PhaseResult]) -> dict[str, object]:
    """How many are right, wrong and unknown; the share of right ones with its exact 95 % interval."""
    counts = {word: sum(r.word == word for r in results) for word in ("right", "WRONG", "unknown")}
    share = exact_proportion(counts["right"], len(results))
    return {
        "scans": len(results),
        "right": counts["right"],
        "wrong": counts["WRONG"],
        "unknown": counts["unknown"],
        "right_95_percent": [share.low, share.high],
    }
