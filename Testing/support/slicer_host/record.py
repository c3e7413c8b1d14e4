"""What happened in the host that a test may want to look at, and the answers that it prepared for dialogs."""

import sys
import traceback
from collections import deque
from dataclasses import dataclass, field
from typing import Any


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
    """Errors in slots, dialogs, packages and module switches of one test. ``clear`` starts the next one."""

    errors: list[BaseException] = field(default_factory=list)
    dialogs: list[Shown] = field(default_factory=list)
    packages: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    selected_modules: list[str] = field(default_factory=list)
    _answers: dict[str, deque[Any]] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget everything."""
        for part in (self.errors, self.dialogs, self.packages, self.selected_modules, self._answers):
            part.clear()

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

    def swallow(self, error: BaseException) -> None:
        """What PythonQt does with an error in a slot: print it and go on. The record keeps it."""
        traceback.print_exception(error, file=sys.stderr)
        self.errors.append(error)


RECORD = Record()
