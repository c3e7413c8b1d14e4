"""A small picture of a lesion at each visit, quick enough to be drawn when its row is selected."""

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.image import imsave
from scipy import ndimage

from HCCResponseLib.imaging.volumes import SOFT_TISSUE_WINDOW, Volume, window
from HCCResponseLib.report.subject.figures import Images, half_side_mm
from HCCResponseLib.report.subject.pictures import key_index
from HCCResponseLib.review.read.state import ReadState, Row

SIDE = 112
"""Side of a thumbnail in pixels."""
_CONTOUR = (255, 176, 0)


@dataclass(frozen=True)
class Thumbnail:
    """One visit: the picture as a data URI, ``None`` where there is nothing to show, and words below it."""

    point: str
    data: str | None
    words: str


def thumbnails(state: ReadState, name: str, points: list[str], images: Images) -> list[Thumbnail]:
    """The key slice of a lesion or candidate at each of these visits, to one scale, with its contour.

    A lesion that is gone is shown where it was expected; a visit without a row of it is left out.
    """
    rows = {point: row for point in points if (row := state.row(point, name)) is not None}
    if not rows:
        return []
    half = max(half_side_mm(row.contour, images(point).geometry.spacing) for point, row in rows.items())
    found = []
    for point, row in rows.items():
        place = key_index(row, images(point))
        data = None if place is None else _png(draw(images(point), place, half, row))
        found.append(Thumbnail(point, data, row.size_words))
    return found


def draw(image: Volume, place: tuple[int, int, int], half_mm: float, row: Row) -> npt.NDArray[np.uint8]:
    """A square of ``SIDE`` pixels (row, column, red green blue) around an index (z, y, x); black beyond the scan.

    Args:
        half_mm: half of its side.
    """
    level, *middle = place
    steps = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    y, x = (
        np.rint(at + steps * half_mm / mm).astype(int)
        for at, mm in zip(middle, image.geometry.spacing[1:], strict=True)
    )
    height, width = image.hu.shape[1:]
    inside = ((y >= 0) & (y < height))[:, None] & ((x >= 0) & (x < width))[None, :]
    rows, columns = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
    grey = window(image.hu[level][np.ix_(rows, columns)], SOFT_TISSUE_WINDOW) * inside * 255
    picture = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    if row.contour is not None:
        picture[_outline(row, level, rows, columns) & inside] = _CONTOUR
    return picture


def _outline(
    row: Row, level: int, rows: npt.NDArray[np.int_], columns: npt.NDArray[np.int_]
) -> npt.NDArray[np.bool_]:
    assert row.contour is not None
    crop = row.contour.plane(level)
    y, x = rows - row.contour.start[1], columns - row.contour.start[2]
    inside = ((y >= 0) & (y < crop.shape[0]))[:, None] & ((x >= 0) & (x < crop.shape[1]))[None, :]
    shown = np.zeros(inside.shape, bool)
    if crop.size:
        clipped = np.ix_(np.clip(y, 0, crop.shape[0] - 1), np.clip(x, 0, crop.shape[1] - 1))
        shown = crop[clipped] & inside
    return np.asarray(shown & ~ndimage.binary_erosion(shown))


def _png(picture: npt.NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    imsave(buffer, picture, format="png")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
