"""Writing so that nothing half-written is ever seen: a temporary file beside the target, then one rename."""

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from HCCResponseLib.base.errors import StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file with the target's suffixes, then move it into place.

    Raises:
        StorageError: the disk is full, the folder is missing or not writable; the target is as it was before.
    """
    path = Path(path)
    suffix = "".join(path.suffixes[-2:]) if path.name.endswith(".gz") else path.suffix
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".writing-", suffix=suffix, dir=path.parent)
    except OSError as problem:
        raise storage_error(path, problem) from problem
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except (OSError, RuntimeError) as problem:
        raise storage_error(path, problem) from problem
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def _umask() -> int:
    """The user's default rights for new files (temporary files are made owner-only)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically, line ends as they are; errors as :func:`write_atomically`."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline=""))


def in_words(problem: Exception) -> str:
    """What the system or a decoder says is wrong with a file, without its numbers and the name of the file."""
    if isinstance(problem, FileNotFoundError):
        return "it does not exist"
    if isinstance(problem, UnicodeDecodeError):
        return "it is not text in UTF-8"
    return (isinstance(problem, OSError) and problem.strerror) or str(problem) or type(problem).__name__


def unread(what: str, problem: Exception) -> str:
    """The sentence for a file that somebody named and that cannot be read.

    Args:
        what: kind and name of the file ("Table 'a.csv'").
    """
    if isinstance(problem, FileNotFoundError):
        return f"{what} does not exist."
    return f"{what} cannot be read: {in_words(problem)}."


def storage_error(path: Path, problem: Exception) -> StorageError:
    """The error a user should see when a file cannot be written."""
    code = getattr(problem, "errno", None)
    if code in _FULL or "No space left" in str(problem):
        return StorageError(
            f"No room left on the disk for '{path}'. Free some space and run the same command again."
        )
    return StorageError(
        f"'{path}' cannot be written: {in_words(problem)}. Check that the folder exists and is writable."
    )


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder; of a name that no file could have, that there is none."""
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or with a NUL
        return False
