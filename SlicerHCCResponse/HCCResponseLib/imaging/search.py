"""What there is to read below a folder: every series of CT with its date, so that nobody types what headers say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.dicom_headers import dicom_header, dicom_headers, header_text, study_day
from HCCResponseLib.imaging.read import SUFFIXES
from HCCResponseLib.imaging.slice_list import SLICE_LIST, read_slice_list

_TAGS = [
    "SpecificCharacterSet", "StudyDate", "Modality", "PatientID", "SeriesInstanceUID", "SeriesDescription",
    "SliceThickness", "ImageType",
]  # fmt: skip
_FEWEST_SLICES = 3


@dataclass(frozen=True)
class FoundImage:
    """One image that can be read, as far as its header tells; ``None`` where it does not say.

    Attributes:
        path: image file, or folder of the one series.
        taken: day of the examination (DICOM 0008,0020).
        patient_id: as the header writes it (0010,0020).
        words: series description, slices and thickness for people; empty for a file.
    """

    path: Path
    taken: date | None = None
    patient_id: str | None = None
    words: str = ""

    def __str__(self) -> str:
        known = ", ".join(part for part in (str(self.taken or "no date"), self.words) if part)
        return f"'{self.path}' ({known})"


def images_at(path: Path) -> list[FoundImage]:
    """The CT images at a path: the file itself, or every series of CT in the folder and those below it, by date.

    Localizers, single slices and other modalities are left out.

    Raises:
        InputError: no such path, no CT below it, a damaged DICOM file, or a folder that mixes several series of CT.
    """
    if not path.exists():
        raise InputError(f"'{path}' does not exist.")
    if path.suffix == SLICE_LIST:
        return [_listed(path)]
    if path.is_file():
        if not path.name.lower().endswith(SUFFIXES):
            raise InputError(
                f"'{path}' is no image; readable are {', '.join(SUFFIXES)} and folders of DICOM series."
            )
        return [FoundImage(path)]
    found = [image for folder in _folders(path) if (image := _series_in(folder)) is not None]
    if not found:
        files = sorted(f.name for f in path.iterdir() if f.is_file() and f.name.lower().endswith(SUFFIXES))
        more = (
            f" It holds {', '.join(files[:5])}: name the file of each visit, with its --date."
            if files
            else ""
        )
        raise InputError(f"Folder '{path}' and those below it hold no DICOM series of CT.{more}")
    return sorted(found, key=lambda image: (image.taken or date.max, str(image.path)))


def _listed(path: Path) -> FoundImage:
    """The image of a list of slices, by the header of the first."""
    files = read_slice_list(path).files
    header = dicom_header(files[0], _TAGS)
    if header is None:
        raise InputError(f"'{files[0]}', which '{path}' names, is no DICOM file.")
    return FoundImage(
        path, _day(header), header_text(header, "PatientID") or None, _words([header] * len(files))
    )


def _folders(path: Path) -> Iterator[Path]:
    yield path
    for below in sorted(path.iterdir()):
        if below.is_dir() and not below.name.startswith("."):
            yield from _folders(below)


def _series_in(folder: Path) -> FoundImage | None:
    series: dict[str, list[Any]] = {}
    for header in dicom_headers(folder, _TAGS):
        if header.get("Modality") == "CT" and "LOCALIZER" not in (header.get("ImageType") or ()):
            series.setdefault(str(header.SeriesInstanceUID), []).append(header)
    volumes = [files for files in series.values() if len(files) >= _FEWEST_SLICES]
    if len(volumes) > 1:
        listed = "; ".join(_words(files) for files in volumes)
        raise InputError(
            f"Folder '{folder}' holds {len(volumes)} series of CT ({listed}); put each into a folder of its own."
        )
    if not volumes:
        return None
    (files,) = volumes
    return FoundImage(folder, _day(files[0]), header_text(files[0], "PatientID") or None, _words(files))


def _words(files: list[Any]) -> str:
    thick = header_text(files[0], "SliceThickness")
    parts = [header_text(files[0], "SeriesDescription") or "no description", f"{len(files)} slices"]
    return ", ".join([*parts, *([f"{thick} mm"] if thick else [])])


def _day(header: Any) -> date | None:
    day = study_day(header)
    return date.fromisoformat(day) if day else None
