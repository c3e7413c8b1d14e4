"""One program at a time works in the folder of a read; a second one is refused at once and told who is there.

with in_use(folder, "'hcc-response assess'"): ...

The lock is the system's own, so that it ends with the process that holds it, however that ends.
"""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from HCCResponseLib.base.errors import InUseError
from HCCResponseLib.base.files import storage_error, write_text

_LOCK, _WHO = ".in-use.lock", ".in-use.json"
_LOOKS, _PAUSE_S = 20, 0.05


@contextmanager
def in_use(folder: Path, who: str) -> Iterator[None]:
    """Keep a folder for this process until the block ends; the folder is made where it is not there.

    Nothing of it stays in a folder that is otherwise empty, nor does a folder that was made for it.

    Args:
        who: what works here, as another program is to be told ("'hcc-response assess'").

    Raises:
        InUseError: another process works there.
        StorageError: the folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    folder = Path(folder)
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    lock = FileLock(folder / _LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(
            NotImplementedError
        ):  # a disk without locks; who writes there looks once more in the store
            lock.acquire(timeout=0)
    except Timeout as busy:
        raise InUseError(_refusal(folder)) from busy
    except OSError as problem:
        raise storage_error(folder, problem) from problem
    try:
        # In a file of its own: on Windows nobody else can read one that is locked.
        write_text(folder / _WHO, json.dumps(_present(who)))
        yield
    finally:
        with suppress(OSError):
            (folder / _WHO).unlink()
        with suppress(OSError):  # on Windows it goes with the lock
            if [one.name for one in folder.iterdir()] == [_LOCK]:
                (folder / _LOCK).unlink()
        lock.release()
        with suppress(OSError):  # one that is not empty stays
            for one in made:
                one.rmdir()


def _present(who: str) -> dict[str, object]:
    now = datetime.now().astimezone().isoformat(timespec="minutes")
    return {"who": who, "since": now, "process": os.getpid(), "computer": socket.gethostname()}


def _note(folder: Path) -> str:
    """The note of whoever works there; who has begun in this moment is given a little time to write it."""
    for _ in range(_LOOKS):
        with suppress(FileNotFoundError):
            return (folder / _WHO).read_text(encoding="utf-8")
        time.sleep(_PAUSE_S)
    return ""


def _refusal(folder: Path) -> str:
    """Who works in a folder, since when, and what to do. The note may be gone or half-way at this very moment."""
    try:
        note = json.loads(_note(folder))
        since = datetime.fromisoformat(note["since"]).astimezone()
        today = since.date() == datetime.now().astimezone().date()
        elsewhere = "" if note["computer"] == socket.gethostname() else f" on {note['computer']}"
        process = f"process {note['process']}{elsewhere}"
        who = f"Another {note['who']}"
    except (OSError, ValueError, KeyError, TypeError):
        return f"Another program is working in '{folder}'. Wait until it has ended, or end it."
    when = f"{since:%H:%M}" if today else f"{since:%Y-%m-%d %H:%M}"
    return (
        f"{who} has been working in '{folder}' since {when} ({process}). Wait until it has ended, or end it."
    )
