"""Every DICOM file below some folders, by its header: nested, mixed, doubled or damaged, with and without an index."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.dicom_headers import DICOMDIR, dicom_header, header_text
from HCCResponseLib.imaging.series import STACK_TAGS

_TAGS = [
    *STACK_TAGS, "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesNumber", "AcquisitionNumber",
    "AcquisitionDate", "AcquisitionDateTime", "ConvolutionKernel", "TemporalPositionIndex",
    "DirectoryRecordSequence",
]  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """A file that cannot be used: what is wrong in words, its series' UID (empty where unknown), and where it is."""

    words: str
    series: str
    path: Path

    @property
    def folder(self) -> Path:
        return self.path.parent

    def __str__(self) -> str:
        return self.words


@dataclass
class FoundFiles:
    """What was found below the folders.

    Attributes:
        headers: of every DICOM file that belongs to a series, each once.
        faults: a line for each file that is damaged, cut short or cannot be read, with the UID of its series where
            that could be read, and the file's folder.
        copies: how many files were the same as another one.
        contradicting: identifiers (SOPInstanceUID) that several files with different contents carry.
        not_there: files that an index (DICOMDIR) names and that do not exist.
        others: how many files are no DICOM.
    """

    headers: list[Any] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    copies: int = 0
    contradicting: dict[str, list[Path]] = field(default_factory=dict)
    not_there: list[Path] = field(default_factory=list)
    others: int = 0


def found_below(
    folders: Sequence[Path],
    report: Callable[[int], None] = lambda _: None,
    files: Mapping[str, Sequence[Path]] = MappingProxyType({}),
) -> FoundFiles:
    """Read the headers below folders. Pixels stay on the disk.

    Args:
        report: called with the number of files that were looked at.
        files: further files, by the UID of the series to which a database says that they belong.

    Raises:
        InputError: a folder does not exist, or is no folder.
    """
    for folder in folders:
        if not folder.is_dir():
            raise InputError(
                f"'{folder}' is no folder." if folder.exists() else f"'{folder}' does not exist."
            )
    found, known = FoundFiles(), dict[str, Any]()
    named = ((uid, path) for uid, paths in files.items() for path in paths)
    for number, (series, path) in enumerate(chain((("", p) for p in _files(folders)), named), start=1):
        try:
            header = dicom_header(path, _TAGS, to_the_end=True)
            if header is None:
                found.others += 1
            elif header.file_meta.get("MediaStorageSOPClassUID") == DICOMDIR:
                found.not_there += _missing(path, header)
            else:
                _add(found, known, path, header)
        except InputError as problem:
            found.faults.append(Fault(str(problem), getattr(problem, "series", "") or series, path))
        report(number)
    return found


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    """Each file once, even where folders overlap or a link leads back."""
    seen: set[str] = set()
    for folder in folders:
        for place, below, names in os.walk(folder, followlinks=True):
            real = os.path.realpath(place)
            below[:] = sorted(name for name in below if not name.startswith("."))
            if real in seen:
                below.clear()
                continue
            seen.add(real)
            yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _add(found: FoundFiles, known: dict[str, Any], path: Path, header: Any) -> None:
    if not header_text(header, "SeriesInstanceUID"):
        raise InputError(f"The DICOM file '{path}' does not say to which series it belongs.")
    name = header_text(header, "SOPInstanceUID")
    earlier = known.setdefault(name, header) if name else header
    if earlier is header:
        found.headers.append(header)
    elif _same(Path(earlier.filename), path):
        found.copies += 1
    else:
        found.contradicting.setdefault(name, [Path(earlier.filename)]).append(path)


def _same(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    return sha256(one.read_bytes()).digest() == sha256(other.read_bytes()).digest()


def _missing(index: Path, header: Any) -> list[Path]:
    """The files that a DICOMDIR names and that are not there."""
    missing = []
    for record in header.get("DirectoryRecordSequence") or ():
        parts = record.get("ReferencedFileID")
        if not parts:
            continue
        place = index.parent.joinpath(*([parts] if isinstance(parts, str) else list(parts)))
        if not any(p.exists() for p in (place, place.with_name(place.name.lower()))):
            missing.append(place)
    return missing
