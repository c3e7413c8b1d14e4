"""The tutorial and what else a reader meets, by the panel's own buttons and keys, with pictures and a table of steps.

Slicer --no-splash --python-script Testing/slicer/whole_tutorial.py [FOLDER_FOR_PICTURES] [VOXEL_SIZE_MM] [WALK ...]

The walk `tutorial` draws the sample data, proposes with the shipped network, adapts and follows (some minutes); larger
voxels, such as 5, are drawn sooner, and 0 means as in the tutorial. The other walks use small drawn cases and take
seconds; names of walks choose some.

It leaves with exit status 1 if a step failed, an error box opened that was not expected, a traceback was printed or an
error was logged. The table names for each step how long the window did not answer at most.
"""

import os
import sys
import tempfile
from pathlib import Path

import slicer

# In the application this folder is on the path while the script runs only.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from walks import committee, dicom, install, keys, looks, three_visits, tutorial
from walks.walk import HEADER, Walk

WALKS = {
    "tutorial": tutorial.STEPS,
    "keys": keys.STEPS,
    "three-visits": three_visits.STEPS,
    "committee": committee.STEPS,
    "looks": looks.STEPS,
    "install": install.STEPS,
    "dicom": dicom.STEPS,
}


def main(words):
    """Take every walk, or those that are named, and leave with the exit status."""
    pictures = Path(words[0] if words else "tutorial-pictures").resolve()
    voxel_mm = float(words[1]) if len(words) > 1 else 0.0
    with tempfile.TemporaryDirectory(prefix="hcc-accounts-") as folder:
        # Never the accounts of whoever runs it.
        os.environ["HCC_RESPONSE_PEOPLE"] = str(Path(folder) / "people.sqlite")
        walks = [Walk(name, steps, pictures, voxel_mm) for name, steps in _chosen(words[2:])]
        passed = [walk.run() for walk in walks]
    text = "\n".join([HEADER, *(row for walk in walks for row in walk.rows), ""])
    sys.stdout.write(text)
    (pictures / "steps.txt").write_text(text, encoding="utf-8")
    slicer.util.exit(0 if all(passed) else 1)


def _chosen(names):
    return [(name, steps) for name, steps in WALKS.items() if not names or name in names]


if __name__ == "__main__":
    main(sys.argv[1:])
