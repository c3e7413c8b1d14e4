"""Headers of DICOM files, by pydicom: what belongs to a series, and what a damaged file is."""

import struct
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import unread

_LONG = "1 KB"
_SIZES = (
    "Rows",
    "Columns",
    "BitsAllocated",
    "SamplesPerPixel",
    "NumberOfFrames",
    "Modality",
    "SeriesInstanceUID",
)
# Transfer syntaxes: compressed as a whole; those whose pixels are compressed.
_DEFLATED = "1.2.840.10008.1.2.1.99"
_COMPRESSED = ("1.2.840.10008.1.2.4", "1.2.840.10008.1.2.5")
DICOMDIR = "1.2.840.10008.1.3.10"
_UNDECODABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, NotImplementedError)


class DamagedFileError(InputError):
    """A DICOM file that is damaged or cut short; ``series`` is its series' UID, empty where that is lost, too."""

    def __init__(self, message: str, series: str = "") -> None:
        super().__init__(message)
        self.series = series


def dicom_headers(folder: Path, tags: Sequence[str], *, to_the_end: bool = False) -> list[Any]:
    """The DICOM files of a folder that belong to a series: pydicom's data sets with the elements of these names.

    Args:
        to_the_end: as in :func:`dicom_header`.

    Raises:
        InputError: a DICOM file that is damaged or cut short.
    """
    found = []
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        header = dicom_header(path, tags, to_the_end=to_the_end)
        if header is not None and is_of_series(header, path):
            found.append(header)
    return found


def is_of_series(header: Any, path: Path) -> bool:
    """Whether a file belongs to a series; an index of a disc (DICOMDIR) does not.

    Raises:
        InputError: it should, and does not say to which.
    """
    if header.get("SeriesInstanceUID"):
        return True
    if header.file_meta.get("MediaStorageSOPClassUID") == DICOMDIR:
        return False
    raise damaged(path)


def dicom_header(path: Path, tags: Sequence[str], *, to_the_end: bool = False) -> Any | None:
    """The elements of these names of one file; ``None`` if it is no DICOM file.

    Args:
        to_the_end: see to it that a CT has all of its pixels; they are not kept.

    Raises:
        InputError: a DICOM file that is damaged or cut short.
    """
    # Not at the top: environments of engines read other kinds of images with this room and do not have pydicom.
    from pydicom import dcmread
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        # pydicom's remarks on what it mends would only confuse; what matters is checked by who asks.
        with warnings.catch_warnings(action="ignore"):
            if to_the_end:
                header = dcmread(path, specific_tags=[*tags, *_SIZES, "PixelData"], defer_size=_LONG)
                complete = _has_its_pixels(path, header)
            else:
                header, complete = dcmread(path, stop_before_pixels=True, specific_tags=list(tags)), True
            # Elements are decoded when they are asked for: now, so that what is damaged is found here.
            header.decode()
            [header.get(name) for name in tags]
            header.file_meta.get("MediaStorageSOPClassUID")
    except InvalidDicomError as problem:
        if _is_beginning(path):
            raise damaged(path) from problem
        return None
    except OSError as problem:
        raise InputError(unread(f"The file '{path}'", problem)) from problem
    except (BytesLengthException, EOFError, struct.error, *_UNDECODABLE) as problem:
        raise damaged(path) from problem
    if not complete:
        raise DamagedFileError(
            f"The DICOM file '{path}' is damaged or cut short: it does not hold all of its pixels.",
            header_text(header, "SeriesInstanceUID"),
        )
    return header


def _has_its_pixels(path: Path, header: Any) -> bool:
    """Whether a CT has pixels, as many as it says, which end within the file; takes them out of the header."""
    if "PixelData" not in header:
        return bool(header.get("Modality") != "CT")
    pixels = header.get_item("PixelData", keep_deferred=True)
    del header["PixelData"]
    syntax = str(header.file_meta.get("TransferSyntaxUID", ""))
    # Those of a deferred element were passed over; others were read, and pydicom has found their end.
    if (
        pixels.value is None
        and syntax != _DEFLATED
        and pixels.value_tell + pixels.length > path.stat().st_size
    ):
        return False
    if is_compressed(header) or header.get("Modality") != "CT":
        return True
    there = pixels.length if pixels.value is None else len(pixels.value)
    return int(there) >= pixel_bytes(header)


def is_compressed(header: Any) -> bool:
    """Whether the pixels of a file are compressed."""
    return str(header.file_meta.get("TransferSyntaxUID", "")).startswith(_COMPRESSED)


def pixel_bytes(header: Any) -> int:
    """How many bytes the pixels of a file have where they are not compressed."""
    rows, columns, bits = (int(header.get(name) or 0) for name in ("Rows", "Columns", "BitsAllocated"))
    samples, frames = (int(header.get(name) or 1) for name in ("SamplesPerPixel", "NumberOfFrames"))
    return rows * columns * bits * samples * frames // 8


def _is_beginning(path: Path) -> bool:
    """Whether a file is what is left of a DICOM file that was cut off within its first bytes, or before them."""
    with path.open("rb") as file:
        start = file.read(132)
    return not path.name.startswith(".") and len(start) < 132 and not start.strip(b"\0DICM")


def damaged(path: Path) -> DamagedFileError:
    return DamagedFileError(
        f"The DICOM file '{path}' is damaged or cut short: its header cannot be read to the end."
    )


def study_day(header: Any) -> str | None:
    day = header_text(header, "StudyDate")
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 else day or None


def header_text(header: Any, name: str) -> str:
    value = header.get(name)
    return "" if value is None else str(value).strip()
