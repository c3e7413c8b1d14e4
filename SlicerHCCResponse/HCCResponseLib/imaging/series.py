"""DICOM series folders: every header by pydicom, pixels by SimpleITK; one patient, one grid, evenly spaced slices.

The grid is that of the headers: no element that it rests on is ever replaced by a default, and none is taken from the
first slice alone.
"""

import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import unread
from HCCResponseLib.imaging.geometry import FloatArray, Geometry
from HCCResponseLib.imaging.phase.phases import Phase, PhaseFinding, phase_in_words, phase_of_delay

_DICOMDIR = "1.2.840.10008.1.3.10"
_TAGS = [
    "SpecificCharacterSet", "ImageType", "StudyDate", "Modality", "PatientID", "SeriesInstanceUID",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "TableHeight",
    "NumberOfFrames", "Rows", "Columns", "SeriesDescription", "AcquisitionTime", "ContrastBolusStartTime",
]  # fmt: skip
_UNDECODABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, NotImplementedError)
_UNEVEN = 0.02
_LEAST_STEP_MM = 0.05
_ROUNDED_MM = 0.1
# What has to be the same in every slice, with the difference that rounding explains.
_SAME_NUMBERS = {
    "ImageOrientationPatient": 1e-3,
    "PixelSpacing": 1e-4,
    "TableHeight": 1.0,
    "Rows": 0.0,
    "Columns": 0.0,
}
_SAME_WORDS = ("PatientID", "StudyDate", "Modality")


@dataclass(frozen=True)
class Identity:
    """Whose image it is and when it was taken, as far as the headers know.

    Attributes:
        study_date: ISO 8601.
        remarks: what a reader has to know of the acquisition.
        stated_phase: contrast phase that the headers name; ``None`` where they name none.
    """

    patient_id: str | None = None
    study_date: str | None = None
    remarks: tuple[str, ...] = ()
    stated_phase: PhaseFinding | None = None


def read_dicom_series(folder: Path) -> tuple[npt.NDArray[Any], Geometry, Identity]:
    """Read the one CT series of a folder; files that are no DICOM images are passed over.

    Returns:
        HU (z, y, x), slices along axis 0 in the order of their places; their grid, which is sheared where the gantry
        was tilted; whose they are.

    Raises:
        InputError: no series, several series, another modality; a geometry that is missing or changes within the
            series; slices that are missing, unevenly spaced or at one place; pixels that cannot be decoded.
    """
    series: dict[str, list[Any]] = {}
    for header in dicom_headers(folder, _TAGS):
        series.setdefault(str(header.SeriesInstanceUID), []).append(header)
    if not series:
        raise InputError(f"Folder '{folder}' holds no readable DICOM series.")
    if len(series) > 1:
        raise InputError(
            f"Folder '{folder}' holds {len(series)} DICOM series; put the one to read into a folder of its own."
        )
    (files,) = series.values()
    _require_one_kind(folder, files)
    files, places = _in_order(files)
    steps = _require_even_slices(folder, places)
    thickness, remarks = _thickness(files, steps)
    values = _pixels(folder, files)
    grid = _grid(files, values.shape, thickness)
    who = Identity(
        header_text(files[0], "PatientID") or None, study_day(files[0]), remarks, _stated_phase(files[0])
    )
    return values, grid, who


def dicom_headers(folder: Path, tags: Sequence[str]) -> list[Any]:
    """The DICOM files of a folder that belong to a series: pydicom's data sets with the elements of these names.

    Raises:
        InputError: a DICOM file that is damaged or cut short.
    """
    # Not at the top: environments of engines read other kinds of images with this room and do not have pydicom.
    from pydicom import dcmread
    from pydicom.errors import BytesLengthException, InvalidDicomError

    found = []
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        try:
            # pydicom's remarks on what it mends would only confuse; what matters is checked below.
            with warnings.catch_warnings(action="ignore"):
                header = dcmread(path, stop_before_pixels=True, specific_tags=list(tags))
                # Elements are decoded when they are asked for: now, so that what is damaged is found here.
                header.decode()
                [header.get(name) for name in tags]
                index = header.file_meta.get("MediaStorageSOPClassUID") == _DICOMDIR
        except InvalidDicomError as problem:
            if _is_beginning(path):
                raise _damaged(path) from problem
            continue
        except OSError as problem:
            raise InputError(unread(f"The file '{path}'", problem)) from problem
        except (BytesLengthException, EOFError, struct.error, *_UNDECODABLE) as problem:
            raise _damaged(path) from problem
        if header.get("SeriesInstanceUID"):
            found.append(header)
        elif not index:
            raise _damaged(path)
    return found


def _is_beginning(path: Path) -> bool:
    """Whether a file is what is left of a DICOM file that was cut off within its first bytes, or before them."""
    with path.open("rb") as file:
        start = file.read(132)
    return not path.name.startswith(".") and len(start) < 132 and not start.strip(b"\0DICM")


def _damaged(path: Path) -> InputError:
    return InputError(
        f"The DICOM file '{path}' is damaged or cut short: its header cannot be read to the end."
    )


def _require_one_kind(folder: Path, files: Sequence[Any]) -> None:
    """Every slice states its geometry, and the same as the others."""
    first = files[0]
    modality = header_text(first, "Modality") or "CT"
    if modality != "CT":
        raise InputError(f"The DICOM series in '{folder}' is {modality}, not CT.")
    if any(int(file.get("NumberOfFrames") or 1) > 1 for file in files):
        raise InputError(
            f"The DICOM series in '{folder}' is an enhanced CT (many slices in one file), which is not read "
            "yet; export it as single slices."
        )
    if len(files) < 2:
        raise InputError(f"'{folder}' has a single slice; a volume is needed.")
    for file in files:
        _numbers(file, "ImagePositionPatient", 3)
        _numbers(file, "ImageOrientationPatient", 6)
        if (_numbers(file, "PixelSpacing", 2) <= 0).any():
            raise InputError(_without(file, "PixelSpacing", "is not above 0"))
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


def study_day(header: Any) -> str | None:
    day = header_text(header, "StudyDate")
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 else day or None


def header_text(header: Any, name: str) -> str:
    value = header.get(name)
    return "" if value is None else str(value).strip()


def _stated_phase(header: Any) -> PhaseFinding | None:
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


def _in_order(files: Sequence[Any]) -> tuple[list[Any], FloatArray]:
    """The slices along their normal, and where each lies on it, mm."""
    row, column = np.reshape(_numbers(files[0], "ImageOrientationPatient", 6), (2, 3))
    normal = np.cross(row, column)
    places = np.array([_numbers(file, "ImagePositionPatient", 3) @ normal for file in files])
    order = np.argsort(places, kind="stable")
    return [files[index] for index in order], places[order]


def _numbers(file: Any, name: str, count: int) -> FloatArray:
    try:
        values = np.asarray(file.get(name), float)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise InputError(_without(file, name, "is missing or no number"))
    return values


def _without(file: Any, name: str, why: str) -> str:
    what = "how large its pixels are" if name == "PixelSpacing" else "where it lies"
    return f"The slice '{file.filename}' does not say {what} ({name}): the element {why}. Export the series again."


def _require_even_slices(folder: Path, places: FloatArray) -> float:
    """The distance between slices, mm. A missing slice would silently stretch every lesion below it.

    Args:
        places: of the slices along their normal, ascending, mm.
    """
    steps = np.diff(places)
    typical = float(np.median(steps))
    if steps.min() < _LEAST_STEP_MM:
        at = int(np.flatnonzero(steps < _LEAST_STEP_MM)[0]) + 1
        raise InputError(
            f"The DICOM series in '{folder}' has several images at one place (slices {at} and {at + 1}), as bolus "
            "tracking, perfusion or several phases do. Put the images of one acquisition into a folder of their own."
        )
    mean = float(places[-1] - places[0]) / len(steps)
    allowed = max(_UNEVEN * mean, 0.05)
    if np.allclose(places / _ROUNDED_MM, np.rint(places / _ROUNDED_MM), atol=1e-4):
        allowed = max(allowed, min(_ROUNDED_MM, mean / 4) + 1e-6)
    uneven = np.abs(places - places[0] - mean * np.arange(len(places))).max() > allowed
    if uneven or (np.abs(steps - typical) > 2 * allowed).any():
        worst = int(np.argmax(np.abs(steps - typical)))
        raise InputError(
            f"The DICOM series in '{folder}' has unevenly spaced slices: {typical:.2f} mm apart, but "
            f"{steps[worst]:.2f} mm after slice {worst + 1}. Slices are missing or two series are mixed."
        )
    return mean


def _thickness(files: Sequence[Any], step: float) -> tuple[float | None, tuple[str, ...]]:
    """The slice thickness that the scanner states, and what it says about the stack."""
    stated = [header_text(file, "SliceThickness") for file in files]
    try:
        thick = {float(value) for value in stated if value}
    except ValueError as problem:
        raise InputError(
            f"The slice thickness in '{Path(files[0].filename).parent}' is no number: {problem}."
        ) from problem
    if not thick or min(thick) <= 0:
        return None, ("the slice thickness is not stated: the distance between slices is taken for it",)
    thickest = max(thick)
    said = []
    if len(thick) > 1:
        said.append(f"slices are {min(thick):g} to {thickest:g} mm thick: the thickest counts")
    if thickest < 0.95 * step:
        said.append(
            f"slices are {thickest:g} mm thick but {step:g} mm apart: what lies in the gaps was not imaged"
        )
    return thickest, tuple(said)


def _grid(files: Sequence[Any], shape: tuple[int, ...], thickness: float | None) -> Geometry:
    """The grid that the headers state, sheared by a tilt of the gantry: slices lie where the first and the last say."""
    header = files[0]
    row, column = np.reshape(_numbers(header, "ImageOrientationPatient", 6), (2, 3))
    first, last = (_numbers(file, "ImagePositionPatient", 3) for file in (files[0], files[-1]))
    step = (last - first) / (len(files) - 1)
    down, across = _numbers(header, "PixelSpacing", 2)
    length = float(np.linalg.norm(step))
    units = (row / np.linalg.norm(row), column / np.linalg.norm(column), step / length)
    direction = tuple(float(v) for v in np.column_stack(units).ravel())
    x, y, z = (float(v) for v in first)
    size = (shape[0], shape[1], shape[2])
    spacing = (length, float(down), float(across))
    return Geometry(size, spacing, (x, y, z), direction, slice_thickness_mm=thickness)


def _pixels(folder: Path, files: Sequence[Any]) -> npt.NDArray[Any]:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(file.filename) for file in files])
    try:
        values: npt.NDArray[Any] = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError as problem:
        raise InputError(
            f"The DICOM series in '{folder}' cannot be read; a file is damaged or incomplete."
        ) from problem
    if values.ndim != 3 or len(values) != len(files):
        raise InputError(f"The DICOM series in '{folder}' does not hold one grey picture for each slice.")
    return values
