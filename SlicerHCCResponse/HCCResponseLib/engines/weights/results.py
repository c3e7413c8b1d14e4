"""Results folders of nnU-Net: found, checked, and put into place whole or not at all."""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import storage_error

_FILES = ("dataset.json", "plans.json")
_CHECKPOINT = "checkpoint_final.pth"
_STAGED = ".incoming-"
# torch writes zip files, and before its version 1.6 bare pickles.
_ZIP, _PICKLE = b"PK", b"\x80"


def results_in(root: Path) -> list[Path]:
    """Folders at or below ``root`` that hold something of a results folder, sorted."""
    files = [file for name in _FILES for file in root.rglob(name)]
    folds = [file.parent for file in root.rglob(f"fold_*/{_CHECKPOINT}")]
    return sorted({file.parent for file in (*files, *folds)})


def the_results_in(root: Path, named: Path) -> Path:
    """The one results folder at or below ``root``.

    Args:
        named: the folder or archive that the user has named.

    Raises:
        InputError: there is none, or there are several.
    """
    found = results_in(root)
    if not found:
        raise InputError(
            f"'{named}' holds no results of nnU-Net: dataset.json, plans.json and fold_*/{_CHECKPOINT} are missing."
        )
    if len(found) > 1:
        names = ", ".join(f"'{folder.relative_to(root)}'" for folder in found)
        raise InputError(
            f"'{named}' holds several trained networks: {names}. Name the folder of one of them."
        )
    return found[0]


def require_whole(folder: Path, named: Path) -> dict[str, Any]:
    """What ``dataset.json`` says of a results folder that has everything.

    Raises:
        InputError: what is missing or damaged.
    """
    described = [_json(folder / name, named) for name in _FILES]
    for description, name, key in zip(described, _FILES, ("labels", "configurations"), strict=True):
        if not isinstance(description.get(key), dict):
            raise InputError(f"{name} in '{named}' says nothing of '{key}'; it is not nnU-Net's. {_AGAIN}")
    checkpoints = sorted(folder.glob(f"fold_*/{_CHECKPOINT}"))
    if not checkpoints:
        raise InputError(
            f"'{named}' has no finished fold: fold_*/{_CHECKPOINT} is missing. Name the folder in which "
            "training has ended."
        )
    for file in checkpoints:
        _require_checkpoint(file, named)
    return described[0]


def is_whole(dataset: Path) -> bool:
    """Whether a folder has, at or below it, results with everything."""
    for folder in results_in(dataset):
        try:
            require_whole(folder, folder)
        except InputError:
            continue
        return True
    return False


_AGAIN = "Copy it again."


def _json(file: Path, named: Path) -> dict[str, Any]:
    if not file.is_file():
        raise InputError(f"'{named}' is not a whole results folder of nnU-Net: {file.name} is missing.")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InputError(f"{file.name} in '{named}' cannot be read. {_AGAIN}") from problem
    if not isinstance(content, dict):
        raise InputError(f"{file.name} in '{named}' is not nnU-Net's. {_AGAIN}")
    return content


def _require_checkpoint(file: Path, named: Path) -> None:
    """Weights that were cut off on the way, or are something else; nothing in them is run."""
    where = f"{file.parent.name}/{file.name} in '{named}'"
    with file.open("rb") as stream:
        start = stream.read(2)
    if not start.startswith((_ZIP, _PICKLE)):
        raise InputError(f"{where} holds no weights. {_AGAIN}")
    if start == _ZIP and not zipfile.is_zipfile(file):
        raise InputError(f"{where} was cut off. {_AGAIN}")


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """An empty folder beside ``target`` to unpack or copy into; it is gone afterwards, and so is what a run that was
    ended has left there.

    Raises:
        StorageError: the folder cannot be written to.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(f"{_STAGED}*"):
            shutil.rmtree(left, ignore_errors=True)
        if _aside(target).exists() and not target.exists():
            _aside(target).rename(target)
        folder = Path(tempfile.mkdtemp(prefix=_STAGED, dir=target.parent))
    except OSError as problem:
        raise storage_error(target, problem) from problem
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(folder: Path, target: Path) -> None:
    """Move a staged folder to ``target``, in place of what is there, which stays where that fails.

    Raises:
        StorageError: it cannot be moved.
    """
    aside = _aside(target)
    try:
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)
            target.rename(aside)
        folder.rename(target)
    except OSError as problem:
        if aside.exists() and not target.exists():
            aside.rename(target)
        raise storage_error(target, problem) from problem
    shutil.rmtree(aside, ignore_errors=True)


def copy_results(source: Path, into: Path) -> None:
    """Copy what prediction needs of a results folder: its own files and the finished checkpoints, no logs or images.

    Raises:
        StorageError: no room, or something cannot be read.
    """
    try:
        wanted = [f for f in source.iterdir() if f.is_file()] + sorted(source.glob(f"fold_*/{_CHECKPOINT}"))
        for file in wanted:
            copy = into / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
    except OSError as problem:
        raise storage_error(into, problem) from problem


def _aside(target: Path) -> Path:
    return target.with_name(f".before-{target.name}")
