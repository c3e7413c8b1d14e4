"""Reading volumes and contours: formats, axis order, oblique directions, and everything that must be refused."""

from itertools import permutations

import numpy as np
import pytest
import SimpleITK as sitk

from HCCResponseLib.base.errors import GeometryError, InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.resample import resample, to_sitk, working_geometry
from HCCResponseLib.imaging.volumes import LabelMap, Volume, require_same_grid
from HCCResponseLib.imaging.write import write_label_map, write_volume

MARK = (3, 11, 7)  # z, y, x of one bright voxel


@pytest.fixture
def image() -> sitk.Image:
    rng = np.random.default_rng(0)
    values = rng.integers(-1000, 300, (12, 20, 16)).astype(np.int16)
    values[MARK] = 1500
    out = sitk.GetImageFromArray(values)
    out.SetSpacing((0.8, 0.9, 2.5))
    out.SetOrigin((-20.0, 5.0, 100.0))
    return out


def place_of_mark(volume: Volume) -> np.ndarray:
    index = np.array(np.unravel_index(volume.hu.argmax(), volume.hu.shape))
    return volume.geometry.index_to_lps(index)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_formats_keep_values_and_place(tmp_path, image, suffix):
    path = tmp_path / f"ct{suffix}"
    sitk.WriteImage(image, str(path))
    volume = read_volume(path)
    assert np.array_equal(volume.hu, sitk.GetArrayFromImage(image))
    expected = image.TransformIndexToPhysicalPoint(MARK[::-1])
    assert np.allclose(place_of_mark(volume), expected, atol=1e-3)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_any_axis_order_gives_axial_slices_first(tmp_path, image, order):
    turned = sitk.PermuteAxes(image, order)
    turned = sitk.Flip(turned, (True, False, True))
    path = tmp_path / "ct.nrrd"
    sitk.WriteImage(turned, str(path))
    volume = read_volume(path)
    assert volume.hu.shape == (12, 20, 16)
    assert np.allclose(volume.geometry.spacing, (2.5, 0.9, 0.8))
    assert np.array_equal(volume.hu, sitk.GetArrayFromImage(image))
    assert np.allclose(place_of_mark(volume), image.TransformIndexToPhysicalPoint(MARK[::-1]), atol=1e-3)


def test_oblique_direction_is_kept(tmp_path, image):
    tilt = sitk.Euler3DTransform()
    tilt.SetRotation(0.2, 0.1, -0.15)
    image.SetDirection(tilt.GetMatrix())
    sitk.WriteImage(image, str(tmp_path / "ct.nrrd"))
    volume = read_volume(tmp_path / "ct.nrrd")
    assert np.allclose(volume.geometry.direction, tilt.GetMatrix(), atol=1e-6)
    assert np.allclose(place_of_mark(volume), image.TransformIndexToPhysicalPoint(MARK[::-1]), atol=1e-3)
    back = volume.geometry.lps_to_index(place_of_mark(volume))
    assert np.allclose(back, MARK, atol=1e-6)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.nii\.gz.*does not exist"):
        read_volume(tmp_path / "nothing.nii.gz")


def test_damaged_file_is_named(tmp_path):
    path = tmp_path / "ct.nii.gz"
    path.write_bytes(b"this is not an image")
    with pytest.raises(InputError, match=r"ct\.nii\.gz.*cannot be read"):
        read_volume(path)


def test_unknown_suffix_lists_the_known(tmp_path):
    path = tmp_path / "ct.jpg"
    path.write_bytes(b"x")
    with pytest.raises(InputError, match=r"unknown kind.*\.nrrd"):
        read_volume(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(tmp_path, image, bad):
    values = sitk.GetArrayFromImage(image).astype(np.float32)
    values[0, 0, 0] = bad
    sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "ct.nrrd"))
    with pytest.raises(InputError, match="holds 1 values that are not numbers"):
        read_volume(tmp_path / "ct.nrrd")


@pytest.mark.parametrize(("low", "high"), [(0, 255), (0, 1), (20000, 30000)])
def test_images_that_are_not_ct_are_refused(tmp_path, low, high):
    values = np.random.default_rng(1).uniform(low, high, (8, 9, 10)).astype(np.float32)
    sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "mr.nrrd"))
    with pytest.raises(InputError, match="not CT in Hounsfield units"):
        read_volume(tmp_path / "mr.nrrd")


def test_a_single_slice_is_refused(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(np.full((1, 9, 10), -1000, np.int16)), str(tmp_path / "ct.nrrd"))
    with pytest.raises(InputError, match="single slice"):
        read_volume(tmp_path / "ct.nrrd")


def contour_file(path, values, like: sitk.Image | None = None):
    out = sitk.GetImageFromArray(values)
    if like is not None:
        out.CopyInformation(like)
    sitk.WriteImage(out, str(path))
    return path


def test_empty_contour_is_refused(tmp_path):
    path = contour_file(tmp_path / "c.nrrd", np.zeros((4, 5, 6), np.uint8))
    with pytest.raises(InputError, match="is empty"):
        read_label_map(path)


def test_probabilities_are_no_contour(tmp_path):
    path = contour_file(tmp_path / "c.nrrd", np.full((4, 5, 6), 0.5, np.float32))
    with pytest.raises(InputError, match="not whole numbers"):
        read_label_map(path)


def test_negative_or_huge_labels_are_refused(tmp_path):
    for value in (-1, 70_000):
        path = contour_file(tmp_path / "c.nrrd", np.full((4, 5, 6), value, np.int32))
        with pytest.raises(InputError, match="outside 0 to 65535"):
            read_label_map(path)


@pytest.mark.parametrize(("most", "kind"), [(255, np.uint8), (256, np.uint16), (1000, np.uint16)])
def test_more_than_255_lesions_come_back_as_they_were_written(tmp_path, most, kind):
    labels = np.zeros((2, 10, 60), kind)
    labels.flat[: most + 1] = np.arange(most + 1)
    write_label_map(LabelMap(labels, Geometry(labels.shape, (2.0, 1.0, 1.0))), tmp_path / "c.nii.gz")
    back = read_label_map(tmp_path / "c.nii.gz")
    assert back.labels.dtype == kind
    assert np.array_equal(back.labels, labels)


@pytest.mark.parametrize("change", ["origin", "spacing", "size", "direction"])
def test_contour_of_another_geometry_is_refused(tmp_path, image, change):
    sitk.WriteImage(image, str(tmp_path / "ct.nrrd"))
    values = np.ones(sitk.GetArrayFromImage(image).shape, np.uint8)
    if change == "size":
        values = values[:-1]
    contour = sitk.GetImageFromArray(values)
    contour.SetSpacing(image.GetSpacing())
    contour.SetOrigin(image.GetOrigin())
    if change == "origin":
        contour.SetOrigin((-20.0, 6.0, 100.0))
    if change == "spacing":
        contour.SetSpacing((0.8, 0.9, 2.0))
    if change == "direction":
        tilt = sitk.Euler3DTransform()
        tilt.SetRotation(0.05, 0, 0)
        contour.SetDirection(tilt.GetMatrix())
    sitk.WriteImage(contour, str(tmp_path / "c.nrrd"))
    with pytest.raises(GeometryError, match=r"c\.nrrd.*does not lie on image.*ct\.nrrd"):
        require_same_grid(read_label_map(tmp_path / "c.nrrd"), read_volume(tmp_path / "ct.nrrd"))


def test_write_and_read_back(tmp_path):
    geometry = Geometry((5, 6, 7), (2.0, 1.0, 0.5), (1.0, 2.0, 3.0))
    hu = np.random.default_rng(2).integers(-1000, 500, geometry.size).astype(np.int16)
    write_volume(Volume(hu, geometry), tmp_path / "a" / "ct.nii.gz")
    back = read_volume(tmp_path / "a" / "ct.nii.gz")
    assert np.array_equal(back.hu, hu)
    assert back.geometry.difference(geometry) is None
    labels = (hu > 0).astype(np.uint8)
    write_label_map(LabelMap(labels, geometry), tmp_path / "c.nrrd")
    assert np.array_equal(read_label_map(tmp_path / "c.nrrd").labels, labels)


def test_working_geometry_keeps_the_outer_faces():
    geometry = Geometry((10, 20, 30), (3.0, 1.0, 1.0), (-5.0, 4.0, 7.0))
    fine = working_geometry(geometry, (1.5, 2.0, 2.0))
    assert fine.size == (20, 10, 15)
    first_face = geometry.index_to_lps((-0.5, -0.5, -0.5))
    assert np.allclose(fine.index_to_lps((-0.5, -0.5, -0.5)), first_face)


def test_resampling_a_ramp_is_exact():
    geometry = Geometry((8, 8, 8), (2.0, 2.0, 2.0))
    ramp = np.broadcast_to(np.arange(8, dtype=np.float32)[:, None, None] * 2, (8, 8, 8)).copy()
    target = Geometry((14, 8, 8), (1.0, 2.0, 2.0))
    moved = resample(ramp, geometry, target)
    assert np.allclose(moved[:, 0, 0], np.arange(14), atol=1e-4)
    assert to_sitk(ramp, geometry).GetSpacing() == (2.0, 2.0, 2.0)
