"""Nothing that goes wrong in a self-test passes in silence: error boxes, tracebacks and errors in the log are kept.

The panel shows its problems in message boxes and goes on, and the application prints an error in a slot and goes on;
a self-test that only looks at its own results passes with any number of them.
"""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import Any, Self

import slicer


class ErrorWatch(logging.Handler):
    """While it is open, error boxes do not open: their texts are kept, and so is everything else that failed.

    with ErrorWatch() as watch:
        ...
    assert not watch.found
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def __enter__(self) -> Self:
        self._before: tuple[Any, Any] = (slicer.util.errorDisplay, sys.excepthook)
        slicer.util.errorDisplay, sys.excepthook = self._box, self._uncaught
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        slicer.util.errorDisplay, sys.excepthook = self._before
        logging.getLogger().removeHandler(self)

    def take(self) -> list[str]:
        """What was found so far, and begin anew: for errors that are expected, and for steps."""
        found, self.found = self.found, []
        return found

    def emit(self, record: logging.LogRecord) -> None:
        """An error in the log."""
        self.found.append(f"log: {record.getMessage()}")

    def _box(self, text: str, *_: object, **details: object) -> None:
        self.found.append(f"error box: {text}")
        sys.stderr.write(f"{self.found[-1]}\n{details.get('detailedText') or ''}\n")

    def _uncaught(self, kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        self.found.append("".join(traceback.format_exception(kind, error, where)))
        sys.stderr.write(self.found[-1])
