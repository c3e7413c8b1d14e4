"""Tracking by crops against plain code that keeps an array of the whole grid for every lesion, on drawn cases."""

import cc3d
import numpy as np
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import resample
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.track.identity.components import components, count_parts, divide
from HCCResponseLib.track.identity.matching import (
    KnownLesion,
    MatchSettings,
    _alone,
    _assign,
    _evidence,
    match,
)
from HCCResponseLib.track.new_lesions.candidates import Survey, _away_from, _gap, _voxels_of
from HCCResponseLib.track.new_lesions.suppression import Tissue, appearance_of
from HCCResponseLib.track.registration.register import carry_contours
from HCCResponseLib.track.registration.trust import LocalTrust

SIZE = (14, 22, 24)
TURNED = (0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
SURE = LocalTrust(True, True, 0.5, ())
FORBIDDEN = 1e6
PATIENT = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

spacings = st.sampled_from([(1.0, 1.0, 1.0), (3.0, 0.9, 0.8), (2.0, 1.7, 1.7)])
geometries = st.builds(
    lambda spacing, turned: Geometry(SIZE, spacing, (4.0, -7.0, 2.0), *([TURNED] if turned else [])),
    spacings,
    st.booleans(),
)
balls = st.tuples(*(st.integers(0, n - 1) for n in SIZE), st.integers(0, 6))


def drawn(*strategies):
    """Property-based, at whatever speed the machine has."""
    return lambda test: PATIENT(given(*strategies)(test))


def ball(z, y, x, radius):
    axes = np.ogrid[tuple(slice(0, n) for n in SIZE)]
    return sum((a - c) ** 2 for a, c in zip(axes, (z, y, x), strict=True)) <= radius**2


def whole(many):
    return np.logical_or.reduce([ball(*one) for one in many]) if many else np.zeros(SIZE, bool)


places = st.lists(st.lists(balls, max_size=2).map(whole), max_size=5)
tumours = st.lists(balls, max_size=6).map(whole)


def plain_components(mask, least=1):
    """Parts as arrays of the whole grid, the largest first."""
    labels, count = cc3d.connected_components(mask.astype(np.uint8), connectivity=18, return_N=True)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return [labels == 1 + i for i in np.argsort(-sizes, kind="stable") if sizes[i] >= least]


@drawn(st.one_of(tumours, st.integers(0, 99).map(lambda s: np.random.default_rng(s).random(SIZE) > 0.85)),
       st.integers(1, 30))  # fmt: skip
def test_components(mask, least):
    expected = plain_components(mask, least)
    found = components(mask, least)
    assert len(found) == len(expected)
    assert all(np.array_equal(a.to_mask(), b) for a, b in zip(found, expected, strict=True))
    assert count_parts(Lesion.of(mask)) == len(plain_components(mask))


def plain_points(mask, geometry):
    index = np.argwhere(mask)
    thinned = index[:: max(1, len(index) // 1500)]
    return geometry.index_to_lps(thinned) if len(index) else np.zeros((0, 3))


def plain_tables(known, masks, parts, geometry, settings):
    """Every lesion against every part, one pair of whole grids after the other."""
    shape = (len(known), len(parts))
    in_place, in_part, gap, centre, ratio = (np.zeros(shape) for _ in range(5))
    voxel = geometry.voxel_volume_mm3
    where, found = ([plain_points(m, geometry) for m in many] for many in (masks, parts))
    for i, (lesion, mask) in enumerate(zip(known, masks, strict=True)):
        for j, part in enumerate(parts):
            if len(where[i]) == 0:
                gap[i, j], centre[i, j] = np.inf, np.inf
                continue
            shared = float(np.count_nonzero(mask & part))
            in_place[i, j] = shared / part.sum()
            in_part[i, j] = shared / mask.sum()
            gap[i, j] = 0.0 if shared else float(cKDTree(where[i]).query(found[j])[0].min())
            centre[i, j] = float(np.linalg.norm(where[i].mean(0) - found[j].mean(0)))
            ratio[i, j] = float(part.sum()) * voxel / max(lesion.volume_mm3, voxel)
    radius = (3 * np.array([k.volume_mm3 for k in known]) / (4 * np.pi)) ** (1 / 3)
    size = np.abs(np.log2(np.maximum(ratio, 1e-3)))
    reach = radius[:, None] * (1 + np.cbrt(np.maximum(ratio, 1e-3))) + 2.0
    cost = 1 - np.maximum(in_place, in_part) + gap / settings.gap_mm
    cost = cost + settings.centre * np.minimum(centre / reach, 2.0) + settings.size * size
    return in_place, in_part, gap, centre, ratio, np.where(gap > settings.most_gap_mm, FORBIDDEN, cost)


def plain_assignment(cost, lesions_alone, parts_alone):
    """All lesions and parts in one square."""
    n, m = cost.shape
    square = np.zeros((n + m, n + m))
    square[:n, :m] = cost
    square[:n, m:] = square[n:, :m] = FORBIDDEN
    square[np.arange(n), m + np.arange(n)] = lesions_alone
    square[n + np.arange(m), np.arange(m)] = parts_alone
    total = 0.0
    for row, column in zip(*linear_sum_assignment(square), strict=True):
        total += square[row, column]
    return total


def known_of(masks, geometry):
    voxel = geometry.voxel_volume_mm3
    return [KnownLesion(WarpedContour(Lesion.of(m)), max(50.0, m.sum() * voxel), SURE) for m in masks]


# Parts may be as near as one voxel and farther than what is ever the same lesion.
matchers = st.builds(MatchSettings, most_gap_mm=st.sampled_from([2.0, 8.0, 20.0]))


@drawn(places, tumours, geometries, matchers)
def test_matching(masks, mask, geometry, rule):
    """Places may overlap each other, leave the grid or be empty."""
    known, parts = known_of(masks, geometry), plain_components(mask)
    in_place, in_part, gap, centre, ratio, cost = plain_tables(known, masks, parts, geometry, rule)
    table = _evidence(known, [Lesion.of(p) for p in parts], geometry, rule)
    assert np.array_equal(table.in_place, in_place)
    assert np.array_equal(table.in_part, in_part)
    assert np.allclose(table.ratio, ratio, rtol=1e-12, atol=0)
    assert np.allclose(table.gaps.centre, centre, rtol=1e-12, atol=0)
    assert np.allclose(table.cost, cost, rtol=1e-9, atol=1e-12)
    for i in range(len(known)):
        for j in range(len(parts)):
            assert np.isclose(table.gap(i, j), gap[i, j], rtol=1e-9, atol=0)
    for j in range(len(parts)):
        least = table.gaps.nearest(j, table.shared[:, j])
        finite = gap[:, j][np.isfinite(gap[:, j])]
        assert (least is None) if not finite.size else np.isclose(least, finite.min(), rtol=1e-9, atol=0)


@drawn(places, tumours, geometries, matchers)
def test_the_assignment_by_groups_is_as_cheap_as_that_of_all_at_once(masks, mask, geometry, rule):
    known = known_of(masks, geometry)
    table = _evidence(known, components(mask), geometry, rule)
    lesions_alone, parts_alone = _alone(table, rule)
    owner = _assign(table.cost, lesions_alone, parts_alone)
    taken = [i for i in owner if i is not None]
    assert len(taken) == len(set(taken))
    total = sum(table.cost[i, j] for j, i in enumerate(owner) if i is not None)
    total += sum(lesions_alone[i] for i in range(len(known)) if i not in taken)
    total += sum(parts_alone[j] for j, i in enumerate(owner) if i is None)
    assert np.isclose(total, plain_assignment(table.cost, lesions_alone, parts_alone), rtol=1e-12)


def plain_division(parts, owners, places, spacing):
    """Shares as arrays of the whole grid; distances from everything within 30 mm of the part."""
    shares = {name: [] for name in places}
    for number, names in owners.items():
        part = parts[number - 1]
        present = [name for name in names if places[name].any()]
        if len(present) < 2:
            for name in names:
                shares[name].append(part)
            continue
        reach = [ndimage.distance_transform_edt(~places[name], sampling=spacing) for name in present]
        nearest = np.stack(reach).argmin(0)
        for index, name in enumerate(present):
            shares[name].append(part & (nearest == index))
    out = {}
    for name, mine in shares.items():
        some = [m for m in mine if m.any()]
        most = max((m.sum() for m in some), default=0)
        out[name] = np.logical_or.reduce([m for m in some if m.sum() >= 0.1 * most]) if most else None
    return out


@drawn(st.lists(balls.map(lambda b: ball(*b)), min_size=1, max_size=4), tumours, spacings, st.data())
def test_division(masks, mask, spacing, data):
    parts = plain_components(mask)
    by_name = {f"L{i}": m for i, m in enumerate(masks, start=1)}
    names = st.lists(st.sampled_from(list(by_name)), unique=True, max_size=3)
    owners = {number: tuple(data.draw(names)) for number in range(1, len(parts) + 1)}
    expected = plain_division(parts, owners, by_name, spacing)
    lesions = {n: Lesion.of(m) for n, m in by_name.items()}
    found = divide([Lesion.of(p) for p in parts], owners, lesions, spacing)
    assert {n: one and one.to_mask().tobytes() for n, one in found.items()} == {
        n: None if m is None else m.tobytes() for n, m in expected.items()
    }


class Shifted:
    """Stands for a registration by a shift of whole and half voxels."""

    def __init__(self, shift):
        self.follow_up_to_baseline = sitk.TranslationTransform(3, shift)


@drawn(st.lists(tumours, max_size=4), st.tuples(*(st.sampled_from([0.0, 1.0, -2.5, 30.0]) for _ in range(3))))
def test_carried_contours(masks, shift):
    geometry = Geometry(SIZE, (2.0, 1.0, 1.0))
    labels = np.zeros(SIZE, np.uint8)
    for value, mask in enumerate(masks, start=1):
        labels[mask] = value
    found = Shifted(shift)
    moved = resample(labels, geometry, geometry, linear=False, fill=0, transform=found.follow_up_to_baseline)
    lesions = {f"L{i}": Lesion.of(m) for i, m in enumerate(masks, start=1)}
    carried = carry_contours(lesions, geometry, geometry, found)
    assert list(carried) == list(lesions)
    for value, one in enumerate(carried.values(), start=1):
        assert np.array_equal(one.lesion.to_mask(), moved == value)


@drawn(places, tumours, spacings, st.sampled_from([0.5, 3.0, 6.0]))
def test_surroundings_and_distance_of_known_lesions(known, mask, spacing, margin):
    """What candidates are kept away from, and how far they are from it."""
    lesions = [Lesion.of(m) for m in known]
    everything = np.logical_or.reduce(known) if known else np.zeros(SIZE, bool)
    near = everything
    if everything.any():
        near = ndimage.distance_transform_edt(~everything, sampling=spacing) <= margin
    assert np.array_equal(_away_from(lesions, mask.copy(), spacing, margin), mask & ~near)
    voxels = _voxels_of(lesions, spacing)
    for part in plain_components(mask):
        expected = None
        if everything.any():
            points = np.argwhere(everything)[:: max(1, int(everything.sum()) // 4000)] * np.asarray(spacing)
            centre = np.argwhere(part).mean(0) * np.asarray(spacing)
            expected = round(float(np.linalg.norm(points - centre, axis=1).min()), 1)
        assert _gap(Lesion.of(part), voxels, spacing) == expected


@drawn(tumours.filter(lambda m: m.sum() > 1), st.integers(0, 99))
def test_the_look_of_a_spot(mask, seed):
    geometry = Geometry(SIZE, (3.0, 0.9, 0.8))
    hu = np.random.default_rng(seed).integers(-50, 200, SIZE).astype(np.int16)
    found = appearance_of(Lesion.of(mask), Volume(hu, geometry), Tissue(100.0, 12.0))
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    points = np.argwhere(mask[box]) * np.asarray(geometry.spacing)
    extent = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(points.T)), 0) + 0.8**2 / 12)
    assert found.elongation == extent[2] / extent[1]
    assert (found.hu, found.spread) == (hu[mask].mean(), hu[mask].std())


@drawn(tumours, tumours)
def test_what_a_survey_derives_is_computed_once(liver, tumour):
    view = Survey(liver.astype(np.float32), tumour.astype(np.float32), Geometry(SIZE, (1.0, 1.0, 1.0)))
    parts = plain_components(liver)
    mask = ndimage.binary_fill_holes(parts[0]) if parts else np.zeros(SIZE, bool)
    assert np.array_equal(view.liver_mask, mask)
    assert np.array_equal(view.seen, ndimage.label(tumour & mask)[0])
    assert view.seen_voxels.tolist() == [(view.seen == v).sum() for v in range(view.seen.max() + 1)]
    assert view.liver_mask is view.liver_mask
    assert view.region is view.region
    assert view.region.mask is view.liver_mask
    assert view.seen is view.seen
    assert not view.liver_mask.flags.writeable


def test_a_thousand_pairs_are_matched_each_to_its_own():
    """On a lattice, with every tenth gone; the whole table would have a million pairs."""
    geometry = Geometry((60, 120, 120), (1.0, 1.0, 1.0))
    cube = np.ones((3, 3, 3), bool)
    starts = [(z, y, x) for z in range(0, 60, 6) for y in range(0, 120, 12) for x in range(0, 120, 12)]
    known = {
        f"L{i}": KnownLesion(WarpedContour(Lesion(geometry.size, start, cube)), 27.0, SURE)
        for i, start in enumerate(starts)
    }
    parts = [Lesion(geometry.size, (z + 1, y + 1, x), cube) for i, (z, y, x) in enumerate(starts) if i % 10]
    links = match("fu", known, parts, geometry)
    numbers = iter(range(1, len(parts) + 1))
    for i in range(len(starts)):
        assert links.of(f"L{i}").parts == ((next(numbers),) if i % 10 else ())
