"""Several events of a read as one: all of them are stored, or none."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.signing.signatures import Locks
from HCCResponseLib.review.store import ReadStore


@contextmanager
def all_or_nothing(store: ReadStore, state: ReadState) -> Iterator[None]:
    """An error inside takes back everything since the start: in the store, and in the state that shows it.

    Raises:
        StorageError: it could not be stored; nothing of it was.
    """
    before = {one.name: _copied(getattr(state, one.name)) for one in fields(state)}
    try:
        with store.transaction():
            yield
    except BaseException:
        for name, value in before.items():
            setattr(state, name, value)
        raise


def _copied(value: Any) -> Any:
    """Containers anew, with the same values in them: rows and decisions never change and may be large."""
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    if isinstance(value, list):
        return list(value)
    return copy.deepcopy(value) if isinstance(value, Locks) else value
