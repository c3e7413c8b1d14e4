"""What a reader has accepted, as DICOM SEG: the same contours, and lesions that are known again."""

import numpy as np
import pytest
from pydicom import dcmread

from dicom_series import write_volume_series
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.identity import uid_of
from HCCResponseLib.imaging.dicom_seg import drawn_segments
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.report.dicom.segmentations import write_segmentations
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.session import Session
from reads import BASELINE, FOLLOW_UP, GRID, candidate, lesion, make_read


@pytest.fixture
def session(tmp_path):
    rows = [lesion(BASELINE, "L1", 40), lesion(BASELINE, "L2", 20), lesion(FOLLOW_UP, "L1", 20), candidate()]
    store, state = make_read(tmp_path / "read.sqlite", rows)
    hu = np.full(GRID.size, -900, np.int16)
    hu[1:-1, 3:-3, 3:-3] = 80
    points, images = [], {}
    for number, point in enumerate(state.study.timepoints):
        folder = tmp_path / f"ct{number}"
        write_volume_series(folder, Volume(hu, GRID), point.date.strftime("%Y%m%d"), number)
        points.append(point.model_copy(update={"image": folder}))
        images[point.name] = read_volume(folder)
    study = state.study.model_copy(update={"timepoints": tuple(points)})
    yield Session(study, tmp_path, store, state, images)
    store.close()


def _accept(session, point, name, action=Action.ACCEPT, **more):
    decide(
        session.store,
        session.state,
        Decision("Dr A", point, name, action, **more),
        session.images[point].geometry,
    )


def test_accepted_contours_are_written_for_each_time_point(session, tmp_path):
    _accept(session, BASELINE, "L1")
    _accept(session, BASELINE, "L2", Action.REJECT, reason="a cyst")
    _accept(session, FOLLOW_UP, "L1")
    files = write_segmentations(session, tmp_path / "out", include_unsigned=True)
    assert [f.name for f in files] == ["baseline-seg.dcm", "follow-up_1-seg.dcm"]
    for file, point in zip(files, (BASELINE, FOLLOW_UP), strict=True):
        ((info, index),) = drawn_segments(file, session.images[point])
        contour = session.state.rows[point]["L1"].contour
        assert info.name == "L1"
        assert info.tracking_uid == uid_of("read", session.store.read_id, "L1")
        assert sorted(map(tuple, index)) == sorted(map(tuple, contour.indices()))
    head = dcmread(files[0])
    assert (head.PatientID, str(head.ContentCreatorName)) == ("P17", "Dr A^")
    source = read_volume(session.study.timepoints[0].image)
    assert head.FrameOfReferenceUID == source.frame_of_reference_uid


def test_what_a_network_proposed_says_so(session, tmp_path):
    _accept(session, BASELINE, "L1")
    _accept(session, FOLLOW_UP, "L1", Action.EDIT, contour=_ball())
    files = write_segmentations(session, tmp_path / "out", include_unsigned=True)
    kinds = [dcmread(f).SegmentSequence[0].SegmentAlgorithmType for f in files]
    assert kinds == ["AUTOMATIC", "SEMIAUTOMATIC"]


def _ball():
    z, y, x = np.ogrid[: GRID.size[0], : GRID.size[1], : GRID.size[2]]
    middle = [n / 2 for n in GRID.size]
    return Lesion.of((z - middle[0]) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2 < 9)


def test_nothing_is_written_unsigned_unless_asked(session, tmp_path):
    _accept(session, BASELINE, "L1")
    with pytest.raises(InputError, match="The read is not signed"):
        write_segmentations(session, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_read_without_accepted_contours_is_refused(session, tmp_path):
    with pytest.raises(InputError, match="nothing to write as DICOM SEG"):
        write_segmentations(session, tmp_path / "out", include_unsigned=True)


def test_images_that_are_no_dicom_are_refused(session, tmp_path):
    _accept(session, BASELINE, "L1")
    first, *rest = session.study.timepoints
    nifti = first.model_copy(update={"image": tmp_path / "ct.nii.gz"})
    session.study = session.study.model_copy(update={"timepoints": (nifti, *rest)})
    with pytest.raises(InputError, match=r"ct\.nii\.gz' is no DICOM series"):
        write_segmentations(session, tmp_path / "out", include_unsigned=True)
