"""A file that names the slices of one image, so that a series can be read where it lies, among others.

A folder of a patient holds many series, and a series can hold several acquisitions. The list says which files are the
image of a visit; nothing is copied. It is YAML: ``series`` (the series' UID) and ``files``, relative to the list.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import write_text
from HCCResponseLib.base.yaml_files import load_checked_yaml

SLICE_LIST = ".slices"
_HEAD = "# The slices of one image, by hcc-response. The files stay where they are.\n"


class SliceList(BaseModel):
    """The slices of one image.

    Attributes:
        series: SeriesInstanceUID (0020,000E) that each of the files states.
        files: of the slices, in any order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    series: str = Field(pattern=r"^[0-9.]{1,64}$")
    files: Annotated[tuple[Path, ...], Field(min_length=1)]


def read_slice_list(path: Path) -> SliceList:
    """Read a list; its files are given with their whole paths.

    Raises:
        InputError: no such list, no YAML, unknown fields, a file that is named twice or does not exist.
    """
    found = load_checked_yaml(path, SliceList, "The list of slices")
    files = tuple(path.parent / file for file in found.files)
    if len(set(files)) != len(files):
        raise InputError(f"The list of slices '{path}' names a file twice.")
    missing = [file for file in files if not file.is_file()]
    if missing:
        raise InputError(
            f"{len(missing)} of the {len(files)} files that '{path}' names do not exist, '{missing[0]}' for one. "
            "Put them back, or make the list again with 'hcc-response open-dicom'."
        )
    return found.model_copy(update={"files": files})


def write_slice_list(path: Path, series: str, files: Sequence[Path]) -> None:
    """Write a list; files below its folder or the one around it are named relative to it, so that all can be moved.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    home = path.resolve().parent
    whole = [file.resolve() for file in files]
    names = [os.path.relpath(file, home) if file.is_relative_to(home.parent) else str(file) for file in whole]
    write_text(
        path, _HEAD + yaml.safe_dump({"series": series, "files": names}, sort_keys=False, allow_unicode=True)
    )
