"""The slices of a stack: where each lies by its own header, in what order, how far apart, and on which grid."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.dicom_headers import header_text
from HCCResponseLib.imaging.geometry import FloatArray, Geometry

_UNEVEN = 0.02
_LEAST_STEP_MM = 0.05
_ROUNDED_MM = 0.1


def in_order(files: Sequence[Any]) -> tuple[list[Any], FloatArray]:
    """The slices along their normal, and where each lies on it, mm.

    Raises:
        InputError: a slice does not say where it lies.
    """
    row, column = np.reshape(numbers(files[0], "ImageOrientationPatient", 6), (2, 3))
    normal = np.cross(row, column)
    places = np.array([numbers(file, "ImagePositionPatient", 3) @ normal for file in files])
    order = np.argsort(places, kind="stable")
    return [files[index] for index in order], places[order]


def numbers(file: Any, name: str, count: int) -> FloatArray:
    """The numbers of an element on which the grid rests.

    Raises:
        InputError: it is missing, or they are no numbers.
    """
    try:
        values = np.asarray(file.get(name), float)
    except (TypeError, ValueError):
        values = np.empty(0)
    if values.shape != (count,) or not np.isfinite(values).all():
        raise without(file, name, "is missing or no number")
    return values


def without(file: Any, name: str, why: str) -> InputError:
    what = "how large its pixels are" if name == "PixelSpacing" else "where it lies"
    return InputError(
        f"The slice '{file.filename}' does not say {what} ({name}): the element {why}. Export the series again."
    )


def require_even_slices(source: Path, places: FloatArray) -> float:
    """The distance between slices, mm. A missing slice would silently stretch every lesion below it.

    Args:
        source: for messages.
        places: of the slices along their normal, ascending, mm.

    Raises:
        InputError: slices are missing, unevenly spaced or at one place.
    """
    steps = np.diff(places)
    typical = float(np.median(steps))
    if steps.min() < _LEAST_STEP_MM:
        at = int(np.flatnonzero(steps < _LEAST_STEP_MM)[0]) + 1
        raise InputError(
            f"The DICOM series in '{source}' has several images at one place (slices {at} and {at + 1}), as bolus "
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
            f"The DICOM series in '{source}' has unevenly spaced slices: {typical:.2f} mm apart, but "
            f"{steps[worst]:.2f} mm after slice {worst + 1}. Slices are missing or two series are mixed."
        )
    return mean


def thickness_of(files: Sequence[Any], step: float) -> tuple[float | None, tuple[str, ...]]:
    """The slice thickness that the scanner states, and what it says about the stack.

    Args:
        step: distance between slices, mm.

    Raises:
        InputError: it is no number.
    """
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


def grid_of(files: Sequence[Any], shape: tuple[int, ...], thickness: float | None) -> Geometry:
    """The grid that the headers state, sheared by a tilt of the gantry: slices lie where the first and the last say.

    Args:
        files: from :func:`in_order`.
        shape: of the values, (z, y, x).
    """
    header = files[0]
    row, column = np.reshape(numbers(header, "ImageOrientationPatient", 6), (2, 3))
    first, last = (numbers(file, "ImagePositionPatient", 3) for file in (files[0], files[-1]))
    step = (last - first) / (len(files) - 1)
    down, across = numbers(header, "PixelSpacing", 2)
    length = float(np.linalg.norm(step))
    units = (row / np.linalg.norm(row), column / np.linalg.norm(column), step / length)
    direction = tuple(float(v) for v in np.column_stack(units).ravel())
    x, y, z = (float(v) for v in first)
    size = (shape[0], shape[1], shape[2])
    spacing = (length, float(down), float(across))
    return Geometry(size, spacing, (x, y, z), direction, slice_thickness_mm=thickness)
