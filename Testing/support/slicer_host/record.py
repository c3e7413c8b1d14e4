"""What happened in the host that a test may want to look at, and the answers that it prepared for dialogs."""

import sys
import traceback
from collections import deque
from dataclasses import dataclass, field
from typing import Any

_ERROR_KINDS = ("error", "critical")


class HostError(AssertionError):
    """The code under test asked for something that the application has not, or that the host cannot stand in for."""


@dataclass(frozen=True)
class Shown:
    """One dialog: its kind (``error``, ``question``, ``open file`` ...), what it said and what was answered."""

    kind: str
    text: str
    answer: Any


@dataclass
class Record:
    """Errors, dialogs, packages and module switches of one test. ``clear`` starts the next one.

    ``working`` names effects of the segment editor that are at work.
    """

    errors: list[BaseException] = field(default_factory=list)
    dialogs: list[Shown] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    packages: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    selected_modules: list[str] = field(default_factory=list)
    working: list[str] = field(default_factory=list)
    _answers: dict[str, deque[Any]] = field(default_factory=dict)
    _boxes_taken: int = 0

    def clear(self) -> None:
        """Forget everything."""
        for part in (
            self.errors, self.dialogs, self.logged, self.packages, self.selected_modules, self.working, self._answers,
        ):  # fmt: skip
            part.clear()
        self._boxes_taken = 0

    def answer(self, kind: str, *values: Any) -> None:
        """Prepare answers for the next dialogs of a kind, in order."""
        self._answers.setdefault(kind, deque()).extend(values)

    def take_answer(self, kind: str, text: str, *default: Any) -> Any:
        """The prepared answer for a dialog; an unexpected question is an error, as nobody could click it away."""
        waiting = self._answers.get(kind)
        if waiting:
            value = waiting.popleft()
        elif default:
            value = default[0]
        else:
            raise HostError(f"A dialog of kind {kind!r} opened and the test prepared no answer: {text!r}")
        self.dialogs.append(Shown(kind, text, value))
        return value

    def unused_answers(self) -> dict[str, list[Any]]:
        """Answers that no dialog asked for."""
        return {kind: list(values) for kind, values in self._answers.items() if values}

    def take_errors(self) -> list[BaseException]:
        """The errors in slots so far; the test expected them, so they no longer fail it."""
        errors = list(self.errors)
        self.errors.clear()
        return errors

    def _boxes(self) -> list[str]:
        return [shown.text for shown in self.dialogs if shown.kind in _ERROR_KINDS]

    def take_error_boxes(self) -> list[str]:
        """What error boxes said since the last call; the test expected them, they no longer fail it."""
        boxes = self._boxes()[self._boxes_taken :]
        self._boxes_taken += len(boxes)
        return boxes

    def take_error_box(self) -> str:
        """The same where exactly one has opened."""
        boxes = self.take_error_boxes()
        if len(boxes) != 1:
            raise HostError(f"one error box was expected, {len(boxes)} opened: {boxes}")
        return boxes[0]

    def take_logged(self) -> list[str]:
        """Errors in the log so far that the test expected."""
        logged = list(self.logged)
        self.logged.clear()
        return logged

    def problems(self) -> list[str]:
        """Everything that went wrong and that the test did not expect, in words."""
        boxes, unused = self._boxes(), self.unused_answers()
        found = [f"error in a slot or observer: {error!r} (take_errors)" for error in self.errors]
        found += [f"error box: {text!r} (take_error_box)" for text in boxes[self._boxes_taken :]]
        # Each box is also a line in the log.
        found += [f"error in the log: {text!r} (take_logged)" for text in self.logged if text not in boxes]
        return found + ([f"answers that no dialog asked for: {unused}"] if unused else [])

    def swallow(self, error: BaseException) -> None:
        """Print an error and go on. The record keeps it."""
        traceback.print_exception(error, file=sys.stderr)
        self.errors.append(error)

    def uncaught(self, error: BaseException) -> None:
        """An error in a slot: PythonQt gives it to the hook of the interpreter and goes on."""
        sys.excepthook(type(error), error, error.__traceback__)


RECORD = Record()
