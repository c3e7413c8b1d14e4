"""Reading CT volumes and contours: NIfTI, NRRD, MHA and DICOM series folders, any axis order, oblique directions.

Images are reoriented without resampling so that array axis 0 runs closest to foot-head, 1 to front-back and 2 to
right-left; an oblique acquisition keeps its oblique direction. The grid says along which axis slices were acquired.
Slices that a tilted gantry shifted against each other are shifted back within their planes, and the volume says so.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import PLANES, Geometry
from HCCResponseLib.imaging.headers import require_geometry
from HCCResponseLib.imaging.resample import geometry_of, to_sitk
from HCCResponseLib.imaging.series import Identity, read_dicom_series
from HCCResponseLib.imaging.slice_list import SLICE_LIST
from HCCResponseLib.imaging.upright import acquired_axis, upright
from HCCResponseLib.imaging.volumes import AIR_HU, LabelMap, Volume

MOST_LABELS = 65535
NIFTI = (".nii", ".nii.gz")
SUFFIXES = (*NIFTI, ".nrrd", ".nhdr", ".mha", ".mhd")

_CT_LOWEST, _CT_HIGHEST = -3100.0, 8000.0
_NO_AIR_OR_FAT = -20.0
# Soft tissue cut out of a CT, or drawn: air around it, and inside one value only, or a median and a highest value (HU)
# that other images do not have.
_AIR, _SOFT = (-1100.0, -900.0), (120.0, 400.0)

# Everything that a reader must know is said in our words; ITK's notes about other grids than ours would only confuse.
sitk.ProcessObject.SetGlobalWarningDisplay(False)


def read_volume(path: Path) -> Volume:
    """Read one CT volume.

    Args:
        path: an image file, a folder that holds one DICOM series, or a list of slices (:mod:`.slice_list`).

    Raises:
        InputError: missing, unreadable, cut short, not three-dimensional, NaN, without a stated geometry, or not in
            Hounsfield units.
    """
    path = Path(path)
    who = Identity()
    if path.is_dir() or path.suffix == SLICE_LIST:
        values, grid, who = read_dicom_series(path)
    else:
        values, grid = _read_file(path, "image")
        grid = replace(grid, slice_axis=acquired_axis(grid.spacing))
    _require_ct(values, path)
    fill = float(min(AIR_HU, values.min()))
    values, grid, tilt = upright(values, grid, str(path), linear=True, fill=fill)
    values, grid = _canonical(values, grid)
    hu = np.clip(np.rint(values), -32768, 32767).astype(np.int16)
    remarks = (*who.remarks, *([tilt] if tilt else []), *_on_planes(hu, grid))
    named = (who.patient_id, who.study_date, remarks, who.stated_phase, who.frame_of_reference_uid)
    return Volume(hu, grid, str(path), *named)


def read_label_map(path: Path, empty: bool = False) -> LabelMap:
    """Read contours stored as a label map.

    Args:
        empty: whether a map without any marked voxel is an answer (of a program) and not a mistake (of a reader).

    Raises:
        InputError: missing, unreadable, cut short, values that are not whole numbers from 0 to 65535, or nothing drawn.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"Contour '{path}' is a folder; name a label map file ({', '.join(SUFFIXES)}).")
    values, grid = _read_file(path, "contour")
    grid = replace(grid, slice_axis=acquired_axis(grid.spacing))
    if not np.isfinite(values).all() or not np.array_equal(values, np.rint(values)):
        raise InputError(
            f"Contour '{path}' holds values that are not whole numbers (a probability map?). Save it as a label map."
        )
    if values.min() < 0 or values.max() > MOST_LABELS:
        raise InputError(
            f"Contour '{path}' holds values outside 0 to {MOST_LABELS}: {values.min():g} to {values.max():g}."
        )
    if not empty and not values.any():
        raise InputError(f"Contour '{path}' is empty: no voxel is marked. Draw at least one lesion.")
    labels = values.astype(np.min_scalar_type(int(values.max())))
    labels, grid, _ = upright(labels, grid, str(path), linear=False, fill=0)
    labels, grid = _canonical(labels, grid)
    return LabelMap(labels, grid, str(path))


def _read_file(path: Path, what: str) -> tuple[npt.NDArray[Any], Geometry]:
    if not path.exists():
        raise InputError(f"The {what} '{path}' does not exist. Check the path in the study file.")
    if not path.name.lower().endswith(SUFFIXES):
        raise InputError(
            f"The {what} '{path}' is of an unknown kind; readable are {', '.join(SUFFIXES)} and DICOM folders."
        )
    if path.name.lower().endswith(NIFTI):
        # Takes a third of a second to load; who reads NRRD or DICOM need not wait for it.
        from HCCResponseLib.imaging.nifti import read_nifti

        values, grid = read_nifti(path, what)
    else:
        require_geometry(path, what)
        values, grid = _read_with_itk(path, what)
    if min(grid.size) < 2:
        raise InputError(f"'{path}' has a single slice; a volume is needed.")
    return values, grid


def _read_with_itk(path: Path, what: str) -> tuple[npt.NDArray[Any], Geometry]:
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as problem:
        raise InputError(
            f"The {what} '{path}' cannot be read; the file is damaged, cut short or not what its name says."
        ) from problem
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[:, :, :, 0]
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError(
            f"'{path}' is not one three-dimensional grey image (dimension {image.GetDimension()})."
        )
    return sitk.GetArrayFromImage(image), geometry_of(image)


def _canonical(values: npt.NDArray[Any], grid: Geometry) -> tuple[npt.NDArray[Any], Geometry]:
    turned = sitk.DICOMOrient(to_sitk(values, grid), "LPS")
    before = np.asarray(grid.direction).reshape(3, 3)[:, 2 - grid.slice_axis]
    after = np.asarray(turned.GetDirection()).reshape(3, 3)
    axis = 2 - int(np.argmax(np.abs(before @ after)))
    thickness = grid.slice_thickness_mm
    kept = replace(geometry_of(turned), slice_axis=axis, slice_thickness_mm=thickness)
    return sitk.GetArrayFromImage(turned), kept


def _on_planes(hu: npt.NDArray[np.int16], grid: Geometry) -> list[str]:
    """What a reader has to know of the acquired planes: not axial, blank ones among others."""
    said = []
    if grid.slice_axis:
        said.append(
            f"acquired in {PLANES[grid.slice_axis]} planes: lesions are measured on these, not on axial ones"
        )
    planes = np.moveaxis(hu, grid.slice_axis, 0).reshape(hu.shape[grid.slice_axis], -1)
    blank = np.flatnonzero(planes.min(axis=1) == planes.max(axis=1))
    if len(blank):
        first, last, level = int(blank[0]) + 1, int(blank[-1]) + 1, int(planes[blank[0], 0])
        said.append(
            f"{len(blank)} of {len(planes)} slices, between slice {first} and {last}, hold nothing but one value "
            f"({level} HU): nothing can be seen there"
        )
    return said


def _require_ct(values: npt.NDArray[Any], path: Path) -> None:
    if not np.isfinite(values).all():
        count = int((~np.isfinite(values)).sum())
        raise InputError(
            f"Image '{path}' holds {count} values that are not numbers (NaN or infinite). Export it again."
        )
    some = values[::2, ::4, ::4]
    background = float(values.min())
    # The lowest value may be padding, which says nothing about the units: what is judged is the rest.
    body = some[some > background]
    if not body.size:
        raise InputError(f"Image '{path}' holds a single value everywhere; it is empty.")
    low, middle_low, middle, middle_high, high = np.percentile(body, (0.1, 0.5, 50, 99.5, 99.9))
    tissue = low == high or (0 < middle < _SOFT[0] and 2 < middle_high < _SOFT[1])
    masked = _AIR[0] <= background <= _AIR[1] and tissue
    if (low > _NO_AIR_OR_FAT and not masked) or high < 0:
        raise InputError(
            f"Image '{path}' is not CT in Hounsfield units: values run from {low:g} to {high:g}, without air or fat. "
            "Use the original CT, not a windowed, normalised or MR image."
        )
    if middle_low < _CT_LOWEST or middle_high > _CT_HIGHEST:
        raise InputError(
            f"Image '{path}' is not CT in Hounsfield units: values run from {low:g} to {high:g}. "
            "The rescale slope and intercept may be missing; export it again."
        )
