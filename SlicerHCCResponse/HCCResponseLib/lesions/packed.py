"""Contours as bytes: the bounding box of a lesion, packed and compressed. A few kilobytes a lesion."""

import math
import struct
import zlib

import numpy as np

from HCCResponseLib.base.errors import GeometryError, StorageError
from HCCResponseLib.lesions.lesion import Lesion

_HEADER = struct.Struct("<4s9I")
_MAGIC = b"HRM1"


def pack_lesion(lesion: Lesion) -> bytes:
    """A lesion to bytes; exact, and the same bytes for the same voxels of the same grid."""
    head = _HEADER.pack(_MAGIC, *lesion.shape, *lesion.start, *lesion.voxels.shape)
    return head + zlib.compress(np.packbits(lesion.voxels).tobytes(), 6)


def unpack_lesion(data: bytes) -> Lesion:
    """The lesion that :func:`pack_lesion` packed.

    Raises:
        StorageError: the bytes are damaged.
    """
    try:
        magic, *numbers = _HEADER.unpack_from(data)
        if magic != _MAGIC:
            raise ValueError("wrong mark")
        shape, start, size = ((a, b, c) for a, b, c in (numbers[:3], numbers[3:6], numbers[6:9]))
        bits = np.frombuffer(zlib.decompress(data[_HEADER.size :]), np.uint8)
        count = math.prod(size)
        if bits.size != -(-count // 8):
            raise ValueError("wrong length")
        voxels = np.unpackbits(bits, count=count).reshape(size).view(bool)
        return Lesion(shape, start, voxels)
    except (ValueError, struct.error, zlib.error, GeometryError) as problem:
        raise StorageError(f"A stored contour is damaged and cannot be read: {problem}.") from problem
