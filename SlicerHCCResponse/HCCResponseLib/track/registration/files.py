"""Registrations as files: what a child process hands back."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813

from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.reference import ImageReference
from HCCResponseLib.imaging.volumes import Region, Volume, require_unchanged
from HCCResponseLib.track.registration.register import Registration
from HCCResponseLib.track.registration.trust import Quality, TrustMaps


def save_registration(path: Path, found: Registration) -> None:
    """Write everything of a registration (``.npz``)."""
    facts = {
        "grids": [asdict(g) for g in (found.grid, *found.scans)],
        "quality": asdict(found.quality),
        "local_shift_mm": found.local_shift_mm,
    }
    outline, figures = found.maps.outline_mm, found.maps.figures
    arrays = {
        "matrix": np.asarray(found.affine.GetMatrix()),
        "translation": np.asarray(found.affine.GetTranslation()),
        "centre": np.asarray(found.affine.GetCenter()),
        "field": found.field,
        "cycle": found.maps.cycle_mm,
        "jacobian": found.maps.jacobian,
        "outline": np.zeros(0, np.float32) if outline is None else outline,
        "figures": np.zeros(0, np.float32) if figures is None else figures,
        "facts": _text(facts),
    }
    write_atomically(path, lambda temporary: np.savez(temporary, **arrays))


def load_registration(path: Path) -> Registration:
    """Back from :func:`save_registration`."""
    with np.load(path) as data:
        arrays = {key: data[key] for key in data.files}
    facts = json.loads(str(arrays["facts"]))
    affine = sitk.AffineTransform(3)
    affine.SetCenter(arrays["centre"].tolist())
    affine.SetMatrix(arrays["matrix"].tolist())
    affine.SetTranslation(arrays["translation"].tolist())
    grid, *scans = (_geometry(g) for g in facts["grids"])
    quality = Quality(**{**facts["quality"], "remarks": tuple(facts["quality"]["remarks"])})
    outline = arrays["outline"] if arrays["outline"].size else None
    figures = arrays["figures"] if arrays["figures"].size else None
    x, y, z = facts["local_shift_mm"]
    maps = TrustMaps(arrays["cycle"], arrays["jacobian"], outline, figures)
    return Registration(affine, arrays["field"], grid, maps, quality, (scans[0], scans[1]), (x, y, z))


def refer_to(image: Volume, path: Path) -> ImageReference:
    """The file that an image was read from; one that exists in memory only is written to ``path`` (``.npz``)."""
    if image.source and Path(image.source).exists():
        return ImageReference.of(image)
    grid, source = _text(asdict(image.geometry)), np.array(image.source)
    write_atomically(path, lambda temporary: np.savez(temporary, hu=image.hu, grid=grid, source=source))
    return ImageReference(path=path, sha256=image.sha256)


def read_image(reference: ImageReference) -> Volume:
    """Back from :func:`refer_to`. Raises ``InputError`` when the image was changed since."""
    if reference.path.suffix != ".npz":
        return reference.read()
    with np.load(reference.path) as data:
        image = Volume(data["hu"], _geometry(json.loads(str(data["grid"]))), str(data["source"]))
    require_unchanged(image, reference.sha256)
    return image


def save_region(path: Path, region: Region) -> None:
    """A mask with its grid (``.npz``)."""
    packed, grid = np.packbits(region.mask), _text(asdict(region.geometry))
    write_atomically(path, lambda temporary: np.savez_compressed(temporary, mask=packed, grid=grid))


def load_region(path: Path) -> Region:
    """Back from :func:`save_region`."""
    with np.load(path) as data:
        grid = _geometry(json.loads(str(data["grid"])))
        mask = np.unpackbits(data["mask"], count=int(np.prod(grid.size))).reshape(grid.size).astype(bool)
    return Region(mask, grid)


def _text(plain: dict[str, Any]) -> Any:
    return np.array(json.dumps(plain, default=float))


def _geometry(plain: dict[str, Any]) -> Geometry:
    values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in plain.items()}
    return Geometry(**values)
