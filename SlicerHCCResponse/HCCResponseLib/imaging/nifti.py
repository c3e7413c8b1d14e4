"""NIfTI files by nibabel: the whole file checked against its own length and checksum, its grid in our words."""

import gzip
import logging
import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt
from nibabel import imageglobals
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import FloatArray, Geometry

# nibabel logs what it finds odd in a header; what matters of it is refused below in our words.
imageglobals.logger.setLevel(logging.CRITICAL)
_GZIP = b"\x1f\x8b"
_NIFTI_2 = 540
_UNITS_MM = {1: 1000.0, 3: 0.001}
_UNEQUAL = 2e-3
_UNREADABLE = (ImageFileError, HeaderDataError, WrapStructError, OSError, EOFError, ValueError, OverflowError)


def read_nifti(path: Path, what: str) -> tuple[npt.NDArray[Any], Geometry]:
    """Read a NIfTI-1 or NIfTI-2 file, compressed or not.

    Args:
        what: "image" or "contour", for messages.

    Returns:
        values (z, y, x) in the order of the file, scaled as the header says, and their grid, which may be sheared.

    Raises:
        InputError: cut short, damaged, not three-dimensional, or without a stated orientation and voxel size.
    """
    content = _content(path, what)
    two = int.from_bytes(content[:4], "little") == _NIFTI_2 or int.from_bytes(content[:4], "big") == _NIFTI_2
    kind = nibabel.Nifti2Image if two else nibabel.Nifti1Image
    try:
        image = kind.from_bytes(content)
        values = _values(image, path)
        return np.ascontiguousarray(values.transpose(2, 1, 0)), _grid(image, values.shape, path)
    except _UNREADABLE as problem:
        raise InputError(
            f"The {what} '{path}' cannot be read; the file is damaged, cut short or not what its name says. "
            "Copy or export it again."
        ) from problem


def _content(path: Path, what: str) -> bytes:
    content = path.read_bytes()
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as problem:
        raise InputError(
            f"The {what} '{path}' is cut short or damaged: its compressed content does not end where it should, or "
            "fails its checksum. Copy or export it again."
        ) from problem


def _values(image: Any, path: Path) -> npt.NDArray[Any]:
    shape = tuple(image.shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    kind = image.get_data_dtype()
    if len(shape) != 3 or kind.kind not in "iuf":
        many = " x ".join(map(str, shape))
        what = f"{many} values" if kind.kind in "iuf" else f"values of kind '{kind}'"
        raise InputError(f"'{path}' is not one three-dimensional grey image ({what}).")
    scaled = image.dataobj.slope != 1 or image.dataobj.inter != 0
    values = image.get_fdata(dtype=np.float32) if scaled else np.asanyarray(image.dataobj)
    return np.asarray(values).reshape(shape)


def _grid(image: Any, shape: tuple[int, ...], path: Path) -> Geometry:
    header = image.header
    pixdim = np.asarray(header["pixdim"][1:4], float)
    if int(header["sform_code"]) > 0:
        affine = np.asarray(image.get_sform(), float)
    elif int(header["qform_code"]) > 0:
        affine = np.asarray(image.get_qform(), float)
    else:
        raise InputError(
            f"'{path}' does not say how it lies in the patient (no sform, no qform). "
            "Export it again from its DICOM series."
        )
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or (steps <= 0).any() or not (pixdim > 0).all():
        raise InputError(f"'{path}' states voxels of {_by_x(pixdim)} mm; export it again.")
    if (np.abs(steps - pixdim) > _UNEQUAL * steps).any():
        raise InputError(
            f"'{path}' states two voxel sizes: {_by_x(pixdim)} mm (pixdim) and {_by_x(steps)} mm (orientation). "
            "Which one is true cannot be told; export it again from its DICOM series."
        )
    return _lps(affine[:3] * _UNITS_MM.get(int(header["xyzt_units"]) & 7, 1.0), shape)


def _lps(affine: FloatArray, shape: tuple[int, ...]) -> Geometry:
    """The grid of an affine matrix that leads from (x, y, z) indices to RAS mm."""
    turned = np.diag([-1.0, -1.0, 1.0]) @ affine
    spacing = np.linalg.norm(turned[:, :3], axis=0)
    x, y, z = (float(value) for value in turned[:, 3])
    direction = tuple(float(value) for value in (turned[:, :3] / spacing).ravel())
    sizes = (shape[2], shape[1], shape[0])
    return Geometry(sizes, (float(spacing[2]), float(spacing[1]), float(spacing[0])), (x, y, z), direction)


def _by_x(values: FloatArray) -> str:
    return " x ".join(f"{value:.4g}" for value in values)
