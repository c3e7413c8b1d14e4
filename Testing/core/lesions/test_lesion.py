"""A lesion against plain arrays of the whole grid: sets, places, figures, bytes, measurements."""

import pickle
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from HCCResponseLib.base.errors import GeometryError, InputError, StorageError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.label_maps import label_map, lesions_of, overlap_table
from HCCResponseLib.lesions.lesion import Lesion, union
from HCCResponseLib.lesions.packed import pack_lesion, unpack_lesion
from HCCResponseLib.measure import measure_lesion, measure_parts

SHAPE = (5, 7, 9)
GRID = Geometry(SHAPE, (2.5, 0.8, 0.7), (3.0, -2.0, 1.0))
# Nothing here is about speed, and a busy machine must not fail it.
PATIENT = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def drawn(*strategies):
    """Property-based, at whatever speed the machine has."""
    return lambda test: PATIENT(given(*strategies)(test))


@st.composite
def masks(draw, shape=SHAPE):
    """Few voxels anywhere, a box that may touch every border, noise all over, or nothing at all."""
    mask = np.zeros(shape, bool)
    for _ in range(draw(st.integers(0, 3))):
        mask[tuple(draw(st.integers(0, n - 1)) for n in shape)] = True
    if draw(st.booleans()):
        ends = [sorted((draw(st.integers(0, n)), draw(st.integers(0, n)))) for n in shape]
        mask[tuple(slice(a, b) for a, b in ends)] = True
    if draw(st.booleans()):
        mask |= draw(arrays(bool, shape))
    return mask


@drawn(masks(), masks())
def test_sets_are_those_of_whole_grids(first, second):
    a, b = Lesion.of(first), Lesion.of(second)
    assert np.array_equal((a | b).to_mask(), first | second)
    assert np.array_equal((a & b).to_mask(), first & second)
    assert np.array_equal((a - b).to_mask(), first & ~second)
    assert a.overlap(b) == b.overlap(a) == int((first & second).sum())
    assert (a == b) == bool((first == second).all())
    if a == b:
        assert hash(a) == hash(b)


@drawn(st.lists(masks(), min_size=1, max_size=4))
def test_a_union_of_many(many):
    assert np.array_equal(union([Lesion.of(m) for m in many]).to_mask(), np.logical_or.reduce(many))


@drawn(masks(), st.integers(0, SHAPE[0] - 1), st.integers(0, 2**32 - 1))
def test_figures_are_those_of_the_whole_grid(mask, level, seed):
    lesion = Lesion.of(mask)
    values = np.random.default_rng(seed).random(SHAPE, np.float32)
    assert bool(lesion) == bool(mask.any())
    assert lesion.count == mask.sum()
    assert lesion.volume_mm3(GRID.voxel_volume_mm3) == mask.sum() * GRID.voxel_volume_mm3
    assert np.array_equal(lesion.indices(), np.argwhere(mask))
    assert lesion.values(values).tobytes() == values[mask].tobytes()
    plane = np.zeros(SHAPE[1:], bool)
    plane[lesion.box[1:]] = lesion.plane(level)
    assert np.array_equal(plane, mask[level])
    if lesion:
        assert lesion.centre == tuple(np.argwhere(mask).mean(0))
    else:
        assert np.isnan(lesion.centre).all()


@drawn(masks(), masks())
def test_a_window_is_a_part_of_the_whole_grid(mask, other):
    box = Lesion.of(other).box
    window = Lesion.of(mask).window(box)
    assert np.array_equal(window, mask[box])
    window[...] = True
    assert np.array_equal(Lesion.of(mask).window(box), mask[box]), "the window is a copy"


@drawn(masks(), st.floats(0, 6), st.sampled_from([(1.0, 1.0, 1.0), (2.5, 0.8, 0.7), (0.7, 1.3, 2.0)]))
def test_dilation_is_that_of_the_whole_grid(mask, margin, spacing):
    expected = mask
    if mask.any():
        expected = ndimage.distance_transform_edt(~mask, sampling=spacing) <= margin
    assert np.array_equal(Lesion.of(mask).dilated(spacing, margin).to_mask(), expected)


@drawn(masks(), st.tuples(*(st.integers(0, 3) for _ in range(6))))
def test_the_same_voxels_make_the_same_value_whatever_crop_they_come_in(mask, margins):
    """More background around a crop, another type or another memory order change nothing."""
    lesion = Lesion.of(mask)
    box = tuple(
        slice(max(0, s.start - a), min(n, s.stop + b))
        for s, a, b, n in zip(lesion.box, margins[:3], margins[3:], SHAPE, strict=True)
    )
    again = Lesion(SHAPE, tuple(s.start for s in box), np.asfortranarray(mask[box]).astype(np.uint8))
    assert again == lesion
    assert hash(again) == hash(lesion)
    assert again.start == lesion.start
    assert pack_lesion(again) == pack_lesion(lesion)


@drawn(masks())
def test_bytes_and_pickles_come_back(mask):
    lesion = Lesion.of(mask)
    for again in (unpack_lesion(pack_lesion(lesion)), pickle.loads(pickle.dumps(lesion))):
        assert again == lesion
        assert np.array_equal(again.to_mask(), mask)
        assert not again.voxels.flags.writeable


def packed_by_the_first_version(mask):
    """How stores were written before lesions were values of their own."""
    box = []
    for axis in range(3):
        hit = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        box.append(slice(int(hit[0]), int(hit[-1]) + 1))
    inner = mask[tuple(box)]
    head = struct.pack("<4s9I", b"HRM1", *mask.shape, *(s.start for s in box), *inner.shape)
    return head + zlib.compress(np.packbits(inner).tobytes(), 6)


@drawn(masks().filter(np.any))
def test_stored_bytes_are_those_of_the_first_version(mask):
    data = packed_by_the_first_version(mask)
    assert pack_lesion(Lesion.of(mask)) == data
    assert np.array_equal(unpack_lesion(data).to_mask(), mask)


def test_damaged_bytes_are_refused():
    data = pack_lesion(Lesion.of(np.ones((2, 3, 4), bool)))
    outside = struct.pack("<4s9I", b"HRM1", 2, 3, 4, 1, 0, 0, 2, 3, 4) + data[40:]
    for bytes_ in (
        b"",
        data[:20],
        b"XXXX" + data[4:],
        data[:-3],
        outside,
        data[:40] + zlib.compress(b"a" * 99),
    ):
        with pytest.raises(StorageError, match="damaged"):
            unpack_lesion(bytes_)


def test_a_lesion_cannot_be_written_to():
    mask = np.ones((2, 3, 4), bool)
    lesion = Lesion.of(mask)
    with pytest.raises(ValueError, match="read-only"):
        lesion.voxels[0, 0, 0] = False
    mask[...] = False
    assert lesion.count == 24, "the array it came from may change"
    with pytest.raises(AttributeError):
        lesion.start = (1, 1, 1)


def test_contours_of_different_grids_are_never_mixed():
    one, other = (Lesion.of(np.ones(shape, bool)) for shape in ((2, 3, 4), (2, 3, 5)))
    assert one != other
    for mixed in (lambda: one | other, lambda: one & other, lambda: one - other, lambda: one.overlap(other)):
        with pytest.raises(GeometryError, match="one grid"):
            mixed()
    with pytest.raises(GeometryError, match="outside"):
        Lesion((2, 3, 4), (0, 0, 1), np.ones((2, 3, 4), bool))
    with pytest.raises(GeometryError, match="three dimensions"):
        Lesion.of(np.ones((3, 4), bool))


@drawn(masks().filter(np.any))
def test_a_crop_is_measured_as_the_whole_grid_is(mask):
    lesion = Lesion.of(mask)
    assert repr(measure_lesion(lesion, GRID)) == repr(measure_lesion(mask, GRID))
    assert repr(measure_parts(lesion, GRID)) == repr(measure_parts(mask, GRID))


@drawn(masks().filter(np.any))
def test_the_parts_of_a_crop_are_those_of_the_whole_grid(mask):
    """Each 26-connected part on its own, the longest first."""
    labels, count = ndimage.label(mask, np.ones((3, 3, 3)))
    alone = [measure_lesion(labels == value, GRID) for value in range(1, count + 1)]
    expected = sorted(alone, key=lambda one: -one.long_axis.length_raw_mm)
    assert list(measure_parts(Lesion.of(mask), GRID)) == expected


def test_an_empty_crop_and_one_of_another_grid_are_not_measured():
    with pytest.raises(InputError, match="empty"):
        measure_lesion(Lesion.empty(SHAPE), GRID)
    with pytest.raises(InputError, match="empty"):
        measure_parts(Lesion.empty(SHAPE), GRID)
    with pytest.raises(GeometryError, match="shape"):
        measure_lesion(Lesion.of(np.ones((2, 3, 4), bool)), GRID)


@drawn(arrays(np.uint8, SHAPE, elements=st.integers(0, 4)))
def test_label_maps_and_back(labels):
    found = lesions_of(labels)
    assert list(found) == [int(v) for v in np.unique(labels) if v]
    for value, lesion in found.items():
        assert np.array_equal(lesion.to_mask(), labels == value)
    painted = label_map(list(found.values()), SHAPE, list(found))
    assert np.array_equal(painted, labels)
    assert painted.dtype == np.uint8


def test_more_lesions_than_a_byte_counts():
    ones = [Lesion((1, 20, 20), (0, i // 20, i % 20), np.ones((1, 1, 1), bool)) for i in range(300)]
    labels = label_map(ones, (1, 20, 20))
    assert labels.max() == 300
    assert list(lesions_of(labels).values()) == ones
    assert label_map([], (1, 2, 3)).shape == (1, 2, 3)


@drawn(st.lists(masks(), max_size=4), st.lists(masks(), max_size=4))
def test_the_joint_histogram_counts_what_every_pair_has_in_common(first, second):
    """Also where lesions of either side overlap each other, and where some are empty."""
    table = overlap_table([Lesion.of(m) for m in first], [Lesion.of(m) for m in second])
    assert table.shape == (len(first), len(second))
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            assert table[i, j] == (a & b).sum()
