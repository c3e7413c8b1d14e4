"""Pixels of slices in HU: by SimpleITK (GDCM) where it knows the compression, else by pydicom and its decoders."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk  # noqa: N813

from HCCResponseLib.base.errors import InputError

# JPEG XL is not CT; what GDCM cannot open is high-throughput JPEG 2000 (DICOM PS3.5, A.4.12).
_NOT_BY_GDCM = ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203")


def pixels_of(source: Path, slices: Sequence[Any]) -> npt.NDArray[Any]:
    """HU (z, y, x) of slices in this order.

    Args:
        source: for messages.
        slices: headers from :func:`.slices_of`.

    Raises:
        InputError: pixels that cannot be decoded, or are no single grey picture for each slice.
    """
    singly = len({str(one.filename) for one in slices}) == len(slices)
    if singly and not any(_syntax(one) in _NOT_BY_GDCM for one in slices):
        return _by_gdcm(source, slices)
    return _by_pydicom(source, slices)


def require_hounsfield(one: Any) -> None:
    """Refuse a slice whose stored values do not become Hounsfield units by slope and intercept, plainly stated.

    Raises:
        InputError: an element is missing or no number, a slope of 0, colours, inverted values, a table, another unit.
    """
    if _number(one, "RescaleSlope") == 0:
        raise _unknown_unit(one, "RescaleSlope is 0")
    _number(one, "RescaleIntercept")
    # "US" is unspecified: ITK writes it of Hounsfield units, too. Whether it can be CT the values tell later.
    unit = str(one.get("RescaleType") or "HU")
    if not unit.startswith("HU") and unit != "US":
        raise _unknown_unit(one, f"RescaleType is {unit}")
    if one.get("ModalityLUTSequence"):
        raise _unknown_unit(one, "it has a table (ModalityLUTSequence) instead")
    shown = str(one.get("PhotometricInterpretation") or "MONOCHROME2")
    if shown != "MONOCHROME2" or int(one.get("SamplesPerPixel") or 1) != 1:
        raise InputError(
            f"The slice '{one.filename}' is no plain grey picture ({shown}). Export the series again."
        )


def _unknown_unit(one: Any, why: str) -> InputError:
    return InputError(
        f"The slice '{one.filename}' does not say how its pixels become Hounsfield units: {why}. "
        "Export the series again."
    )


def _syntax(header: Any) -> str:
    meta = getattr(header, "file_meta", None)
    return str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""


def _by_gdcm(source: Path, slices: Sequence[Any]) -> npt.NDArray[Any]:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(file.filename) for file in slices])
    try:
        values: npt.NDArray[Any] = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError as problem:
        raise InputError(
            f"The DICOM series in '{source}' cannot be read; a file is damaged or incomplete."
        ) from problem
    if values.ndim != 3 or len(values) != len(slices):
        raise _no_grey(source)
    return values


def _no_grey(source: Path) -> InputError:
    return InputError(f"The DICOM series in '{source}' does not hold one grey picture for each slice.")


def _by_pydicom(source: Path, slices: Sequence[Any]) -> npt.NDArray[Any]:
    """One file after the other, so that only one lies in memory beside the result."""
    first = slices[0]
    values = np.empty((len(slices), int(first.Rows), int(first.Columns)), np.float32)
    places: dict[str, list[int]] = {}
    for place, one in enumerate(slices):
        places.setdefault(str(one.filename), []).append(place)
    for name, here in places.items():
        stored = _stored(Path(name))
        if stored.shape[1:] != values.shape[1:]:
            raise _no_grey(source)
        for place in here:
            one = slices[place]
            if one.frame >= len(stored):
                raise InputError(
                    f"'{name}' holds fewer slices than its header says. Export the series again."
                )
            values[place] = stored[one.frame] * _number(one, "RescaleSlope") + _number(
                one, "RescaleIntercept"
            )
    return values


def _number(one: Any, name: str) -> float:
    try:
        value = float(one.get(name))
    except (TypeError, ValueError):
        value = float("nan")
    if not np.isfinite(value):
        raise _unknown_unit(one, f"{name} is missing or no number")
    return value


def _stored(path: Path) -> npt.NDArray[Any]:
    """Stored values (frame, y, x) of a file."""
    from pydicom import dcmread

    try:
        with warnings.catch_warnings(action="ignore"):
            # A file without its end is no whole file; other remarks of pydicom are checked by who asks.
            warnings.filterwarnings("error", "End of file")
            values: npt.NDArray[Any] = dcmread(path).pixel_array
    except (
        AttributeError,
        ValueError,
        RuntimeError,
        EOFError,
        OSError,
        NotImplementedError,
        UserWarning,
    ) as problem:
        raise InputError(f"The pixels of '{path}' cannot be decoded: {_why(problem)}") from problem
    return values[None] if values.ndim == 2 else values


def _why(problem: Exception) -> str:
    words = str(problem)
    if "missing dependencies" in words or "plugin" in words:
        return (
            "its compression has no decoder here. Install one (pip install 'hcc-response[htj2k]'), or store the "
            "series uncompressed."
        )
    return "a file is damaged or incomplete."
