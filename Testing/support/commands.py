"""The program as a user starts it, in a process of its own."""

import json
import subprocess
import sys
from typing import Any

from without_torch import skip_if_it_was_missing


def run(*words: object, **more: Any) -> subprocess.CompletedProcess[str]:
    """``hcc-response`` with these words; ``more`` is for ``subprocess.run``."""
    done = subprocess.run(
        [sys.executable, "-m", "HCCResponseLib", *map(str, words)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        **more,
    )
    skip_if_it_was_missing(done.stderr)
    return done


def answer(*words: object) -> Any:
    """What the command prints with ``--json``; it must succeed."""
    done = run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
