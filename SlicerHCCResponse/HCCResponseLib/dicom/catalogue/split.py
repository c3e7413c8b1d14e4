"""One series can hold several acquisitions, orientations or reconstructions: each becomes a stack of its own."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.dicom_headers import header_text
from HCCResponseLib.imaging.slices import in_order

_FEWEST_SLICES = 3
_ONE_PLACE_MM = 0.05
_SAME = {"ImageOrientationPatient": 1e-3, "PixelSpacing": 1e-4, "Rows": 0.0, "Columns": 0.0}


def _of(*names: str) -> Callable[[Any], str]:
    return lambda one: " ".join(header_text(one, name) for name in names)


# What may tell apart images that lie at one place, with its name for people; the first that does is taken.
_TOLD_APART = (
    ("acquisition", _of("AcquisitionNumber", "FrameAcquisitionNumber")),
    ("time point", _of("TemporalPositionIndex")),
    ("taken at", _of("AcquisitionDateTime", "AcquisitionTime", "FrameAcquisitionDateTime")),
    ("kernel", _of("ConvolutionKernel")),
    ("kind", _of("ImageType", "FrameType")),
)


def stacks_in(slices: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    """The stacks of a series, each with what tells it from the others; one without words where there is only one.

    Args:
        slices: headers from :func:`.slices_of`, of one series.
    """
    parts = _same_geometry(slices)
    found = [(words, part) for whole in parts for words, part in _one_place_each(whole)]
    several = len(parts) > 1
    return [(words or (_shape(part[0]) if several else ""), part) for words, part in found]


def _same_geometry(slices: Sequence[Any]) -> list[list[Any]]:
    parts: list[list[Any]] = []
    for one in slices:
        for part in parts:
            if _alike(part[0], one):
                part.append(one)
                break
        else:
            parts.append([one])
    return parts


def _alike(first: Any, one: Any) -> bool:
    for name, tolerance in _SAME.items():
        try:
            here, there = (np.atleast_1d(np.asarray(f.get(name) or np.nan, float)) for f in (one, first))
        except (TypeError, ValueError):
            return header_text(one, name) == header_text(first, name)
        if here.shape != there.shape or not np.allclose(here, there, rtol=0, atol=tolerance, equal_nan=True):
            return False
    return True


def _shape(one: Any) -> str:
    return f"{header_text(one, 'Rows')} x {header_text(one, 'Columns')} pixels, {direction_of(one)}"


def _one_place_each(slices: list[Any]) -> list[tuple[str, list[Any]]]:
    """Parts that have one image at each place; the whole where nothing tells its images apart."""
    if not _repeats(slices):
        return [("", slices)]
    for name, key in _TOLD_APART:
        groups: dict[str, list[Any]] = {}
        for one in slices:
            groups.setdefault(key(one), []).append(one)
        long_enough = all(len(part) >= _FEWEST_SLICES for part in groups.values())
        if len(groups) > 1 and long_enough and not any(map(_repeats, groups.values())):
            return [(f"{name} {value or 'not stated'}", part) for value, part in groups.items()]
    return [("", slices)]


def _repeats(slices: list[Any]) -> bool:
    """Whether several images lie at one place, as far as they say where they lie."""
    try:
        _, places = in_order(slices)
    except InputError:
        return False
    return len(places) > 1 and float(np.diff(places).min()) < _ONE_PLACE_MM


def direction_of(one: Any) -> str:
    """The orientation of a slice in a word: axial, coronal, sagittal or oblique; empty where it is not stated."""
    try:
        row, column = np.reshape(np.asarray(one.get("ImageOrientationPatient"), float), (2, 3))
    except (TypeError, ValueError):
        return ""
    normal = np.abs(np.cross(row, column))
    named = dict(zip(("sagittal", "coronal", "axial"), normal, strict=True))
    word = max(named, key=lambda name: named[name])
    # A gantry is tilted by up to 30 degrees.
    return word if named[word] > np.cos(np.radians(35)) else "oblique"
