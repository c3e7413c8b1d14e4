"""How a series was acquired: tilt, thickness, gaps, coronal and sagittal planes; what is missing is refused."""

import gzip

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import dcmread

from dicom_series import write_sphere
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.measure import WarningCode, measurability, measure_lesion

RADIUS = 20.0
TRUE_ML = 4 / 3 * np.pi * RADIUS**3 / 1000


def lesion_of(volume):
    return volume.hu > 50


def change(folder, edit, every=1):
    for number, file in enumerate(sorted(folder.iterdir())):
        if number % every:
            continue
        header = dcmread(file)
        edit(header)
        header.save_as(file)
    return folder


@pytest.mark.parametrize("tilt", [-20.0, 0.0, 20.0])
def test_a_tilted_gantry_gives_true_places_volumes_and_lengths(tmp_path, tilt):
    volume = read_volume(write_sphere(tmp_path / "s", RADIUS, tilt=tilt))
    mask = lesion_of(volume)
    found = measure_lesion(mask, volume.geometry)
    assert found.volume_mm3 / 1000 == pytest.approx(TRUE_ML, rel=0.02)
    assert float(found.long_axis.length_mm) == pytest.approx(2 * RADIUS, abs=1.5)
    middle = volume.geometry.index_to_lps(np.argwhere(mask).mean(0))
    assert np.allclose(middle, (0, 0, 0), atol=0.6)
    said = any(f"tilted by {abs(tilt):.1f} degrees" in remark for remark in volume.remarks)
    assert said is bool(tilt)


def test_the_stated_thickness_counts_and_not_the_distance_between_slices(tmp_path):
    volume = read_volume(write_sphere(tmp_path / "s", 7.0, step=5.0, thickness=7.5))
    found = measure_lesion(lesion_of(volume), volume.geometry)
    assert found.slice_thickness_mm == 7.5
    assert found.slice_spacing_mm == pytest.approx(5.0)
    assert 10 < found.long_axis.length_mm < 15
    verdict = measurability(found)
    assert not verdict.measurable
    assert verdict.minimum_mm == 15


def test_overlapping_slices_measure_what_slices_side_by_side_do(tmp_path):
    overlapping = read_volume(write_sphere(tmp_path / "a", RADIUS, step=2.5, thickness=5.0))
    assert overlapping.remarks == ()
    found = measure_lesion(lesion_of(overlapping), overlapping.geometry)
    assert found.volume_mm3 / 1000 == pytest.approx(TRUE_ML, rel=0.02)
    assert found.slice_thickness_mm == 5.0


def test_gaps_between_slices_are_said(tmp_path):
    gapped = read_volume(write_sphere(tmp_path / "a", RADIUS, step=5.0, thickness=2.5))
    assert "2.5 mm thick but 5 mm apart" in gapped.remarks[0]


def test_a_thickness_that_is_not_stated_is_said(tmp_path):
    folder = change(write_sphere(tmp_path / "s", RADIUS), lambda h: delattr(h, "SliceThickness"))
    volume = read_volume(folder)
    assert "thickness is not stated" in volume.remarks[0]
    assert measure_lesion(lesion_of(volume), volume.geometry).slice_thickness_mm == pytest.approx(2.5)


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
@pytest.mark.parametrize(("plane", "axis"), [("coronal", 1), ("sagittal", 2), ("oblique", 1)])
def test_lesions_are_measured_on_the_planes_that_were_acquired(tmp_path, plane, axis, suffix):
    image, truth = flat_lesion(plane)
    sitk.WriteImage(image, str(tmp_path / f"ct{suffix}"))
    volume = read_volume(tmp_path / f"ct{suffix}")
    assert volume.geometry.slice_axis == axis
    found = measure_lesion(lesion_of(volume), volume.geometry)
    assert found.slice_axis == axis
    assert float(found.long_axis.length_mm) == pytest.approx(truth, abs=1.0)
    assert WarningCode.NOT_AXIAL in {w.code for w in found.warnings}
    ends = np.array([found.long_axis.start_index, found.long_axis.end_index])
    assert np.ptp(ends[:, axis]) == 0
    for index, lps in zip(ends, (found.long_axis.start_lps, found.long_axis.end_lps), strict=True):
        assert np.allclose(volume.geometry.index_to_lps(index), lps)
    contour = sitk.Cast(image > 50, sitk.sitkUInt8)
    sitk.WriteImage(contour, str(tmp_path / f"c{suffix}"))
    drawn = read_label_map(tmp_path / f"c{suffix}")
    assert measure_lesion(drawn.labels, drawn.geometry).long_axis == found.long_axis


def flat_lesion(plane):
    """A box of 24 x 30 mm within the acquired plane and 50 mm across it, on slices 5 mm apart."""
    k, j, i = np.mgrid[:20, :80, :70]
    values = np.full(k.shape, -1000, np.int16)
    values[(abs(j - 40) < 35) & (abs(i - 35) < 30)] = (
        20 + (i[0] % 7)[(abs(j[0] - 40) < 35) & (abs(i[0] - 35) < 30)][0]
    )
    values[(abs(k - 10) <= 5) & (abs(j - 40) <= 15) & (abs(i - 35) <= 12)] = 90
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((1.0, 1.0, 5.0))
    turned = {
        "coronal": (1, 0, 0, 0, 0, 1, 0, -1, 0),
        "sagittal": (0, 0, 1, 1, 0, 0, 0, -1, 0),
    }.get(plane)
    if turned is None:
        tilt = sitk.Euler3DTransform()
        tilt.SetRotation(np.radians(-55), 0.1, 0.05)
        turned = tilt.GetMatrix()
    image.SetDirection(turned)
    return image, float(np.hypot(30, 24))


def test_a_coronal_dicom_series_keeps_its_planes(tmp_path):
    volume = read_volume(write_sphere(tmp_path / "s", RADIUS, step=4.0, coronal=True))
    assert volume.geometry.slice_axis == 1
    assert any("coronal planes" in remark for remark in volume.remarks)
    found = measure_lesion(lesion_of(volume), volume.geometry)
    assert found.slice_spacing_mm == pytest.approx(4.0)
    assert float(found.long_axis.length_mm) == pytest.approx(2 * RADIUS, abs=1.5)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PixelSpacing", None, "how large its pixels are"),
        ("PixelSpacing", [0, 0], "how large its pixels are"),
        ("PixelSpacing", "", "how large its pixels are"),
        ("ImagePositionPatient", None, "where it lies"),
        ("ImageOrientationPatient", None, "where it lies"),
    ],
)
def test_no_geometry_is_invented(tmp_path, name, value, says):
    def edit(header):
        if value is None:
            delattr(header, name)
        else:
            setattr(header, name, value)

    with pytest.raises(InputError, match=says):
        read_volume(change(write_sphere(tmp_path / "s", RADIUS), edit))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PixelSpacing", [0.7, 0.7]),
        ("PatientID", "SOMEBODY"),
        ("StudyDate", "20240201"),
        ("TableHeight", 170),
        ("ImageOrientationPatient", [1, 0, 0, 0, 0, -1]),
    ],
)
def test_what_changes_within_a_series_is_refused(tmp_path, name, value):
    folder = change(write_sphere(tmp_path / "s", RADIUS), lambda h: setattr(h, "TableHeight", 150))
    with pytest.raises(InputError, match=f"{name} changes within one series.*s-000"):
        read_volume(change(folder, lambda h: setattr(h, name, value), every=2))


def test_images_at_one_place_are_no_volume(tmp_path):
    folder = change(
        write_sphere(tmp_path / "s", RADIUS), lambda h: setattr(h, "ImagePositionPatient", [0, 0, 0])
    )
    with pytest.raises(InputError, match="several images at one place"):
        read_volume(folder)


def test_places_rounded_to_a_tenth_are_even_but_a_missing_slice_is_not(tmp_path):
    def round_place(header):
        header.ImagePositionPatient = [round(float(v), 1) for v in header.ImagePositionPatient]

    folder = change(write_sphere(tmp_path / "s", RADIUS, step=0.625), round_place)
    assert read_volume(folder).geometry.spacing[0] == pytest.approx(0.625, abs=0.002)
    sorted(folder.iterdir())[30].unlink()
    with pytest.raises(InputError, match="unevenly spaced"):
        read_volume(folder)


def whole(tmp_path, name, dtype=np.int16):
    values = np.random.default_rng(0).integers(-1000, 300, (9, 20, 16)).astype(dtype)
    path = tmp_path / name
    sitk.WriteImage(sitk.GetImageFromArray(values), str(path))
    return path


@pytest.mark.parametrize("name", ["ct.nii", "ct.nii.gz", "ct.nrrd", "ct.mha"])
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
@pytest.mark.parametrize("share", [0.05, 0.29, 0.75, 0.97])
def test_a_file_that_was_cut_short_is_refused(tmp_path, name, dtype, share):
    path = whole(tmp_path, name, dtype)
    assert read_volume(path).hu.shape == (9, 20, 16)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"ct\."):
        read_volume(path)


@pytest.mark.parametrize("spoil", [lambda b: b[:-8], lambda b: b[:-6] + b"\0\0" + b[-4:]])
def test_the_checksum_of_a_compressed_file_counts(tmp_path, spoil):
    path = whole(tmp_path, "ct.nii.gz")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InputError, match="cut short or damaged"):
        read_volume(path)


def test_nifti_2_and_names_that_hide_the_compression_are_read(tmp_path):
    path = whole(tmp_path, "ct.nii.gz")
    expected = read_volume(path)
    one = nibabel.load(path)
    nibabel.save(nibabel.Nifti2Image(np.asanyarray(one.dataobj), one.affine), tmp_path / "two.nii.gz")
    (tmp_path / "plain.nii").write_bytes(path.read_bytes())
    (tmp_path / "packed.nii.gz").write_bytes(gzip.decompress(path.read_bytes()))
    for name in ("two.nii.gz", "plain.nii", "packed.nii.gz"):
        found = read_volume(tmp_path / name)
        assert np.array_equal(found.hu, expected.hu)
        assert found.geometry.difference(expected.geometry) is None


def nifti(tmp_path, affine, values=None, **header):
    values = (
        np.random.default_rng(0).integers(-1000, 300, (16, 20, 9)).astype(np.int16)
        if values is None
        else values
    )
    image = nibabel.Nifti1Image(values, affine)
    for name, value in header.items():
        image.header[name] = value
    nibabel.save(image, tmp_path / "ct.nii")
    return tmp_path / "ct.nii"


def test_a_sheared_nifti_is_set_upright_with_true_volumes(tmp_path):
    k, j, i = np.mgrid[:30, :80, :80]
    affine = np.diag([1.0, 1.0, 2.0, 1.0])
    affine[1, 2] = 0.8
    z, y, x = 2.0 * (k - 15), (j - 30) + 0.8 * (k - 15) - 5, i - 40.0
    values = np.where(x**2 + y**2 + z**2 < 15**2, 90, 20 + i % 5)
    values[x**2 + y**2 > 39**2] = -1000
    volume = read_volume(nifti(tmp_path, affine, values.transpose(2, 1, 0).astype(np.int16)))
    found = measure_lesion(volume.hu > 55, volume.geometry)
    assert found.volume_mm3 == pytest.approx(4 / 3 * np.pi * 15**3, rel=0.03)
    assert any("tilted by 21.8 degrees" in remark for remark in volume.remarks)


def test_two_voxel_sizes_and_a_missing_orientation_are_refused(tmp_path):
    affine = np.diag([0.7, 0.7, 2.0, 1.0])
    with pytest.raises(InputError, match="two voxel sizes: 0.7 x 0.7 x 5 mm"):
        read_volume(nifti(tmp_path, affine, pixdim=[1, 0.7, 0.7, 5.0, 1, 1, 1, 1]))
    with pytest.raises(InputError, match="does not say how it lies"):
        path = nifti(tmp_path, affine)
        content = path.read_bytes()
        path.write_bytes(content[:252] + b"\0\0\0\0" + content[256:])  # qform_code, sform_code
        read_volume(path)


def test_skewed_pixels_say_their_true_reason(tmp_path):
    affine = np.diag([0.7, 0.7, 2.0, 1.0])
    affine[1, 0] = 0.3
    path = nifti(tmp_path, affine, pixdim=[1, np.hypot(0.7, 0.3), 0.7, 2.0, 1, 1, 1, 1])
    with pytest.raises(InputError, match="not perpendicular"):
        read_volume(path)


def test_blank_slices_are_said(tmp_path):
    values = np.random.default_rng(0).integers(-1000, 300, (16, 20, 9)).astype(np.int16)
    values[:, :, 6:8] = 0
    volume = read_volume(nifti(tmp_path, np.diag([0.7, 0.7, 2.0, 1.0]), values))
    assert "2 of 9 slices, between slice 7 and 8, hold nothing but one value (0 HU)" in volume.remarks[0]


@pytest.mark.parametrize("padding", [-1000, -1024, -2000, -32768])
@pytest.mark.parametrize("highest", [1, 255, 1500])
def test_padding_does_not_make_a_ct_of_another_image(tmp_path, padding, highest):
    values = np.random.default_rng(0).uniform(0, highest, (9, 30, 30)).astype(np.float32)
    values[:, :6] = padding
    sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "mr.nrrd"))
    with pytest.raises(InputError, match="not CT in Hounsfield units"):
        read_volume(tmp_path / "mr.nrrd")


@pytest.mark.parametrize("padding", [-1024, -2000, -3024, -32768])
def test_a_padded_ct_is_read(tmp_path, padding):
    values = np.random.default_rng(0).normal(40, 20, (9, 30, 30)).astype(np.int16)
    values[:, :, :5] = -100
    values[:, :8] = padding
    sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "ct.nrrd"))
    assert read_volume(tmp_path / "ct.nrrd").hu.min() == padding
