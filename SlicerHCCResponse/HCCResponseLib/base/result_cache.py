"""Results that took long to compute, kept on disk by a hash of everything that they depend on.

One file for each result, named by its key. The oldest in use go when a limit is reached; a damaged one counts as none.
"""

import contextlib
import hashlib
import json
import math
import os
import shutil
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedRandom, BufferedReader
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError, StorageError
from HCCResponseLib.base.files import storage_error, write_atomically
from HCCResponseLib.base.folders import cache_folder

LIMIT = "HCC_RESPONSE_CACHE_MIB"
USUAL_MIB = 2048.0
_MIB = 1024 * 1024
_SUFFIX, _ABOUT = ".result", "about.json"
# A file begins with the SHA-256 of all that follows, as hexadecimal digits.
_DIGITS = 64
# A temporary file this old was left by a process that was ended.
_BEING_WRITTEN = ".writing-*"
_LEFT_S = 24 * 3600.0


@dataclass(frozen=True)
class ResultCache:
    """A folder of results, at most ``limit_mib`` of them.

    Two processes may use one folder at once: files appear whole, and what one deletes the other computes again.
    """

    folder: Path
    limit_mib: float = USUAL_MIB

    def take(self, key: str, into: Path) -> dict[str, Any] | None:
        """Write the files of a result into a folder.

        Args:
            key: see :func:`key_of`.

        Returns:
            what was noted with them; ``None`` where there is no such result, or a damaged one, which is deleted.

        Raises:
            StorageError: no room in ``into``.
        """
        path = self._file(key)
        if not _is_whole(path):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            return None
        try:
            with zipfile.ZipFile(path) as stored:
                about: dict[str, Any] = json.loads(stored.read(_ABOUT))
                for name in about["files"]:
                    with stored.open(name) as source, (into / name).open("wb") as target:
                        shutil.copyfileobj(source, target, _MIB)
        except FileNotFoundError:
            return None  # another process has just deleted it
        except OSError as problem:
            raise storage_error(into, problem) from problem
        with contextlib.suppress(OSError):
            os.utime(path)  # the last use decides what goes first
        noted: dict[str, Any] = about["noted"]
        return noted

    def keep(self, key: str, files: Mapping[str, Path], noted: Mapping[str, Any]) -> None:
        """Keep the files of a result by the names under which :meth:`take` writes them.

        Where there is no room the result is not kept, and nothing is said: it can be computed again.
        """
        about = json.dumps({"files": list(files), "noted": dict(noted)})

        def write(temporary: Path) -> None:
            with temporary.open("w+b") as stream:
                stream.write(b"0" * _DIGITS)
                with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as stored:
                    stored.writestr(_ABOUT, about)
                    for name, path in files.items():
                        stored.write(path, name)
                if stream.seek(0, os.SEEK_END) > self.limit_mib * _MIB:
                    raise StorageError("This result alone is larger than the cache may be.")
                digest = _digest(stream)
                stream.seek(0)
                stream.write(digest)

        with contextlib.suppress(StorageError, OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # results show a patient's liver
            write_atomically(self._file(key), write)
            self._shrink()

    def size(self) -> tuple[int, int]:
        """Number of results and their bytes."""
        sizes = [size for _, size, _ in self._stored("*")]
        return len(sizes), sum(sizes)

    def clear(self) -> None:
        """Delete all results. Raises ``StorageError`` where one cannot be deleted."""
        for _, _, path in (*self._stored("*"), *self._stored(_BEING_WRITTEN)):
            try:
                path.unlink(missing_ok=True)
            except OSError as problem:
                raise storage_error(path, problem) from problem

    def _file(self, key: str) -> Path:
        return self.folder / (key + _SUFFIX)

    def _stored(self, pattern: str) -> list[tuple[float, int, Path]]:
        """Time of last use, bytes and path of the files of a pattern; the one used last comes last."""
        found = []
        for path in self.folder.glob(pattern + _SUFFIX):
            if path.name.startswith(".") and pattern != _BEING_WRITTEN:
                continue
            with contextlib.suppress(OSError):
                facts = path.stat()
                found.append((facts.st_mtime, facts.st_size, path))
        return sorted(found)

    def _shrink(self) -> None:
        """Delete what was used longest ago until the rest fits, and what ended processes have left."""
        stored = self._stored("*")
        over = sum(size for _, size, _ in stored) - self.limit_mib * _MIB
        gone = [path for used, _, path in self._stored(_BEING_WRITTEN) if time.time() - used > _LEFT_S]
        for _, size, path in stored:
            if over <= 0:
                break
            gone.append(path)
            over -= size
        for path in gone:
            with contextlib.suppress(OSError):
                path.unlink()


def users_cache() -> ResultCache | None:
    """The user's own cache; ``None`` where the variable ``HCC_RESPONSE_CACHE_MIB`` is 0.

    Raises:
        InputError: the variable holds something else than a number of MiB.
    """
    said = os.environ.get(LIMIT, "").strip()
    try:
        limit = float(said) if said else USUAL_MIB
    except ValueError:
        limit = -1.0
    if not 0 <= limit < math.inf:
        raise InputError(
            f"{LIMIT} is '{said}'; it must be the largest size of the cache in MiB, or 0 for no cache."
        )
    return ResultCache(cache_place(), limit) if limit else None


def cache_place() -> Path:
    """The folder of the user's own cache; it need not exist."""
    return cache_folder() / "results"


def key_of(depends_on: Mapping[str, Any]) -> str:
    """The key of a result: hex SHA-256 over everything that it depends on, given as plain values."""
    return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()


def _is_whole(path: Path) -> bool:
    """Whether a file is there and holds what was once written into it."""
    try:
        with path.open("rb") as stream:
            said = stream.read(_DIGITS)
            return said == _digest(stream)
    except OSError:
        return False


def _digest(stream: BufferedRandom | BufferedReader) -> bytes:
    """Hexadecimal SHA-256 of all that follows its place at the beginning."""
    stream.seek(_DIGITS)
    return hashlib.file_digest(stream, "sha256").hexdigest().encode("ascii")
