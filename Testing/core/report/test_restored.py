"""A read made anew from its DICOM objects says what was decided, and nothing that is not in them."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import yaml
from pydicom import dcmread

from dicom_reads import accept, decide_all, dicom_read
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.catalogue.walk import found_below
from HCCResponseLib.dicom.decided import reads_in, the_one
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.report.dicom import restored
from HCCResponseLib.report.dicom.objects import write_dicom_objects
from HCCResponseLib.report.dicom.restore_worker import RestoreRequest, work
from HCCResponseLib.report.dicom.restored import restore
from HCCResponseLib.response.types import LesionRole, LesionState
from HCCResponseLib.review.decisions.reader_rows import set_site
from HCCResponseLib.review.read.category import category
from HCCResponseLib.review.read.facts import Site
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.records import Action, ReaderLine
from reads import BASELINE, FOLLOW_UP


@pytest.fixture
def session(tmp_path):
    made = dicom_read(tmp_path)
    yield made
    made.store.close()


def _restored(session, tmp_path, name="again", uid=""):
    """Written as DICOM and made anew from the folder that holds images and objects."""
    write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    found = found_below([tmp_path])
    reads = reads_in(Path(h.filename) for h in found.headers)
    return restore(the_one(reads, uid), found, tmp_path.with_name(tmp_path.name + name))


def _overall(session):
    found = category(session.state, profile_of(session.store, session.state))
    return [None if one.overall is None else one.overall.value for one in found.time_points]


def test_the_same_lesions_diameters_and_category(session, tmp_path):
    decide_all(session)
    done = _restored(session, tmp_path)
    new = done.session
    assert done.notes == ()
    assert _overall(new) == _overall(session) and _overall(new)[1] is not None
    for point in (BASELINE, FOLLOW_UP):
        was = {n: r for n, r in session.state.rows[point].items() if n.startswith("L")}
        now = new.state.rows[point]
        assert sorted(now) == sorted(was), "a dismissed candidate is no lesion"
        for name, row in was.items():
            assert (now[name].state, now[name].long_mm, now[name].short_mm) == (
                row.state,
                row.long_mm,
                row.short_mm,
            )
            if row.contour is not None:
                assert np.array_equal(
                    np.sort(now[name].contour.indices(), 0), np.sort(row.contour.indices(), 0)
                )
    assert new.state.rows[FOLLOW_UP]["L2"].state is LesionState.DISAPPEARED
    assert new.state.rows[BASELINE]["L1"].decision.reader == "Dr A"
    assert new.state.rows[BASELINE]["L1"].decision.reason == "from its DICOM report"
    assert new.state.locks.locked == {} or not new.state.locks.locked, "nobody has signed the new read"
    new.store.close()


def test_roles_own_lines_numbers_and_new_lesions_come_back(session, tmp_path):
    start, end = (30.0, 30.0, 0.0), (30.0, 55.5, 0.0)
    image = session.images[FOLLOW_UP].geometry
    z = image.index_to_lps([image.size[0] // 2, 0, 0])[2]
    line = ReaderLine((start[0], start[1], z), (end[0], end[1], z))
    accept(session, BASELINE, "L1", role=LesionRole.TARGET)
    accept(session, BASELINE, "L2", role=LesionRole.NON_TARGET)
    accept(session, FOLLOW_UP, "L1", Action.EDIT, long_line=line)
    accept(session, FOLLOW_UP, "L2")
    accept(session, FOLLOW_UP, "C1", Action.NEW)
    done = _restored(session, tmp_path)
    rows = done.session.state.rows
    assert done.notes == ()
    assert rows[BASELINE]["L2"].decision.role is LesionRole.NON_TARGET
    assert rows[FOLLOW_UP]["L1"].long_mm == Decimal("25.5")
    assert rows[FOLLOW_UP]["L1"].decision.long_line is not None
    assert rows[FOLLOW_UP]["C1"].decision.action is Action.NEW
    assert _overall(done.session) == _overall(session) == [None, "PD"]
    done.session.store.close()


def test_the_latest_of_two_exports_and_of_two_reads_the_one_that_is_named(session, tmp_path):
    decide_all(session)
    write_dicom_objects(session, tmp_path / "first", include_unsigned=True)
    accept(session, FOLLOW_UP, "L2", Action.EDIT, state=LesionState.NOT_EVALUABLE, reason="motion")
    done = _restored(session, tmp_path)
    assert done.session.state.rows[FOLLOW_UP]["L2"].state is LesionState.NOT_EVALUABLE
    done.session.store.close()
    found = found_below([tmp_path])
    (read,) = reads_in(Path(h.filename) for h in found.headers)
    assert "RECIST" in read.words and "Dr A" in read.words
    with pytest.raises(InputError, match="No read among the files has the UID"):
        the_one([read], "1.2.3")
    with pytest.raises(InputError, match="No report of a read"):
        the_one([])


@pytest.mark.parametrize(
    ("lost", "words"), [("ct1/003.dcm", "1 of the"), ("out/follow-up_1-seg.dcm", "segmentation")]
)
def test_what_is_missing_is_said_and_nothing_is_left(session, tmp_path, lost, words):
    decide_all(session)
    write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    (tmp_path / lost).unlink()
    found = found_below([tmp_path])
    home = tmp_path.with_name(tmp_path.name + "-again")
    with pytest.raises(InputError, match=words):
        restore(the_one(reads_in(Path(h.filename) for h in found.headers)), found, home)
    assert not home.exists()


def test_a_read_that_is_there_is_never_overwritten(session, tmp_path):
    decide_all(session)
    done = _restored(session, tmp_path)
    done.session.store.close()
    before = (done.session.folder / "study.yaml").read_bytes()
    assert [p["name"] for p in yaml.safe_load(before)["timepoints"]] == [BASELINE, FOLLOW_UP]
    with pytest.raises(InputError, match="is not empty"):
        _restored(session, tmp_path)
    assert (done.session.folder / "study.yaml").read_bytes() == before


def _found(*folders):
    found = found_below(list(folders))
    return found, reads_in(Path(h.filename) for h in found.headers)


def test_reads_of_two_readers_and_of_two_patients_stay_apart(tmp_path):
    """All reads of one's own are called alike; before, two of them made one."""
    made = []
    for name, reader in (("a", "Dr A"), ("b", "Dr B")):
        (tmp_path / name).mkdir()
        one = dicom_read(tmp_path / name)
        for point, lesion in ((BASELINE, "L1"), (BASELINE, "L2"), (FOLLOW_UP, "L1"), (FOLLOW_UP, "L2")):
            accept(one, point, lesion, reader=reader)
        accept(one, FOLLOW_UP, "C1", Action.DISMISS, reason="a vessel", reader=reader)
        write_dicom_objects(one, tmp_path / name / "out", include_unsigned=True)
        one.store.close()
        made.append(one)
    _, reads = _found(tmp_path)
    assert sorted(read.visits[-1].report.reader for read in reads) == ["Dr A", "Dr B"]
    assert all(len(read.visits) == 2 for read in reads)
    lesions = [{e.uid for v in read.visits for e in v.report.lesions} for read in reads]
    assert not lesions[0] & lesions[1]
    with pytest.raises(InputError, match="There are 2 reads"):
        the_one(reads)


def test_a_report_that_is_missing_or_damaged_is_never_passed_over(session, tmp_path):
    decide_all(session)
    write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    report = tmp_path / "out" / "follow-up_1-sr.dcm"
    whole, home = report.read_bytes(), tmp_path.with_name(tmp_path.name + "-again")
    first = tmp_path / "out" / "baseline-sr.dcm"
    kept = first.read_bytes()
    first.unlink()
    found, reads = _found(tmp_path)
    with pytest.raises(InputError, match="time point 1 of this read is not among the files"):
        restore(the_one(reads), found, home)
    first.write_bytes(kept)
    report.write_bytes(whole[:-900])
    with pytest.raises(InputError, match="follow-up_1-sr.dcm"):
        work(RestoreRequest(folders=(tmp_path,), folder=home), lambda _: None)
    assert not home.exists()


def test_organ_and_lymph_node_come_back_and_their_sums(session, tmp_path):
    decide_all(session)
    set_site(session.store, session.state, "Dr A", "L2", Site(organ="omentum", lymph_node=True))
    done = _restored(session, tmp_path)
    assert done.session.state.site("L2") == Site(organ="omentum", lymph_node=True)
    assert done.notes == ()
    done.session.store.close()


def test_every_difference_from_the_reports_is_told(session, tmp_path):
    """Here somebody has cut voxels out of the segmentation."""
    decide_all(session)
    write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    path = tmp_path / "out" / "follow-up_1-seg.dcm"
    cut = dcmread(path)
    half = len(cut.PixelData) // 2
    cut.PixelData = bytes(half) + cut.PixelData[half:]
    cut.save_as(path)
    found, reads = _found(tmp_path)
    done = restore(the_one(reads), found, tmp_path.with_name(tmp_path.name + "-again"))
    told = " ".join(done.notes)
    assert "L1 at follow-up 1: volume" in told
    assert (
        done.session.state.rows[FOLLOW_UP]["L1"].contour.count
        < session.state.rows[FOLLOW_UP]["L1"].contour.count
    )
    done.session.store.close()


def test_a_lesion_that_was_rejected_later_is_not_evaluable_there(session, tmp_path):
    accept(session, BASELINE, "L1")
    accept(session, BASELINE, "L2")
    accept(session, FOLLOW_UP, "L1", Action.REJECT, reason="an artefact")
    accept(session, FOLLOW_UP, "L2")
    accept(session, FOLLOW_UP, "C1", Action.EQUIVOCAL)
    done = _restored(session, tmp_path)
    rows = done.session.state.rows[FOLLOW_UP]
    assert (rows["L1"].state, rows["L1"].decision.action) == (LesionState.NOT_EVALUABLE, Action.REJECT)
    assert rows["C1"].decision.action is Action.EQUIVOCAL
    assert done.notes == () and _overall(done.session) == _overall(session)
    done.session.store.close()


def test_a_number_of_the_reader_s_own_comes_back_as_one(session, tmp_path):
    accept(session, BASELINE, "L1")
    accept(session, BASELINE, "L2")
    accept(session, FOLLOW_UP, "L1", Action.EDIT, long_axis_mm=Decimal("33.3"))
    accept(session, FOLLOW_UP, "L2")
    accept(session, FOLLOW_UP, "C1", Action.NEW, long_axis_mm=Decimal("22.2"))
    done = _restored(session, tmp_path)
    rows, was = done.session.state.rows[FOLLOW_UP], session.state.rows[FOLLOW_UP]
    for name in ("L1", "C1"):
        assert (rows[name].long_mm, rows[name].short_mm) == (was[name].long_mm, was[name].short_mm)
    assert done.notes == ()
    done.session.store.close()


def test_files_that_contradict_each_other_are_refused(session, tmp_path):
    decide_all(session)
    write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    slice_ = tmp_path / "ct1" / "003.dcm"
    other = dcmread(slice_)
    other.PatientComments = "another export"
    other.save_as(tmp_path / "zz.dcm")
    found, reads = _found(tmp_path)
    with pytest.raises(InputError, match="one identifier and different contents"):
        restore(the_one(reads), found, tmp_path.with_name(tmp_path.name + "-again"))


@pytest.mark.parametrize(
    ("patient", "subject", "stated"),
    [("A/B 1", "A-B 1", "A/B 1"), ("Müller-7", "M-ller-7", "Müller-7"), ("", "subject", None)],
)
def test_a_patient_id_that_cannot_be_a_subject_s_name(tmp_path, patient, subject, stated):
    made = dicom_read(tmp_path)
    for folder in ("ct0", "ct1"):
        for file in (tmp_path / folder).iterdir():
            header = dcmread(file)
            header.SpecificCharacterSet, header.PatientID = "ISO_IR 192", patient
            header.save_as(file)
    for point in made.study.timepoints:
        made.images[point.name] = read_volume(point.image)
    decide_all(made)
    done = _restored(made, tmp_path)
    study = done.session.study
    assert (study.subject, study.patient_id) == (subject, stated)
    for one in (made, done.session):
        one.store.close()


def test_what_was_stopped_on_the_way_is_no_study_and_stands_in_nobody_s_way(session, tmp_path, monkeypatch):
    decide_all(session)
    write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    found, reads = _found(tmp_path)
    home = tmp_path.with_name(tmp_path.name + "-again")

    seen = []
    compared = restored.differences

    def look(*words, **more):
        seen.append((home / "restoring.yaml").exists())
        assert not (home / "study.yaml").exists()
        return compared(*words, **more)

    monkeypatch.setattr(restored, "differences", look)
    # What one leaves that was killed.
    home.mkdir()
    (home / "restoring.yaml").write_text("subject: half")
    (home / "read.sqlite").write_bytes(b"half")
    (home / "notes.txt").write_text("of somebody")
    with pytest.raises(InputError, match=r"is not empty \(notes.txt\)"):
        restore(the_one(reads), found, home)
    assert (home / "notes.txt").read_text() == "of somebody"
    (home / "notes.txt").unlink()
    done = restore(the_one(reads), found, home)
    assert seen == [True, True] and done.notes == ()
    assert (home / "study.yaml").exists() and not (home / "restoring.yaml").exists()
    done.session.store.close()


def test_written_again_nothing_of_before_is_left(session, tmp_path):
    decide_all(session)
    write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    accept(session, FOLLOW_UP, "L1", Action.EDIT, state=LesionState.NOT_EVALUABLE, reason="motion")
    files = write_dicom_objects(session, tmp_path / "out", include_unsigned=True)
    assert sorted((tmp_path / "out").iterdir()) == sorted(files)
    assert "follow-up_1-keys.dcm" not in [f.name for f in files], "nothing is measured there any more"


def test_a_reader_of_any_alphabet(tmp_path):
    made = dicom_read(tmp_path)
    for point, lesion in ((BASELINE, "L1"), (BASELINE, "L2"), (FOLLOW_UP, "L1"), (FOLLOW_UP, "L2")):
        accept(made, point, lesion, reader="李")
    accept(made, FOLLOW_UP, "C1", Action.DISMISS, reason="a vessel", reader="李")
    done = _restored(made, tmp_path)
    assert done.session.state.rows[BASELINE]["L1"].decision.reader == "李"
    for one in (made, done.session):
        one.store.close()
