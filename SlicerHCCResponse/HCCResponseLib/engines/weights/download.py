"""Downloading one file so that what was cut off goes on; it runs in the environment of an engine.

What has come so far lies beside the target as ``NAME.part``, with a note of where it came from; the target appears
only when it is whole.
"""

import base64
import hashlib
import json
import re
import shutil
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.client import HTTPException
from io import RawIOBase
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from HCCResponseLib.base.errors import InputError, StorageError
from HCCResponseLib.base.files import in_words, sha256_of, storage_error, write_text

Tell = Callable[[int, int | None], None]
_TRIES, _PAUSE_S = 3, 1.0
_SILENT_S = 60
_BLOCK = 1 << 20
_THE_REST, _NOT_FOUND, _NO_SUCH_PART, _BUSY = 206, 404, 416, 500


class DownloadError(InputError):
    """A file could not be had; what came so far stays for the next try."""


class _CutError(Exception):
    """Fewer bytes came than were announced."""


@dataclass(frozen=True)
class _Note:
    """What is known of a file that has begun to come.

    Attributes:
        validator: ``ETag`` or ``Last-Modified``, by which the server knows whether it is still the same file.
        total: bytes of the whole; ``md5``: of the whole, base64; ``None`` where the server does not say.
    """

    address: str
    validator: str | None
    total: int | None
    md5: str | None


def download(address: str, target: Path, tell: Tell, sha256: str | None = None) -> None:
    """Fetch a file, going on from what an earlier try has left.

    Args:
        target: in an existing folder.
        tell: called with the bytes that are here and those of the whole (``None``: the server does not say).
        sha256: hex, that the file must have; ``None``: not known.

    Raises:
        DownloadError: the server cannot be reached, refuses, or the file came damaged.
        StorageError: no room on the disk.
    """
    part = target.with_name(target.name + ".part")
    note = _fetched(address, part, tell)
    try:
        _require_undamaged(part, note, sha256)
        part.replace(target)
    except OSError as problem:
        raise storage_error(target, problem) from problem
    _note_file(part).unlink(missing_ok=True)


def stated_sha256(address: str) -> str | None:
    """The SHA-256 that lies beside a file as ``ADDRESS.sha256``; ``None`` where there is none.

    Raises:
        DownloadError: the server cannot be reached.
    """
    try:
        with _ask(address + ".sha256", {}) as answer:
            found = re.match(rb"\s*([0-9a-fA-F]{64})\b", answer.read(_BLOCK))
    except HTTPError as problem:
        if problem.code == _NOT_FOUND:
            return None
        raise _refused(address + ".sha256", problem) from problem
    except (OSError, HTTPException) as problem:
        raise _unreached(address, problem) from problem
    return found[1].decode().lower() if found else None


def _ask(address: str, headers: dict[str, str]) -> Any:
    """Open an address, with the certificates of the system and those that the environment brings."""
    trusted = ssl.create_default_context()
    with suppress(ImportError):
        import certifi

        trusted.load_verify_locations(certifi.where())
    return urlopen(Request(address, headers=headers), timeout=_SILENT_S, context=trusted)


def _fetched(address: str, part: Path, tell: Tell) -> _Note:
    """Let the rest come; a connection that breaks is tried again."""
    for left in reversed(range(_TRIES)):
        try:
            return _go_on(address, part, tell)
        except HTTPError as problem:
            if problem.code == _NO_SUCH_PART:
                part.unlink(missing_ok=True)
            elif not left or problem.code < _BUSY:
                raise _refused(address, problem) from problem
        except (_CutError, OSError, HTTPException) as problem:
            if not left:
                raise _broken(address, part, problem) from problem
        time.sleep(_PAUSE_S)
    raise DownloadError(f"'{address}' cannot be had: the server does not hand out the file.")


def _go_on(address: str, part: Path, tell: Tell) -> _Note:
    known = _note_of(part, address)
    have = part.stat().st_size if known else 0
    if known and have == known.total:
        return known
    rest = {"Range": f"bytes={have}-", "If-Range": known.validator} if known and have else {}
    with _ask(address, {k: v for k, v in rest.items() if v}) as answer:
        if answer.status == _THE_REST and not _starts_at(answer, have):
            part.unlink(missing_ok=True)
            raise _CutError("another part than asked for")
        if answer.status != _THE_REST:
            # The whole file, since it has changed, or the server cannot give parts.
            have = 0
            part.unlink(missing_ok=True)
        note = _described(address, answer, have, known)
        _keep(part, note, have)
        with part.open("ab", buffering=0) as stream:
            while block := answer.read1(_BLOCK):
                _append(stream, block, part)
                have += len(block)
                tell(have, note.total)
    if note.total is not None and have != note.total:
        raise _CutError("the connection ended early")
    return note


def _starts_at(answer: Any, have: int) -> bool:
    """Whether a partial answer starts where the file here ends."""
    return bool(re.match(rf"bytes {have}-", answer.headers.get("Content-Range", "")))


def _described(address: str, answer: Any, have: int, known: _Note | None) -> _Note:
    headers = answer.headers
    tag = headers.get("ETag", "")
    # A weak tag does not promise the same bytes.
    validator = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")
    length = headers.get("Content-Length", "")
    # Content-MD5 of a part is that of the part.
    md5 = headers.get("x-ms-blob-content-md5") or (
        known.md5 if known and have else headers.get("Content-MD5")
    )
    return _Note(address, validator, have + int(length) if length.isdigit() else None, md5)


def _note_file(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _note_of(part: Path, address: str) -> _Note | None:
    """What an earlier try has noted; ``None`` where it cannot go on from there."""
    with suppress(OSError, ValueError, TypeError):
        note = _Note(**json.loads(_note_file(part).read_text(encoding="utf-8")))
        if note.address == address and note.validator and part.is_file():
            return note
    return None


def _keep(part: Path, note: _Note, have: int) -> None:
    """Write down what is known of the file before its first byte. Raises ``StorageError`` where it has no room."""
    free, coming = shutil.disk_usage(part.parent).free, (note.total or 0) - have
    if free < coming:
        raise StorageError(
            f"No room in '{part.parent}': {free / 1e6:.0f} MB are free, {coming / 1e6:.0f} MB are to come. "
            "Free some space and run the same command again."
        )
    write_text(_note_file(part), json.dumps(asdict(note)))


def _append(stream: RawIOBase, block: bytes, part: Path) -> None:
    try:
        while block:
            block = block[stream.write(block) or 0 :]
    except OSError as problem:
        raise storage_error(part, problem) from problem


def _require_undamaged(part: Path, note: _Note, sha256: str | None) -> None:
    """Raises ``DownloadError`` for a file with another checksum than stated; it is deleted."""
    wrong = sha256 is not None and sha256_of(part) != sha256.lower()
    if not wrong and note.md5:
        with part.open("rb") as stream:
            digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).digest()
        wrong = base64.b64encode(digest).decode() != note.md5
    if wrong:
        part.unlink()
        _note_file(part).unlink(missing_ok=True)
        raise DownloadError(
            f"'{note.address}' came damaged: its checksum is not the one that is stated for it. "
            "It was deleted; run the same command again."
        )


def _refused(address: str, problem: HTTPError) -> DownloadError:
    return DownloadError(f"'{address}' cannot be had: the server answers {problem.code} ({problem.reason}).")


def _broken(address: str, part: Path, problem: Exception) -> DownloadError:
    have = part.stat().st_size if part.is_file() else 0
    if not have:
        return _unreached(address, problem)
    return DownloadError(
        f"The connection to '{address}' broke after {have / 1e6:.1f} MB; the same command goes on from there."
    )


def _unreached(address: str, problem: Exception) -> DownloadError:
    return DownloadError(f"'{address}' cannot be reached ({_cause(problem)}).")


def _cause(problem: Exception) -> str:
    """The reason of a failed connection in a few words."""
    reason = getattr(problem, "reason", problem)
    if isinstance(reason, ssl.SSLError):
        return "its certificate is not trusted here"
    if isinstance(reason, socket.gaierror):
        return "its name cannot be found: is there a network?"
    if isinstance(reason, TimeoutError):
        return "no answer"
    return in_words(reason) if isinstance(reason, OSError) else "no connection"
