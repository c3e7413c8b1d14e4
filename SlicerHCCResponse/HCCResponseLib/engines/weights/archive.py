"""Zip archives of weights: unpacked where they belong, whole or not at all."""

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from HCCResponseLib.base.errors import InputError, StorageError
from HCCResponseLib.base.files import storage_error

_ENCRYPTED = 0x1


def unpack(archive: Path, into: Path) -> None:
    """Unpack a zip archive.

    Args:
        into: a folder of its own; after an error it is to be deleted.

    Raises:
        InputError: damaged, encrypted, or with links or names that lead out of the folder.
        StorageError: no room on the disk.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            # Weights are zip archives themselves; of an archive that was cut off, one of them would be opened.
            if min((member.header_offset for member in opened.infolist()), default=0):
                raise zipfile.BadZipFile("it ends early")
            for member in opened.infolist():
                _require_harmless(member, archive)
            _require_room(into, sum(member.file_size for member in opened.infolist()))
            opened.extractall(into)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as problem:
        raise InputError(
            f"The archive '{archive}' is damaged or no zip archive ({problem}). Copy it again."
        ) from problem
    except OSError as problem:
        raise storage_error(into, problem) from problem


def _require_harmless(member: zipfile.ZipInfo, archive: Path) -> None:
    name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
    # Both ways of writing a path, since the archive may come from either system.
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    outside = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts
    if outside:
        raise InputError(f"'{name}' in the archive '{archive}' lies outside the folder; it is not unpacked.")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InputError(
            f"'{name}' in the archive '{archive}' is a link or a device; it is not unpacked. "
            "Pack the files themselves."
        )
    if member.flag_bits & _ENCRYPTED:
        raise InputError(f"The archive '{archive}' is encrypted. Pack it again without a password.")


def _require_room(into: Path, need: int) -> None:
    free = shutil.disk_usage(into).free
    if free < need:
        raise StorageError(
            f"No room in '{into.parent}': {free / 1e6:.0f} MB are free, {need / 1e6:.0f} MB are to be unpacked. "
            "Free some space and run the same command again."
        )
