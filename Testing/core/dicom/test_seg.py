"""Contours as DICOM SEG and back: what went in comes out, on straight, oblique, tilted and anisotropic series."""

import subprocess
from shutil import which

import numpy as np
import pytest
from pydicom import dcmread

from dicom_corpus import Series, write, write_enhanced
from dicom_series import write_sphere
from HCCResponseLib.base.errors import GeometryError, InputError
from HCCResponseLib.dicom.seg import Segment, write_dicom_seg
from HCCResponseLib.imaging.dicom_seg import read_dicom_seg
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.lesions.lesion import Lesion

A, B = "1.2.826.0.1.3680043.8.498.11", "1.2.826.0.1.3680043.8.498.12"
COS, SIN = float(np.cos(0.2)), float(np.sin(0.2))


def _series(tmp_path, kind):
    folder = tmp_path / "ct"
    if kind == "tilted":
        return write_sphere(folder, 12.0, tilt=15.0)
    if kind == "enhanced":
        return write_enhanced(folder, Series())
    made = {
        "straight": Series(),
        "backwards": Series(step=-2.5),
        "thick": Series(step=7.5),
        "oblique": Series(orientation=(COS, SIN, 0, -SIN, COS, 0)),
        "coronal": Series(orientation=(1, 0, 0, 0, 0, -1)),
    }[kind]
    return write(folder, made)


def _two(shape):
    """Two balls that touch neither each other nor the border."""
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    centres = [[n * f for n in shape] for f in (0.35, 0.65)]
    return [Lesion.of(((z - c[0]) ** 2 + (y - c[1]) ** 2 + (x - c[2]) ** 2) < 5.3) for c in centres]


@pytest.mark.parametrize(
    "kind", ["straight", "backwards", "thick", "oblique", "coronal", "tilted", "enhanced"]
)
def test_what_goes_in_comes_out(tmp_path, kind):
    folder = _series(tmp_path, kind)
    image = read_volume(folder)
    first, second = _two(image.geometry.size)
    segments = [Segment("L1", A, first), Segment("L2", B, second, ("adapted", "0.1.0"), edited=True)]
    write_dicom_seg(tmp_path / "seg.dcm", image, sorted(folder.iterdir()), segments, "Reader^A")
    labels, infos = read_dicom_seg(tmp_path / "seg.dcm", image)
    assert [(i.name, i.tracking_uid) for i in infos] == [("L1", A), ("L2", B)]
    kinds = [str(item.SegmentAlgorithmType) for item in dcmread(tmp_path / "seg.dcm").SegmentSequence]
    assert kinds == ["MANUAL", "SEMIAUTOMATIC"]
    assert Lesion.of(labels.mask(1)) == first
    assert Lesion.of(labels.mask(2)) == second


@pytest.mark.parametrize("kind", ["straight", "oblique", "tilted", "enhanced"])
def test_each_frame_lies_where_its_voxels_do(tmp_path, kind):
    """Read without our code: every marked pixel's place is that of a voxel of the contour."""
    folder = _series(tmp_path, kind)
    image = read_volume(folder)
    first, _ = _two(image.geometry.size)
    write_dicom_seg(
        tmp_path / "seg.dcm", image, sorted(folder.iterdir()), [Segment("L1", A, first)], "Reader^A"
    )
    seg = dcmread(tmp_path / "seg.dcm")
    shared = seg.SharedFunctionalGroupsSequence[0]
    across, down = np.reshape(shared.PlaneOrientationSequence[0].ImageOrientationPatient, (2, 3)).astype(
        float
    )
    high, wide = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    found = []
    for groups, plane in zip(seg.PerFrameFunctionalGroupsSequence, seg.pixel_array, strict=True):
        at = np.asarray(groups.PlanePositionSequence[0].ImagePositionPatient, float)
        found += [at + r * high * down + c * wide * across for r, c in np.argwhere(plane)]
    expected = image.geometry.index_to_lps(first.indices())
    gaps = np.linalg.norm(np.asarray(found)[:, None] - expected[None], axis=2)
    assert len(found) == first.count
    assert gaps.min(axis=1).max() < 1e-3


@pytest.fixture
def written(tmp_path):
    folder = _series(tmp_path, "straight")
    image = read_volume(folder)
    first, second = _two(image.geometry.size)
    segments = [Segment("L1", A, first), Segment("L2", B, second, ("adapted", "0.1.0"))]
    write_dicom_seg(tmp_path / "seg.dcm", image, sorted(folder.iterdir()), segments, "Reader^A")
    return tmp_path / "seg.dcm", image


@pytest.mark.skipif(which("dciodvfy") is None, reason="dciodvfy (Debian's dicom3tools) is not installed")
def test_the_standard_s_judge_finds_no_error(written):
    told = subprocess.run(["dciodvfy", written[0]], capture_output=True, text=True, check=False)
    assert [line for line in told.stderr.splitlines() if line.startswith("Error")] == []


def test_another_image_is_refused(written, tmp_path):
    path, _ = written
    other = read_volume(write(tmp_path / "other", Series(step=5.0)))
    with pytest.raises(GeometryError, match="does not lie on the slices"):
        read_dicom_seg(path, other)
    elsewhere = read_volume(write(tmp_path / "day", Series(day="20240501")))
    with pytest.raises(GeometryError, match="frame of reference"):
        read_dicom_seg(path, elsewhere)
    foreign = read_volume(write(tmp_path / "patient", Series(patient="P-2")))
    with pytest.raises(InputError, match="is of patient 'P-1'"):
        read_dicom_seg(path, foreign)


def test_what_is_no_segmentation_or_damaged_is_refused(written, tmp_path):
    path, image = written
    with pytest.raises(InputError, match="is no DICOM Segmentation"):
        read_dicom_seg(next((tmp_path / "ct").iterdir()), image)
    (tmp_path / "x.dcm").write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="damaged or cut short"):
        read_dicom_seg(tmp_path / "x.dcm", image)
    (tmp_path / "y.dcm").write_text("no DICOM")
    with pytest.raises(InputError, match="is no DICOM file|damaged"):
        read_dicom_seg(tmp_path / "y.dcm", image)
    fractional = dcmread(path)
    fractional.SegmentationType = "FRACTIONAL"
    fractional.save_as(tmp_path / "f.dcm")
    with pytest.raises(InputError, match="holds fractional values"):
        read_dicom_seg(tmp_path / "f.dcm", image)


def test_nothing_is_written_of_lesions_without_contour(written, tmp_path):
    _, image = written
    empty = Segment("L9", A, Lesion.empty(image.geometry.size))
    files = sorted((tmp_path / "ct").iterdir())
    with pytest.raises(InputError, match="no contour: L9"):
        write_dicom_seg(tmp_path / "z.dcm", image, files, [empty], "Reader^A")
    with pytest.raises(InputError, match="nothing to write"):
        write_dicom_seg(tmp_path / "z.dcm", image, files, [], "Reader^A")
    assert not (tmp_path / "z.dcm").exists()


def test_overlapping_segments_are_refused_when_read(written, tmp_path):
    path, image = written
    seg = dcmread(path)
    for groups in seg.PerFrameFunctionalGroupsSequence[1:]:
        groups.PlanePositionSequence = seg.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence
    planes = seg.pixel_array
    planes[:] = planes.max(axis=0)
    seg.PixelData = np.packbits(planes.ravel(), bitorder="little").tobytes()
    seg.save_as(tmp_path / "o.dcm")
    with pytest.raises(InputError, match="segments that overlap"):
        read_dicom_seg(tmp_path / "o.dcm", image)


def _damaged(name):
    def nothing(seg):
        seg.SegmentSequence = []

    def without(seg):
        del seg.SegmentSequence

    def number(seg):
        del seg.SegmentSequence[0].SegmentNumber

    def frame(seg):
        groups = seg.PerFrameFunctionalGroupsSequence[0]
        del groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber

    def unknown(seg):
        seg.PerFrameFunctionalGroupsSequence[0].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 7

    def large(seg):
        seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [2, 2]

    return {one.__name__: one for one in (nothing, without, number, frame, unknown, large)}[name]


@pytest.mark.parametrize("what", ["nothing", "without", "number", "frame", "unknown", "large"])
def test_a_segmentation_that_is_not_whole_or_of_other_pixels_is_refused_in_one_line(written, tmp_path, what):
    path, image = written
    seg = dcmread(path)
    _damaged(what)(seg)
    seg.save_as(tmp_path / "d.dcm")
    with pytest.raises((InputError, GeometryError), match="is damaged|does not lie on the slices"):
        read_dicom_seg(tmp_path / "d.dcm", image)
