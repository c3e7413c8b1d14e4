"""DICOM series: one patient, one grid, evenly spaced slices.

The grid is that of the headers: no element that it rests on is ever replaced by a default, and none is taken from the
first slice alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.dicom_headers import dicom_header, dicom_headers, header_text, study_day
from HCCResponseLib.imaging.frames import FRAME_TAGS, slices_of
from HCCResponseLib.imaging.geometry import FloatArray, Geometry
from HCCResponseLib.imaging.phase.phases import Phase, PhaseFinding, phase_in_words, phase_of_delay
from HCCResponseLib.imaging.pixels import pixels_of, require_hounsfield
from HCCResponseLib.imaging.slice_list import SLICE_LIST, read_slice_list
from HCCResponseLib.imaging.slices import (
    grid_of,
    in_order,
    numbers,
    require_even_slices,
    thickness_of,
    without,
)

STACK_TAGS = [
    "SpecificCharacterSet", "ImageType", "StudyDate", "Modality", "PatientID", "StudyInstanceUID", "SeriesInstanceUID",
    "FrameOfReferenceUID", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
    "TableHeight", "Rows", "Columns", "SeriesDescription", "AcquisitionTime", "ContrastBolusStartTime",
    "RescaleSlope", "RescaleIntercept", "RescaleType", "ModalityLUTSequence", "LossyImageCompression",
    "SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "PixelRepresentation", *FRAME_TAGS,
]  # fmt: skip
# What has to be the same in every slice, with the difference that rounding explains.
_SAME_NUMBERS = {
    "ImageOrientationPatient": 1e-3,
    "PixelSpacing": 1e-4,
    "TableHeight": 1.0,
    "Rows": 0.0,
    "Columns": 0.0,
    "SamplesPerPixel": 0.0,
    "BitsAllocated": 0.0,
    "PixelRepresentation": 0.0,
}
_SAME_WORDS = (
    "PatientID", "StudyDate", "Modality", "StudyInstanceUID", "FrameOfReferenceUID", "PhotometricInterpretation",
)  # fmt: skip
# Larger pixels than this are no CT's.
_LARGEST_MM = 20.0
_NOT_ONE = 1e-2


@dataclass(frozen=True)
class Identity:
    """Whose image it is and when it was taken, as far as the headers know.

    Attributes:
        study_date: ISO 8601.
        remarks: what a reader has to know of the acquisition.
        stated_phase: contrast phase that the headers name; ``None`` where they name none.
        frame_of_reference_uid: (0020,0052).
    """

    patient_id: str | None = None
    study_date: str | None = None
    remarks: tuple[str, ...] = ()
    stated_phase: PhaseFinding | None = None
    frame_of_reference_uid: str | None = None


def read_dicom_series(source: Path) -> tuple[npt.NDArray[Any], Geometry, Identity]:
    """Read the one CT series of a folder, or the slices of a list; files that are no DICOM images are passed over.

    Args:
        source: folder, or a file of :mod:`.slice_list`.

    Returns:
        HU (z, y, x), slices along axis 0 in the order of their places; their grid, which is sheared where the gantry
        was tilted; whose they are.

    Raises:
        InputError: no series, several series, another modality; a geometry that is missing or changes within the
            series; slices that are missing, unevenly spaced or at one place; pixels that cannot be decoded.
    """
    stack = stack_of(source, slices_of(_listed(source) if source.is_file() else _in_folder(source)))
    files, remarks = stack.slices, stack.remarks
    values = pixels_of(source, files)
    grid = grid_of(files, values.shape, stack.thickness_mm)
    first = files[0]
    who = Identity(
        header_text(first, "PatientID") or None,
        study_day(first),
        remarks,
        stated_phase(first),
        header_text(first, "FrameOfReferenceUID") or None,
    )
    return values, grid, who


@dataclass(frozen=True)
class Stack:
    """Slices that make one image, by their headers alone.

    Attributes:
        slices: headers along the slices' normal.
        places: of each on the normal, mm.
        step_mm: from slice to slice.
        thickness_mm: as the scanner states it; ``None`` where it does not.
        remarks: what a reader has to know of the acquisition.
    """

    slices: list[Any]
    places: FloatArray
    step_mm: float
    thickness_mm: float | None
    remarks: tuple[str, ...]


def stack_of(source: Path, headers: Iterable[Any]) -> Stack:
    """The stack that slices make.

    Args:
        source: for messages.
        headers: from :func:`.slices_of`, with the elements of :data:`STACK_TAGS`.

    Raises:
        InputError: they make no image: what :func:`read_dicom_series` says of headers.
    """
    files = list(headers)
    _require_one_kind(source, files)
    files, places = in_order(files)
    step = require_even_slices(source, places)
    thickness, remarks = thickness_of(files, step)
    if any(header_text(file, "LossyImageCompression") == "01" for file in files):
        remarks = (
            *remarks,
            "the pixels were compressed with loss: small differences of attenuation may be false",
        )
    return Stack(files, places, step, thickness, remarks)


def series_files(source: Path) -> list[Path]:
    """The DICOM files of an image.

    Args:
        source: folder of one series, or list of slices.

    Raises:
        InputError: the image is no DICOM series.
    """
    if source.is_dir():
        return [Path(header.filename) for header in _in_folder(source)]
    if source.suffix == SLICE_LIST:
        return list(read_slice_list(source).files)
    raise InputError(f"'{source}' is no DICOM series, and a DICOM object has to refer to one.")


def _in_folder(folder: Path) -> list[Any]:
    series: dict[str, list[Any]] = {}
    for header in dicom_headers(folder, STACK_TAGS, to_the_end=True):
        series.setdefault(str(header.SeriesInstanceUID), []).append(header)
    if not series:
        raise InputError(f"Folder '{folder}' holds no readable DICOM series.")
    if len(series) > 1:
        raise InputError(
            f"Folder '{folder}' holds {len(series)} DICOM series. 'hcc-response open-dicom' reads one of them where "
            "it lies; or put the one to read into a folder of its own."
        )
    (files,) = series.values()
    return files


def _listed(path: Path) -> list[Any]:
    named = read_slice_list(path)
    headers = []
    for file in named.files:
        header = dicom_header(file, STACK_TAGS, to_the_end=True)
        if header is None or header_text(header, "SeriesInstanceUID") != named.series:
            raise InputError(
                f"'{file}' is no longer a slice of the series that '{path}' names. Make the list again with "
                "'hcc-response open-dicom'."
            )
        headers.append(header)
    return headers


def _require_one_kind(source: Path, files: Sequence[Any]) -> None:
    """Every slice states its geometry, and the same as the others."""
    first = files[0]
    modality = header_text(first, "Modality") or "CT"
    if modality != "CT":
        raise InputError(f"The DICOM series in '{source}' is {modality}, not CT.")
    if len(files) < 2:
        raise InputError(f"'{source}' has a single slice; a volume is needed.")
    for file in files:
        numbers(file, "ImagePositionPatient", 3)
        axes = np.linalg.norm(numbers(file, "ImageOrientationPatient", 6).reshape(2, 3), axis=1)
        if not np.allclose(axes, 1, atol=_NOT_ONE):
            raise without(file, "ImageOrientationPatient", "holds no directions of length 1")
        if (numbers(file, "PixelSpacing", 2) <= 0).any():
            raise without(file, "PixelSpacing", "is not above 0")
        if (numbers(file, "PixelSpacing", 2) > _LARGEST_MM).any():
            raise without(file, "PixelSpacing", f"is above {_LARGEST_MM:g} mm")
        require_hounsfield(file)
        _require_same(first, file)


def _require_same(first: Any, file: Any) -> None:
    for name, tolerance in _SAME_NUMBERS.items():
        here, there = (np.atleast_1d(np.asarray(f.get(name) or np.nan, float)) for f in (file, first))
        if here.shape == there.shape and np.allclose(here, there, rtol=0, atol=tolerance, equal_nan=True):
            continue
        hint = " It is a localizer." if "LOCALIZER" in (file.get("ImageType") or ()) else ""
        raise InputError(_differs(file, first, name) + hint)
    for name in _SAME_WORDS:
        if header_text(file, name) != header_text(first, name):
            raise InputError(_differs(file, first, name))


def _differs(file: Any, first: Any, name: str) -> str:
    return (
        f"{name} changes within one series: '{file.filename}' has {header_text(file, name) or 'none'}, "
        f"'{Path(first.filename).name}' {header_text(first, name) or 'none'}. "
        "Put the images that belong together into a folder of their own."
    )


def stated_phase(header: Any) -> PhaseFinding | None:
    """The phase by the series' description, else by the time since the injection (DICOM 0018,1042).

    Whether a contrast agent is named (0018,0010) says nothing: of an enhanced series it is often left empty, and
    oral contrast medium is named there too.
    """
    words = header_text(header, "SeriesDescription")
    named = phase_in_words(words)
    if named is not Phase.UNKNOWN:
        return PhaseFinding(named, f"the series is called '{words}'")
    delay = _seconds(header, "AcquisitionTime") - _seconds(header, "ContrastBolusStartTime")
    named = phase_of_delay(delay)
    if named is Phase.UNKNOWN:
        return None
    return PhaseFinding(named, f"the series was taken {delay:.0f} s after the injection")


def _seconds(header: Any, name: str) -> float:
    """A DICOM time (HHMMSS.F) as seconds of the day; not a number where it is missing or cannot be read."""
    text = header_text(header, name)
    try:
        return int(text[:2]) * 3600 + int(text[2:4]) * 60 + float(text[4:])
    except ValueError:
        return float("nan")
