"""Without a terminal a long job says one plain line per step, and says again that it is still there."""

import io

from rich.console import Console

from HCCResponseLib.base.jobs import Progress
from HCCResponseLib.cli import progress
from HCCResponseLib.cli.progress import StepLines, job_progress, progress_bar


def test_each_step_is_told_once_and_a_long_one_again():
    now, told = [0.0], []
    lines = StepLines(told.append, lambda: now[0])
    for second in range(0, 200, 10):
        now[0] = float(second)
        lines.show(f"baseline: Adapting, step {second} of 190", second / 190)
    now[0] = 201.0
    lines.show("follow-up 1: Aligning bodies", 0.6)
    assert told == [
        "  0:00    0%  baseline: Adapting",
        "  1:00   32%  baseline: Adapting, step 60 of 190",
        "  2:00   63%  baseline: Adapting, step 120 of 190",
        "  3:00   95%  baseline: Adapting, step 180 of 190",
        "  3:21   60%  follow-up 1: Aligning bodies",
    ]


def test_a_job_without_a_terminal_is_not_silent(monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr(progress, "console", Console(file=file, width=200))
    with job_progress("Proposals") as report:
        report(Progress("baseline: Adapting, step 1 of 2", 0.3))
        report(Progress("baseline: Adapting, step 2 of 2", 0.6))
    assert [line.split("%  ")[1] for line in file.getvalue().splitlines()] == [
        "Proposals",
        "baseline: Adapting",
    ]


def test_several_tasks_are_told_too(monkeypatch):
    file = io.StringIO()
    monkeypatch.setattr(progress, "console", Console(file=file, width=200))
    with progress_bar() as bar:
        assert list(bar.track([1, 2], description="Drawing subjects")) == [1, 2]
        bar.update(bar.add_task("Training", total=4), completed=1)
    lines = [line.split("  ")[-1] for line in file.getvalue().splitlines()]
    assert lines == ["Drawing subjects", "Training"]
