"""DICOM series folders: headers by pydicom, pixels by SimpleITK; one series, evenly spaced slices, identity kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from HCCResponseLib.base.errors import InputError

_TAGS = [
    "SpecificCharacterSet", "StudyDate", "Modality", "PatientID", "SeriesInstanceUID",
    "ImagePositionPatient", "ImageOrientationPatient",
]  # fmt: skip
_UNEVEN = 0.02


def read_dicom_series(folder: Path) -> tuple[sitk.Image, dict[str, str]]:
    """Read the one CT series of a folder; files that are no DICOM images are passed over.

    Returns:
        the image in HU, slices in the direction of their normal, and its identity: ``patient_id`` and ``study_date``
        (ISO 8601), where the files have them.

    Raises:
        InputError: no series, several series, another modality, a slice without a position, missing or unevenly
            spaced slices, pixels that cannot be decoded.
    """
    series: dict[str, list[Any]] = {}
    for header in _headers(folder):
        series.setdefault(str(header.SeriesInstanceUID), []).append(header)
    if not series:
        raise InputError(f"Folder '{folder}' holds no readable DICOM series.")
    if len(series) > 1:
        raise InputError(
            f"Folder '{folder}' holds {len(series)} DICOM series; put the one to read into a folder of its own."
        )
    (headers,) = series.values()
    tags = _identity(folder, headers[0])
    if len(headers) > 1:
        headers = _in_order(folder, headers)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(header.filename) for header in headers])
    try:
        return reader.Execute(), tags
    except RuntimeError as problem:
        raise InputError(
            f"The DICOM series in '{folder}' cannot be read; a file is damaged or incomplete."
        ) from problem


def _headers(folder: Path) -> list[Any]:
    """The DICOM files of a folder that belong to a series: pydicom's data sets with the elements of ``_TAGS``."""
    # Not at the top: environments of engines read other kinds of images with this room and do not have pydicom.
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    found = []
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        try:
            header = dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
        except (InvalidDicomError, EOFError):
            continue
        except OSError as problem:
            raise InputError(f"The file '{path}' cannot be read: {problem.strerror or problem}.") from problem
        if header.get("SeriesInstanceUID"):
            found.append(header)
    return found


def _identity(folder: Path, header: Any) -> dict[str, str]:
    modality = _text(header, "Modality") or "CT"
    if modality != "CT":
        raise InputError(f"The DICOM series in '{folder}' is {modality}, not CT.")
    day = _text(header, "StudyDate")
    if len(day) == 8:
        day = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    found = {"patient_id": _text(header, "PatientID"), "study_date": day}
    return {name: value for name, value in found.items() if value}


def _text(header: Any, name: str) -> str:
    value = header.get(name)
    return "" if value is None else str(value).strip()


def _in_order(folder: Path, headers: Sequence[Any]) -> list[Any]:
    """The slices along their normal. Raises ``InputError`` where they are not evenly spaced."""
    row, column = np.reshape(_numbers(headers[0], "ImageOrientationPatient", 6), (2, 3))
    normal = np.cross(row, column)
    places = np.array([_numbers(header, "ImagePositionPatient", 3) @ normal for header in headers])
    order = np.argsort(places, kind="stable")
    _require_even_slices(folder, places[order])
    return [headers[index] for index in order]


def _numbers(header: Any, name: str, count: int) -> npt.NDArray[np.float64]:
    try:
        values = np.asarray(header.get(name), float)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise InputError(
            f"The slice '{header.filename}' does not say where it lies ({name}); export the series again."
        )
    return values


def _require_even_slices(folder: Path, places: npt.NDArray[np.float64]) -> None:
    """A missing slice would silently stretch every lesion below it.

    Args:
        places: of the slices along their normal, ascending, mm.
    """
    steps = np.diff(places)
    if len(steps) < 2:
        return
    typical = float(np.median(steps))
    uneven = np.flatnonzero(np.abs(steps - typical) > max(_UNEVEN * typical, 0.05))
    if len(uneven):
        raise InputError(
            f"The DICOM series in '{folder}' has unevenly spaced slices: {typical:.2f} mm apart, but "
            f"{steps[uneven[0]]:.2f} mm after slice {int(uneven[0]) + 1}. Slices are missing or two series are mixed."
        )
