"""What an archive can do, whichever language it speaks, and the errors of asking it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from HCCResponseLib.base.errors import InputError, ServerError
from HCCResponseLib.dicom.servers.config import Server
from HCCResponseLib.imaging.dicom_headers import dicom_header, header_text

Report = Callable[[int, int], None]


def no_report(_done: int, _of: int) -> None:
    """For transfers that nobody watches."""


@dataclass(frozen=True)
class FoundStudy:
    """A study as the archive lists it; texts are empty where it does not say.

    Attributes:
        uid: (0020,000D). ``day``: (0008,0020), as DICOM writes it.
        modalities: (0008,0061).
        images: how many instances, ``None`` where it is not said.
    """

    uid: str
    patient_id: str
    patient_name: str
    day: str
    description: str
    modalities: tuple[str, ...]
    images: int | None


@dataclass(frozen=True)
class Transfer:
    """What came of a transfer: files (fetched) or identifiers (stored), and how many were there before."""

    done: tuple[str, ...]
    before: int


class Archive(Protocol):
    """An archive. Every method raises ``ServerError`` where it does not answer, refuses, or cannot be trusted."""

    def find(self, patient_id: str = "", name: str = "", days: str = "") -> list[FoundStudy]:
        """The studies of a patient.

        Args:
            patient_id: (0010,0020); ``*`` stands for anything.
            name: of the patient; ``*`` stands for anything.
            days: a day or a range as DICOM writes it, 20240101-20240630.
        """

    def fetch(self, study: str, folder: Path, report: Report = no_report) -> Transfer:
        """Fetch every image of a study into ``folder/STUDY/SERIES/IMAGE.dcm``; what is there is not fetched again.

        Args:
            report: called with how many are there and how many there will be.

        Raises:
            StorageError: the disk is full.
        """

    def store(self, files: Sequence[Path], report: Report = no_report) -> Transfer:
        """Store files; each counts as stored only once the archive lists it.

        Raises:
            InputError: a file is no DICOM object.
        """


def archive_of(name: str, server: Server) -> Archive:
    """The archive behind a server.

    Args:
        name: for messages.

    Raises:
        InputError: a password is not known, or the library for it is not installed.
    """
    if server.url is not None:
        from HCCResponseLib.dicom.servers.web import WebArchive

        return WebArchive(name, server)
    from HCCResponseLib.dicom.servers.classic import ClassicArchive

    return ClassicArchive(name, server)


def place_of(folder: Path, study: str, series: str, image: str) -> Path:
    """Where an image goes. Raises ``ServerError`` for identifiers that are none, whatever a server sends."""
    return folder / _safe(study) / _safe(series) / f"{_safe(image)}.dcm"


def _safe(uid: str) -> str:
    if not re.fullmatch(r"[0-9.]{1,64}", uid) or not uid.strip("."):
        raise ServerError(f"The server sent an identifier that is none: {uid[:80]!r}.")
    return uid


def asked_uid(study: str) -> str:
    """A study that the user names. Raises ``InputError`` where it is no UID."""
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", study) or len(study) > 64:
        raise InputError(f"'{study[:80]}' is no study UID; 'pacs find' lists them.")
    return study


def is_whole(path: Path) -> bool:
    """Whether an image is there with all of its pixels."""
    try:
        return path.is_file() and dicom_header(path, ["SOPInstanceUID"], to_the_end=True) is not None
    except InputError:
        return False


def save_whole(image: Any, name: str, path: Path) -> None:
    """Write an image that an archive has sent. Raises ``ServerError`` where it is not whole."""
    image.save_as(path, enforce_file_format=True)
    if not is_whole(path):
        raise ServerError(
            f"'{name}' sent an image that is not whole ({image.SOPInstanceUID}). Nothing of it was kept; give the same "
            "command again."
        )


def identity_of(file: Path) -> tuple[str, str]:
    """Study and image of a file that is to be stored. Raises ``InputError`` where it is no DICOM object."""
    header = dicom_header(file, ["StudyInstanceUID", "SOPInstanceUID"]) if file.is_file() else None
    study, image = ("", "") if header is None else (
        header_text(header, "StudyInstanceUID"), header_text(header, "SOPInstanceUID")
    )  # fmt: skip
    if not study or not image:
        raise InputError(f"'{file}' is no DICOM object that can be stored.")
    return study, image


def refusals(name: str, refused: Sequence[str], of: int) -> ServerError:
    """The error that says which objects were not taken, and why."""
    return ServerError(f"'{name}' did not take {len(refused)} of {of} objects: {'; '.join(refused[:5])}.")
