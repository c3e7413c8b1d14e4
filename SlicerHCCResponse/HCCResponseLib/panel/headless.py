"""The command line inside the application, without its window, for batches:

    Slicer --no-main-window --python-script .../HCCResponseLib/panel/headless.py propose STUDY --output FOLDER

Everything after the script is a command of ``hcc-response``; the application ends with the command's exit status.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def run(words: Sequence[str], leave: Callable[[int], None]) -> None:
    """Run one command and leave with its exit status."""
    library = str(Path(__file__).resolve().parents[2])
    if library not in sys.path:
        sys.path.insert(0, library)
    status = 1
    try:
        sys.argv = ["hcc-response", *words]
        runpy.run_module("HCCResponseLib", run_name="__main__")
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        leave(status)


if __name__ == "__main__":
    import slicer

    run(sys.argv[1:], slicer.util.exit)
