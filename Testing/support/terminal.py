"""A command in a terminal of its own, answered as a person answers: whenever it waits at a question."""

import os
import pty
import select
import sys
import time

_QUIET_S = 0.5


def typed(words: list[object], answers: list[str], limit_s: float = 300.0) -> tuple[int, str]:
    """Run ``hcc-response`` and type one answer at each question, which ends with a colon.

    Returns:
        exit status and everything that was on the screen.
    """
    command = [sys.executable, "-m", "HCCResponseLib", *map(str, words)]
    child, screen = pty.fork()
    if child == 0:
        os.execv(command[0], command)
    shown, left, until = b"", list(answers), time.monotonic() + limit_s
    while time.monotonic() < until:
        ready, _, _ = select.select([screen], [], [], _QUIET_S)
        if ready:
            try:
                more = os.read(screen, 4096)
            except OSError:  # the command has ended
                break
            if not more:
                break
            shown += more
        elif left and shown.rstrip().endswith(b":"):
            os.write(screen, left.pop(0).encode() + b"\n")
    os.close(screen)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode("utf-8", "replace")
