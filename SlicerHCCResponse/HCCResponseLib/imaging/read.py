"""Reading CT volumes and contours: NIfTI, NRRD, MHA and DICOM series folders, any axis order, oblique directions.

Images are reoriented without resampling so that array axis 0 runs closest to foot-head, 1 to front-back and 2 to
right-left; an oblique acquisition keeps its oblique direction.
"""

import zlib
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813
from nibabel.filebasedimages import ImageFileError

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.resample import geometry_of
from HCCResponseLib.imaging.series import read_dicom_series
from HCCResponseLib.imaging.volumes import LabelMap, Volume

MOST_LABELS = 65535
SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
_CT_LOWEST, _CT_HIGHEST = -3100.0, 8000.0
_NO_AIR_OR_FAT = -20.0


def read_volume(path: Path) -> Volume:
    """Read one CT volume.

    Args:
        path: an image file, or a folder that holds one DICOM series.

    Raises:
        InputError: missing, unreadable, not three-dimensional, NaN, or not in Hounsfield units.
    """
    path = Path(path)
    tags: dict[str, str] = {}
    if path.is_dir():
        image, tags = read_dicom_series(path)
    else:
        image = _read_file(path, "image")
    image = _canonical(image, path)
    values = sitk.GetArrayFromImage(image)
    _require_ct(values, path)
    hu = np.clip(np.rint(values), -32768, 32767).astype(np.int16)
    return Volume(hu, geometry_of(image), str(path), tags.get("patient_id"), tags.get("study_date"))


def read_label_map(path: Path, empty: bool = False) -> LabelMap:
    """Read contours stored as a label map.

    Args:
        empty: whether a map without any marked voxel is an answer (of a program) and not a mistake (of a reader).

    Raises:
        InputError: missing, unreadable, values that are not whole numbers from 0 to 65535, or nothing drawn.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"Contour '{path}' is a folder; name a label map file ({', '.join(SUFFIXES)}).")
    image = _canonical(_read_file(path, "contour"), path)
    values = sitk.GetArrayFromImage(image)
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
    return LabelMap(values.astype(np.min_scalar_type(int(values.max()))), geometry_of(image), str(path))


def _read_file(path: Path, what: str) -> sitk.Image:
    if not path.exists():
        raise InputError(f"The {what} '{path}' does not exist. Check the path in the study file.")
    if not path.name.lower().endswith(SUFFIXES):
        raise InputError(
            f"The {what} '{path}' is of an unknown kind; readable are {', '.join(SUFFIXES)} and DICOM folders."
        )
    try:
        _require_finite_nifti(path)
        return sitk.ReadImage(str(path))
    except (RuntimeError, OSError, ImageFileError, EOFError, zlib.error) as problem:
        raise InputError(
            f"The {what} '{path}' cannot be read; the file is damaged or not what its name says."
        ) from problem


def _require_finite_nifti(path: Path) -> None:
    """ITK silently turns what is not a number in a NIfTI file into 0, so such files are looked at first."""
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        return
    stored = nibabel.load(path)
    if stored.get_data_dtype().kind == "f":
        _require_finite(np.asanyarray(stored.dataobj), path)


def _require_finite(values: npt.NDArray[np.float64], path: Path) -> None:
    if not np.isfinite(values).all():
        count = int((~np.isfinite(values)).sum())
        raise InputError(
            f"Image '{path}' holds {count} values that are not numbers (NaN or infinite). Export it again."
        )


def _canonical(image: sitk.Image, path: Path) -> sitk.Image:
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[:, :, :, 0]
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError(
            f"'{path}' is not one three-dimensional grey image (dimension {image.GetDimension()})."
        )
    if min(image.GetSize()) < 2:
        raise InputError(f"'{path}' has a single slice; a volume is needed.")
    return sitk.DICOMOrient(image, "LPS")


def _require_ct(values: npt.NDArray[np.float64], path: Path) -> None:
    _require_finite(values, path)
    low, high = float(values.min()), float(values.max())
    if low > _NO_AIR_OR_FAT or high < 0:
        raise InputError(
            f"Image '{path}' is not CT in Hounsfield units: values run from {low:g} to {high:g}, without air or fat. "
            "Use the original CT, not a windowed, normalised or MR image."
        )
    middle = np.percentile(values[::2, ::4, ::4], (0.5, 99.5))
    if middle[0] < _CT_LOWEST or middle[1] > _CT_HIGHEST:
        raise InputError(
            f"Image '{path}' is not CT in Hounsfield units: values run from {low:g} to {high:g}. "
            "The rescale slope and intercept may be missing; export it again."
        )
