"""What a reader has accepted, as DICOM SEG: the same contours, and lesions that are known again."""

import subprocess
from shutil import which

import numpy as np
import pytest
from pydicom import dcmread

from dicom_reads import accept, decide_all, dicom_read
from full_disk import full_disk
from HCCResponseLib.base.errors import InputError, StorageError
from HCCResponseLib.dicom.identity import uid_of
from HCCResponseLib.dicom.reading import read_report
from HCCResponseLib.imaging.dicom_seg import drawn_segments
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.series import series_files
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.report.dicom.identities import read_identity
from HCCResponseLib.report.dicom.objects import write_dicom_objects
from HCCResponseLib.review.read.records import Action
from reads import BASELINE, FOLLOW_UP, GRID


@pytest.fixture
def session(tmp_path):
    made = dicom_read(tmp_path)
    yield made
    made.store.close()


def test_contours_and_a_report_for_each_time_point(session, tmp_path):
    decide_all(session)
    files = write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    assert [f.name for f in files] == [
        "baseline-seg.dcm", "baseline-sr.dcm", "baseline-keys.dcm",
        "follow-up_1-seg.dcm", "follow-up_1-sr.dcm", "follow-up_1-keys.dcm", "report-pdf.dcm",
    ]  # fmt: skip
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(f.name for f in files)
    for file, point in zip(files[:6:3], (BASELINE, FOLLOW_UP), strict=True):
        for info, index in drawn_segments(file, session.images[point]):
            contour = session.state.rows[point][info.name].contour
            assert info.tracking_uid == uid_of("read", read_identity(session), info.name)
            assert sorted(map(tuple, index)) == sorted(map(tuple, contour.indices()))
    head = dcmread(files[0])
    assert (head.PatientID, str(head.ContentCreatorName)) == ("P17", "Dr A^")
    source = read_volume(session.study.timepoints[0].image)
    assert head.FrameOfReferenceUID == source.frame_of_reference_uid


def test_the_report_says_what_was_decided(session, tmp_path):
    decide_all(session)
    files = write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    first, later = (read_report(f) for f in files[1:6:3])
    assert (first.time_point, first.order, first.reader, first.final) == (BASELINE, 1, "Dr A", False)
    assert [(e.name, str(e.long_axis.mm), e.role, e.segment) for e in first.lesions] == [
        ("L1", "41.0", "target", 1), ("L2", "21.0", "target", 2),
    ]  # fmt: skip
    assert [(e.name, e.state, e.role) for e in later.lesions] == [
        ("L1", "measured", "target"), ("L2", "disappeared", "target"),
    ]  # fmt: skip
    assert later.lesions[1].segment is None
    (category,) = later.categories
    assert (category.criterion, category.response, category.unit) == ("RECIST 1.1", "PR", "mm")
    assert {name: str(value) for name, value in category.figures.items()} == {
        "sum": "21.0", "nadir": "62.0", "percent-from-baseline": "-66.13", "percent-from-nadir": "-66.13",
    }  # fmt: skip
    row = session.state.rows[BASELINE]["L1"].measurement.long_axis
    ends = first.lesions[0].long_axis.ends
    assert np.abs(np.asarray(ends) - [row.start_lps, row.end_lps]).max() < 0.05


def test_what_a_network_proposed_says_so(session, tmp_path):
    decide_all(session)
    accept(session, FOLLOW_UP, "L1", Action.EDIT, contour=_ball())
    files = write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    kinds = [str(dcmread(f).SegmentSequence[0].SegmentAlgorithmType) for f in files[:6:3]]
    assert kinds == ["AUTOMATIC", "SEMIAUTOMATIC"]


def _ball():
    z, y, x = np.ogrid[: GRID.size[0], : GRID.size[1], : GRID.size[2]]
    middle = [n / 2 for n in GRID.size]
    return Lesion.of((z - middle[0]) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2 < 9)


def test_nothing_is_written_unsigned_unless_asked(session, tmp_path):
    decide_all(session)
    with pytest.raises(InputError, match="The read is not signed"):
        write_dicom_objects(session, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_read_with_open_rows_is_refused(session, tmp_path):
    accept(session, BASELINE, "L1")
    with pytest.raises(
        InputError, match="no category yet, so there is nothing to write: .*L2 is not decided"
    ):
        write_dicom_objects(session, tmp_path / "out", include_unsigned=True)


def test_images_that_are_no_dicom_are_refused_and_nothing_is_left(session, tmp_path):
    decide_all(session)
    *first, last = session.study.timepoints
    nifti = last.model_copy(update={"image": tmp_path / "ct.nii.gz"})
    session.study = session.study.model_copy(update={"timepoints": (*first, nifti)})
    with pytest.raises(InputError, match=r"ct\.nii\.gz' is no DICOM series"):
        write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    assert list((tmp_path / "out").iterdir()) == []


def test_key_images_are_the_slices_that_were_measured_on(session, tmp_path):
    decide_all(session)
    files = write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    keys = dcmread(files[2])
    named = [
        item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        for item in keys.ContentSequence
        if item.ValueType == "IMAGE"
    ]
    measured = session.state.rows[BASELINE]["L1"].measurement
    level = session.images[BASELINE].geometry.index_to_lps((measured.slice_index, 0, 0))[2]
    slices = [dcmread(f, stop_before_pixels=True) for f in series_files(session.study.timepoints[0].image)]
    wanted = [s.SOPInstanceUID for s in slices if abs(float(s.ImagePositionPatient[2]) - level) < 0.01]
    assert wanted[0] in named and len(named) == len(set(named)) <= 2


def test_the_printed_report_comes_along(session, tmp_path):
    decide_all(session)
    printed = dcmread(write_dicom_objects(session, tmp_path / "out", include_unsigned=True)[-1])
    pdf = printed.EncapsulatedDocument[: printed.EncapsulatedDocumentLength]
    assert pdf.startswith(b"%PDF") and pdf.rstrip().endswith(b"%%EOF")
    last = read_volume(session.study.timepoints[-1].image)
    assert (printed.PatientID, printed.StudyDate) == (last.patient_id, last.study_date.replace("-", ""))


@pytest.mark.skipif(which("dciodvfy") is None, reason="dciodvfy (Debian's dicom3tools) is not installed")
def test_the_standard_s_judge_finds_no_error_in_any_of_them(session, tmp_path):
    decide_all(session)
    for file in write_dicom_objects(session, tmp_path / "out", include_unsigned=True):
        told = subprocess.run(["dciodvfy", file], capture_output=True, text=True, check=False)
        assert [line for line in told.stderr.splitlines() if line.startswith("Error")] == [], file.name


def test_a_full_disk_leaves_nothing_half_written(session, tmp_path):
    decide_all(session)
    with full_disk(20_000), pytest.raises(StorageError, match="full"):
        write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    assert list((tmp_path / "out").iterdir()) == []
    assert len(write_dicom_objects(session, tmp_path / "out", include_unsigned=True)) == 7
