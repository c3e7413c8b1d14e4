"""The picture on the front page: the reader's panel beside its slice views, put together from two of the tutorial's.

python Testing/wide_picture.py docs/pictures/panel docs/pictures/reader.png
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib import image

PANEL, VIEWS = "6-follow-up-420.png", "6-follow-up-views.png"
_GAP = 12


def side_by_side(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two RGB pictures (rows, columns, 3) as high as the higher one, on black; the lower one in the middle."""
    height = max(len(left), len(right))
    wide = np.zeros((height, left.shape[1] + _GAP + right.shape[1], 3), np.float32)
    for picture, column in ((left, 0), (right, left.shape[1] + _GAP)):
        top = (height - len(picture)) // 2
        wide[top : top + len(picture), column : column + picture.shape[1]] = picture
    return wide


def main(folder: Path, target: Path) -> None:
    """Write the picture."""
    parts = [image.imread(folder / name)[..., :3] for name in (PANEL, VIEWS)]
    image.imsave(target, side_by_side(*parts))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
