"""A worker that is started beforehand, keeps what it has loaded, and answers one question after another.

waiting = WaitingWorker("package.worker", request)      # starts it; it loads, then waits
waiting.ask(question)                                   # as soon as it is ready, or before
while waiting.poll() is None: ...                       # never waits; the answer as an :class:`Outcome`
waiting.end()

Its side is :func:`HCCResponseLib.base.jobs.answering.answer_questions`. Questions go down its standard input, answers
come as lines of a file: nothing leaves the machine, and the caller needs no thread.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from HCCResponseLib.base.files import storage_error, write_text
from HCCResponseLib.base.jobs.job import death, new_messages
from HCCResponseLib.base.jobs.outcome import Outcome, error_from_json
from HCCResponseLib.base.jobs.process import Tree, start

if TYPE_CHECKING:
    from HCCResponseLib.base.jobs.request import Request


class WaitingWorker:
    """One worker module that waits for questions; :meth:`poll` never waits.

    Attributes:
        ready: it has loaded what it needs.
        busy: it was asked and has not answered.
        over: it has ended: after its time of waiting, by :meth:`end`, or because it failed.
        folder: for files that go with questions and answers; gone with the worker.
    """

    def __init__(self, module: str, request: Request) -> None:
        """Start ``module``, which calls :func:`answer_questions`.

        Args:
            request: what it is to load.

        Raises:
            StorageError: no room for the request, or the interpreter is gone.
        """
        self.ready = self.busy = self.over = False
        self._read = 0
        try:
            self._kept = tempfile.TemporaryDirectory(prefix="hcc-response-job-", ignore_cleanup_errors=True)
        except OSError as problem:
            raise storage_error(Path(tempfile.gettempdir()), problem) from problem
        folder = Path(self._kept.name)
        self._output, self._log, self.folder = folder / "output.jsonl", folder / "job.log", folder / "tmp"
        try:
            write_text(folder / "request.json", request.to_text())
            self._process = start(module, folder, None)
            self._tree = Tree(self._process)
        except BaseException as problem:
            self._kept.cleanup()
            if isinstance(problem, OSError):
                raise storage_error(folder, problem) from problem
            raise

    def ask(self, question: Request) -> None:
        """Put a question; the answer comes by :meth:`poll`. A worker that has not loaded yet takes it up then."""
        assert not self.busy and self._process.stdin is not None
        self.busy = True
        try:
            self._process.stdin.write(question.to_text().encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            # It has ended; the next poll says how.
            return

    def poll(self) -> Outcome[dict[str, Any]] | None:
        """The answer to the question that was put, or why there is none; ``None`` while there is nothing new."""
        if self.over:
            return None
        ended = self._tree.over
        messages, self._read = new_messages(self._output, self._read)
        found: Outcome[dict[str, Any]] | None = None
        for message in messages:
            self.ready = self.ready or "ready" in message
            if "result" in message or "error" in message:
                found = _answer(message)
                self.busy = False
        if ended:
            found = self._finish(found)
        return found

    def _finish(self, found: Outcome[dict[str, Any]] | None) -> Outcome[dict[str, Any]] | None:
        """It has ended: by itself after waiting long enough, or it failed, which is said even before a question."""
        code, asked = self._tree.end(), self.busy
        if found is None and (asked or code != 0):
            found = Outcome.of(death(code, self._log))
        self._close()
        return found

    def end(self) -> None:
        """End it and everything it started, at once; a question that waits for its answer gets none."""
        if not self.over:
            self._tree.end()
            self._close()

    def _close(self) -> None:
        self.over, self.busy, self.ready = True, False, False
        self._kept.cleanup()


def _answer(message: dict[str, Any]) -> Outcome[dict[str, Any]]:
    if "error" in message:
        return Outcome.of(error_from_json(message))
    return Outcome.done(message["result"])
