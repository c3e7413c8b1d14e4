"""What the process that waits is asked, and the files that go there and back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.base.jobs.request import JobRequest
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.prompt import Prompts


class Loading(JobRequest):
    """What the process loads, and for how many seconds it then waits for a question at most."""

    weights: Path
    device: str = "auto"
    idle_s: float = 600.0


class Question(JobRequest):
    """One lesion that is shown.

    ``scan``: file of :func:`write_part`; ``contour``: file that is to hold the contour; ``corrects``: a contour
    that is to be corrected lies in the scan's file.
    """

    scan: Path
    contour: Path
    prompts: Prompts
    corrects: bool = False


@dataclass(frozen=True)
class Contoured:
    """A contour from what a reader has shown.

    Attributes:
        contour: on the grid of the scan.
        facts: engine, hash of the weights, what was shown (LPS mm), versions, seconds; plain values, for the record.
    """

    contour: Lesion
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_part(path: Path, part: Volume, prior: Mask | None) -> None:
    """Write a part of a scan, with the contour that is to be corrected there.

    Raises:
        StorageError: no room.
    """
    grid = part.geometry
    arrays = {"hu": part.hu} if prior is None else {"hu": part.hu, "prior": prior}
    write_atomically(
        path,
        lambda temporary: np.savez(
            temporary, spacing=grid.spacing, origin=grid.origin, direction=grid.direction, **arrays
        ),
    )


def read_part(path: Path) -> tuple[Volume, Mask | None]:
    """Back from :func:`write_part`."""
    with np.load(path) as stored:
        hu = stored["hu"]
        z, y, x = hu.shape
        sz, sy, sx = (float(v) for v in stored["spacing"])
        ox, oy, oz = (float(v) for v in stored["origin"])
        grid = Geometry((z, y, x), (sz, sy, sx), (ox, oy, oz), tuple(float(v) for v in stored["direction"]))
        return Volume(hu, grid), stored.get("prior")
