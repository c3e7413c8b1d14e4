"""The two ways in which a bar of several tasks is shown; loaded only where something takes long."""

from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from HCCResponseLib.cli.progress import StepLines


def bar_of(console: Console) -> Progress:
    """A bar for a terminal."""
    return Progress(
        TextColumn("{task.description:<44}"),
        BarColumn(24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
    )


def line_bar_of(lines: StepLines) -> Progress:
    """The same without a terminal: nothing is drawn, every task is told in lines as it moves."""
    return _LineBar(lines)


class _LineBar(Progress):
    def __init__(self, lines: StepLines) -> None:
        super().__init__(disable=True)
        self._lines = lines

    def add_task(self, description: str, *given: Any, **more: Any) -> TaskID:
        self._lines.show(description)
        return super().add_task(description, *given, **more)

    def update(self, task_id: TaskID, **more: Any) -> None:
        super().update(task_id, **more)
        self._tell(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        super().advance(task_id, advance)
        self._tell(task_id)

    def _tell(self, task_id: TaskID) -> None:
        for task in self.tasks:
            if task.id == task_id:
                self._lines.show(task.description, task.percentage / 100 if task.total else None)
