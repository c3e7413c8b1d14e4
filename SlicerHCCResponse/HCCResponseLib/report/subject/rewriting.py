"""A report that is already there is written anew whenever its read changes, from what the store knows."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import sha256_of
from HCCResponseLib.imaging.study import load_image
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.report.subject.output import write_files
from HCCResponseLib.review.read.session import STORE
from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.read.workflow import REPORTED
from HCCResponseLib.review.store import STORE_LOG, ReadStore


def report_folder(store: ReadStore, state: ReadState) -> Path | None:
    """Where the reader's report of a read lies on this computer; ``None`` where there is none.

    The folder of a read that has a file of its own, else the last one that its reader had it written to, as long as the
    report in it is the one that was written: two reads may have been given the same folder. What others had written,
    perhaps under hidden names, is left as it is.
    """
    if store.path is not None and store.path.name == STORE:
        return store.path.parent
    mine, reader = f"read {store.read_id}", state.locks.reader
    written = [e for e in store.other(STORE_LOG).events() if e.action == REPORTED and e.item == mine]
    last = {event.payload["file"]: event.payload["sha256"] for event in written}
    of_reader = [event.payload["file"] for event in written if reader in (None, event.actor)]
    for file in map(Path, reversed(of_reader)):
        if file.is_file() and sha256_of(file) == last[str(file)]:
            return file.parent
    return None


def stored_images(state: ReadState) -> Callable[[str], Volume]:
    """The images of a read by time point, from where its study says that they lie; each is read once.

    Raises:
        InputError: when asked for one that is not there any more, or is another one than was read.
    """
    assert state.study is not None
    study = state.study
    points = {p.name: p for p in study.timepoints}

    @lru_cache
    def image(name: str) -> Volume:
        found = load_image(study, points[name])
        known = state.fingerprints.get(name, {}).get("image_sha256")
        if known not in (None, found.voxels_sha256):
            raise InputError(f"'{points[name].image}' is not the image that was read at '{name}'.")
        return found

    return image


def rewrite_report(
    store: ReadStore, state: ReadState, folder: Path, by: str = "", *, pdf: bool = False
) -> dict[str, Any]:
    """Write contours, result and report of a read into a folder, signed or not, and note it in the store's log.

    Returns:
        as of :func:`HCCResponseLib.report.subject.output.write_files`.

    Raises:
        InputError: an image is not where it was.
        StorageError: a file cannot be written.
    """
    return write_files(store, state, folder, stored_images(state), by=by, pdf=pdf)
