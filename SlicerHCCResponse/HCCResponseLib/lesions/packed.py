"""Contours as bytes: the bounding box of a mask, packed and compressed. A few kilobytes a lesion."""

from __future__ import annotations

import mmap
import struct
import sys
import zlib

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.errors import StorageError
from HCCResponseLib.imaging.resample import bounding_box

_HEADER = struct.Struct("<4s9I")
_MAGIC = b"HRM1"
# Private pages that are only read stay shared zeros; Windows has no such flags and behaves so anyway.
_PRIVATE = {} if sys.platform == "win32" else {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}


def pack_mask(mask: Mask) -> bytes:
    """A non-empty mask (z, y, x) to bytes; exact."""
    box = bounding_box(mask, (1.0, 1.0, 1.0), 0)
    inner = mask[box]
    head = _HEADER.pack(_MAGIC, *mask.shape, *(s.start for s in box), *inner.shape)
    return head + zlib.compress(np.packbits(inner).tobytes(), 6)


def unpack_mask(data: bytes) -> Mask:
    """The mask that :func:`pack_mask` packed.

    Raises:
        StorageError: the bytes are damaged.
    """
    try:
        magic, *numbers = _HEADER.unpack_from(data)
        shape, start, size = numbers[:3], numbers[3:6], numbers[6:9]
        if magic != _MAGIC:
            raise ValueError("wrong mark")
        bits = np.frombuffer(zlib.decompress(data[_HEADER.size :]), np.uint8)
        inner = np.unpackbits(bits, count=int(np.prod(size))).reshape(size).astype(bool)
    except (ValueError, struct.error, zlib.error) as problem:
        raise StorageError(f"A stored contour is damaged and cannot be read: {problem}.") from problem
    mask = _empty(shape)
    mask[tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))] = inner
    return mask


def _empty(shape: list[int]) -> Mask:
    """No voxel set. Fresh pages of the system are zero already and cost nothing until they are touched.

    A read has hundreds of contours on grids of 30 MB and more; clearing memory that was used before would take
    most of the time that opening a read takes.
    """
    return np.frombuffer(mmap.mmap(-1, int(np.prod(shape)), **_PRIVATE), np.bool_).reshape(shape)
