"""Types of arrays that every room speaks of."""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]  # (z, y, x): which voxels of a grid belong to something
Float32 = npt.NDArray[np.float32]
