"""A training pack: livers of many scans in one small file, so that the same training runs on any machine.

Attenuation is clipped to [-200, 300] HU and kept in steps of 4 HU, a third of its noise, on the scan's own grid,
cropped to the liver. The file is a zip archive with a table of contents (``pack.json``) that names source and licence
of every scan.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.imaging.boxes import tight_box

FORMAT = "hcc-response-prompt-pack/1"
LARGEST_MIB = 60
_HU = (-200, 300)
_STEP_HU = 4
_CONTENTS = "pack.json"
_MARGIN_MM = 25.0
_BODY_HU = -300


@dataclass(frozen=True)
class ScanFacts:
    """Where a scan comes from.

    Attributes:
        name: unique; patient: of one person, so that training and tests never share one.
        licence, source: for the card of whatever is trained with it.
        spacing: voxel size (z, y, x) in mm.
        liver_from: ``mask`` as given, ``attenuation, corrected``, or ``network``.
        real_lesions: whether lesion labels were given.
        whole: the whole scan and not only the liver's surroundings.
    """

    name: str
    patient: str
    licence: str
    source: str
    spacing: tuple[float, float, float]
    liver_from: str
    real_lesions: bool
    whole: bool = False


@dataclass(frozen=True)
class PackedScan:
    """One liver with its surroundings; arrays (z, y, x).

    Attributes:
        hu: int16; liver: tumours included; lesions: real ones by number, 0 elsewhere.
    """

    facts: ScanFacts
    hu: npt.NDArray[np.int16]
    liver: Mask
    lesions: npt.NDArray[np.uint8]

    def depth_mm(self) -> npt.NDArray[np.float32]:
        """How deep every voxel lies in the liver, away from real lesions; 0 outside."""
        free = self.liver & (self.lesions == 0)
        return np.asarray(ndimage.distance_transform_edt(free, sampling=self.facts.spacing), np.float32)


def cropped(
    facts: ScanFacts, hu: npt.NDArray[np.generic], liver: Mask, lesions: npt.NDArray[np.uint8]
) -> PackedScan:
    """The part of a scan that is worth keeping: liver and lesions with a margin of 25 mm."""
    places = np.argwhere(liver | (lesions > 0))
    if not len(places):
        raise InputError(f"Scan '{facts.name}' shows no liver.")
    margin = np.ceil(_MARGIN_MM / np.asarray(facts.spacing)).astype(int)
    low = np.maximum(places.min(0) - margin, 0)
    high = np.minimum(places.max(0) + 1 + margin, hu.shape)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    kept = np.clip(hu[box], *_HU).astype(np.int16) // _STEP_HU * _STEP_HU
    return PackedScan(facts, kept, np.ascontiguousarray(liver[box]), np.ascontiguousarray(lesions[box]))


def whole(
    facts: ScanFacts, hu: npt.NDArray[np.int16], liver: Mask, lesions: npt.NDArray[np.uint8]
) -> PackedScan:
    """The part of a scan that shows the body, for a network that has to find the liver."""
    if not liver.any():
        raise InputError(f"Scan '{facts.name}' shows no liver.")
    parts, _ = ndimage.label(ndimage.binary_opening(hu > _BODY_HU, iterations=2))
    box = tight_box(parts == int(np.bincount(parts.ravel())[1:].argmax()) + 1)
    kept = np.clip(hu[box], *_HU).astype(np.int16) // _STEP_HU * _STEP_HU
    return PackedScan(facts, kept, np.ascontiguousarray(liver[box]), np.ascontiguousarray(lesions[box]))


def write_pack(path: Path, scans: Sequence[PackedScan]) -> None:
    """Write a pack.

    Raises:
        InputError: it would be larger than 60 MiB, or two scans have one name.
    """
    names = [s.facts.name for s in scans]
    double = sorted({n for n in names if names.count(n) > 1})
    if double:
        raise InputError(f"Two scans are called '{double[0]}'.")

    def write(temporary: Path) -> None:
        _write(temporary, scans)
        size = temporary.stat().st_size / 2**20
        if size > LARGEST_MIB:
            raise InputError(
                f"The pack '{path}' would have {size:.0f} MiB, and at most {LARGEST_MIB} are allowed. Leave scans out."
            )

    write_atomically(path, write)


def _write(path: Path, scans: Sequence[PackedScan]) -> None:
    contents = {
        "format": FORMAT,
        "step_hu": _STEP_HU,
        "scans": [{**asdict(s.facts), "shape": list(s.hu.shape)} for s in scans],
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(_CONTENTS, json.dumps(contents, indent=1))
        for scan in scans:
            # Differences between neighbours, low and high bytes apart: noise packs half as large again otherwise.
            steps = np.diff(scan.hu // _STEP_HU, axis=2, prepend=0).astype("<i2")
            raw = steps.view(np.uint8).reshape(*steps.shape, 2)
            archive.writestr(f"{scan.facts.name}/hu", raw[..., 0].tobytes() + raw[..., 1].tobytes())
            archive.writestr(f"{scan.facts.name}/liver", np.packbits(scan.liver).tobytes())
            archive.writestr(f"{scan.facts.name}/lesions", scan.lesions.tobytes())


def read_pack(path: Path) -> list[PackedScan]:
    """Every scan of a pack.

    Raises:
        InputError: missing, damaged, or of another format.
    """
    if not path.is_file():
        raise InputError(f"Training pack '{path}' does not exist.")
    try:
        with zipfile.ZipFile(path) as archive:
            contents = json.loads(archive.read(_CONTENTS))
            if contents.get("format") != FORMAT:
                raise InputError(f"Training pack '{path}' is not in the format {FORMAT}.")
            # Earlier packs were kept in steps of 2 HU and did not say so.
            step = int(contents.get("step_hu", 2))
            return [_scan(archive, row, step) for row in contents["scans"]]
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError) as problem:
        raise InputError(f"Training pack '{path}' cannot be read; it is damaged or cut short.") from problem


def _scan(archive: zipfile.ZipFile, row: dict[str, Any], step: int) -> PackedScan:
    shape = tuple(row.pop("shape"))
    facts = ScanFacts(**{**row, "spacing": tuple(row["spacing"])})
    size = int(np.prod(shape))
    raw = np.frombuffer(archive.read(f"{facts.name}/hu"), np.uint8).reshape(2, size)
    steps = np.ascontiguousarray(raw.T).view("<i2").reshape(shape)
    hu = (np.cumsum(steps, axis=2, dtype=np.int32) * step).astype(np.int16)
    bits = np.frombuffer(archive.read(f"{facts.name}/liver"), np.uint8)
    liver = np.unpackbits(bits, count=size).reshape(shape).astype(bool)
    lesions = np.frombuffer(archive.read(f"{facts.name}/lesions"), np.uint8).reshape(shape)
    return PackedScan(facts, hu, liver, lesions)


def kept_patients(scans: Sequence[PackedScan], without: Sequence[str]) -> list[PackedScan]:
    """The scans of all patients but those that are left out.

    Raises:
        InputError: a patient that the pack does not hold, or none is left.
    """
    known = {s.facts.patient for s in scans}
    strange = [p for p in without if p not in known]
    if strange:
        raise InputError(f"The pack holds no patient '{strange[0]}'; it holds {', '.join(sorted(known))}.")
    kept = [s for s in scans if s.facts.patient not in without]
    if not kept:
        raise InputError("No patient is left to train on.")
    return kept
