"""In a real Slicer, without its window: the command line's rules on one case, and the exit status of a failure.

Slicer --testing --no-main-window --python-script Testing/slicer/headless.py
"""

import json
import tempfile
from pathlib import Path

import slicer


def main():
    from HCCResponseLib.panel.headless import run

    statuses = []
    with tempfile.TemporaryDirectory(prefix="hcc-response-") as folder:
        missing = str(Path(folder) / "study.yaml")
        run(["propose", missing, "--output", folder], statuses.append)
        run(["--version"], statuses.append)
    print(json.dumps({"missing study": statuses[0], "version": statuses[1]}))
    slicer.util.exit(0 if statuses == [1, 0] else 1)


if __name__ == "__main__":
    main()
