"""What is found out about one scan, and how it is kept: plain values, one JSON line a scan."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from HCCResponseLib.evaluation.records import record_lines
from HCCResponseLib.evaluation.segmentation.surfaces import Nearness


class ScanState(StrEnum):
    """How it went with a scan."""

    DONE = "done"
    NO_LIVER = "no liver found"
    FAILED = "engine failed"
    """Counts as if nothing had been found: an engine must not look better for stopping at the difficult scans."""
    UNREADABLE = "could not be read"
    """Counts nowhere: there is nothing to compare."""


@dataclass(frozen=True)
class RunKey:
    """What a result rests on; only a line with the same is used again.

    Attributes:
        image_sha256: of voxels and grid; ``reference_sha256``: of the masks.
        weights_sha256: of the weights; ``software``: version of this software.
        parameters: settings of the engine that were given.
    """

    image_sha256: str
    reference_sha256: str
    engine: str
    weights_sha256: str
    software: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LiverResult:
    """The liver, lesions included.

    Attributes:
        reference_ml, found_ml: volumes.
        outside_ml: the largest connected part of what was found more than 5 mm away from the reference: another organ.
    """

    near: Nearness
    reference_ml: float
    found_ml: float
    outside_ml: float


@dataclass(frozen=True)
class LesionResult:
    """One lesion of the reference.

    Attributes:
        diameter_mm: its longest diameter in a slice.
        found: the parts that touch it overlap it with an intersection over union of at least 0.1.
        iou, dice: of the lesion with all parts that touch it, 0 to 1.
        found_mm: longest diameter of these parts; ``None`` where it was not found.
        merged: one of these parts also touches another lesion of the reference.
    """

    diameter_mm: float
    found: bool
    iou: float
    dice: float
    found_mm: float | None
    merged: bool


@dataclass(frozen=True)
class FalsePart:
    """What was called tumour and touches no lesion of the reference.

    Attributes:
        diameter_mm: its longest diameter in a slice.
        highest: its highest probability; ``None`` where the engine gives none.
    """

    diameter_mm: float
    highest: float | None


@dataclass(frozen=True)
class OperatingPoint:
    """The same scan with another threshold of the probability.

    Attributes:
        found: whether each lesion of the reference is, in their order.
        false_mm: diameters of the false parts, those below 5 mm left out.
    """

    threshold: float
    found: tuple[bool, ...]
    false_mm: tuple[float, ...]


@dataclass(frozen=True)
class ScanResult:
    """One scan.

    Attributes:
        problem: why it is not done, in words.
        liver: ``None`` without a reference, or where the engine marks no liver.
        tumour: of all lesions together; ``None`` without a reference lesion.
        lesions, false_parts: ``None`` without a reference of lesions, or where the engine marks no tumour.
        points: thresholds of the probability; none where the engine gives labels only.
        seconds, device: of the engine; ``None`` and empty where it failed.
        weights: SHA-256 of every file of weights that the engine used, by path.
    """

    name: str
    patient: str
    key: RunKey
    state: ScanState
    problem: str = ""
    liver: LiverResult | None = None
    tumour: Nearness | None = None
    lesions: tuple[LesionResult, ...] | None = None
    false_parts: tuple[FalsePart, ...] | None = None
    points: tuple[OperatingPoint, ...] = ()
    seconds: float | None = None
    device: str = ""
    weights: Mapping[str, str] = field(default_factory=dict)

    @property
    def dice(self) -> float | None:
        """By which the worst scans are chosen: of the tumour where there is one, else of the liver."""
        if self.tumour is not None:
            return self.tumour.dice
        return None if self.liver is None else self.liver.near.dice


def as_line(result: ScanResult) -> dict[str, Any]:
    """Plain values for JSON."""
    return asdict(result)


def finished(folder: Path) -> dict[tuple[str, str, str], ScanResult]:
    """Results in a folder by scan, image and reference, the latest of each; lines of another form are left out.

    Only those that are done count: what failed may have failed for want of memory, and is tried again.
    """
    from pydantic import TypeAdapter, ValidationError

    form, found = TypeAdapter(ScanResult), {}
    for line in record_lines(folder):
        try:
            result = form.validate_python(line)
        except ValidationError:
            continue  # of another version of this software
        if result.state in (ScanState.DONE, ScanState.NO_LIVER):
            found[result.name, result.key.image_sha256, result.key.reference_sha256] = result
    return found
