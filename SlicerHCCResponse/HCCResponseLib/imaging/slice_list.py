"""A file that names the slices of one image, so that a series can be read where it lies, among others.

A folder of a patient holds many series, and a series can hold several acquisitions. The list says which files are the
image of a visit; nothing is copied. Its first line is ``series: `` with the series' UID (0020,000E), every further line
the path of a slice, relative to the list; lines that begin with ``#`` are for people. Plain text, because environments
of engines read images with this room and have neither YAML nor pydantic.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import unread, write_text

SLICE_LIST = ".slices"
_HEAD = "# The slices of one image, by hcc-response. The files stay where they are.\n"
_FIRST = re.compile(r"series: ([0-9.]{1,64})")


@dataclass(frozen=True)
class SliceList:
    """The slices of one image.

    Attributes:
        series: SeriesInstanceUID that each of the files states.
        files: of the slices, in any order.
    """

    series: str
    files: tuple[Path, ...]


def read_slice_list(path: Path) -> SliceList:
    """Read a list; its files are given with their whole paths.

    Raises:
        InputError: no such list, not one of this kind, a file that is named twice or does not exist.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(unread(f"The list of slices '{path}'", problem)) from problem
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    first = _FIRST.fullmatch(lines[0].strip()) if lines else None
    if first is None or len(lines) < 2:
        raise InputError(
            f"'{path}' is no list of slices: it has to begin with 'series: UID', and a line for each file follows."
        )
    files = tuple(path.parent / line for line in lines[1:])
    if len(set(files)) != len(files):
        raise InputError(f"The list of slices '{path}' names a file twice.")
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise InputError(
            f"{len(missing)} of the {len(files)} files that '{path}' names do not exist, '{missing[0]}' for one. "
            "Put them back, or make the list again with 'hcc-response open-dicom'."
        )
    return SliceList(first.group(1), files)


def write_slice_list(path: Path, series: str, files: Sequence[Path]) -> None:
    """Write a list; files below its folder or the one around it are named relative to it, so that all can be moved.

    Raises:
        InputError: the name of a file holds a line break.
        StorageError: the disk is full, or the folder cannot be written.
    """
    home = path.resolve().parent
    whole = [file.resolve() for file in files]
    names = [os.path.relpath(file, home) if file.is_relative_to(home.parent) else str(file) for file in whole]
    broken = [name for name in names if len(name.splitlines()) != 1 or not name.isprintable()]
    if broken:
        raise InputError(
            f"The name {broken[0]!r} holds a line break or other signs that cannot be written; rename the file."
        )
    # What begins like a remark is still a name.
    names = [f"./{name}" if name.startswith(("#", " ")) else name for name in names]
    write_text(path, _HEAD + "".join(f"{line}\n" for line in (f"series: {series}", *names)))
