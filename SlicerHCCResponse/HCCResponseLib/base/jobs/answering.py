"""The side of a worker that waits, see :mod:`HCCResponseLib.base.jobs.waiting`: load once, answer, end when idle."""

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import HCCResponseError, JobOutOfMemoryError
from HCCResponseLib.base.jobs.outcome import error_to_json
from HCCResponseLib.base.jobs.serve import is_out_of_memory, say

Answer = Callable[[str], Mapping[str, Any]]


def answer_questions(prepare: Callable[[str], tuple[Answer, float]]) -> None:
    """Main of a worker that waits.

    It ends when nothing was asked for a while, and at once, with all that it started, when its parent ends in whatever
    way.

    Args:
        prepare: loads what answers need, from the text of the request; returns what answers the text of one question,
            and after how many idle seconds the worker ends. Errors of ours that it raises end the worker; those of an
            answer are told, and the worker waits for the next question.
    """
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    try:
        answer, idle_s = prepare(Path(sys.argv[-1]).read_text(encoding="utf-8"))
    except HCCResponseError as problem:
        say(error_to_json(problem))
        sys.exit(1)
    say({"ready": True})
    while True:
        try:
            question = lines.get(timeout=idle_s)
        except queue.Empty:
            return
        _answer(answer, question)


def _answer(answer: Answer, question: str) -> None:
    try:
        say({"result": answer(question)})
    except HCCResponseError as problem:
        say(error_to_json(problem))
    except (MemoryError, RuntimeError) as problem:
        if not is_out_of_memory(problem):
            raise
        first = (str(problem).splitlines() or [""])[0]
        say(error_to_json(JobOutOfMemoryError(f"Out of memory. {first}".strip())))


def _listen(lines: "queue.Queue[str]") -> None:
    """Hand on what is asked; a closed pipe is a parent that has ended.

    Read below ``sys.stdin``, whose lock a waiting thread would hold while the interpreter ends.
    """
    kept = b""
    while data := os.read(0, 1 << 16):
        *whole, kept = (kept + data).split(b"\n")
        for line in whole:
            lines.put(line.decode("utf-8"))
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
