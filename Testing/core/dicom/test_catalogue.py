"""Whole patient folders as exports are: nested, mixed, doubled, damaged."""

import shutil
import warnings
from dataclasses import replace
from datetime import date

import pytest

from dicom_corpus import Series, planes, uid_of, write, write_enhanced
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.catalogue.series import catalogue
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.slice_list import write_slice_list


def _only(folder):
    found = catalogue([folder])
    assert len(found.series) == 1
    return found.series[0]


def _read(folder, one):
    listed = folder / "x.slices"
    write_slice_list(listed, one.uid, one.files)
    return read_volume(listed)


def test_a_series_is_described_by_its_headers(tmp_path):
    one = _only(write(tmp_path / "a" / "b", Series()))
    assert (one.patient_id, one.day, one.description, one.kernel) == (
        "P-1",
        date(2024, 1, 31),
        "PORTAL VENOUS",
        "B30f",
    )
    assert (one.slices, one.step_mm, one.thickness_mm, one.covers_mm) == (12, 2.5, 2.5, 30.0)
    assert one.stated.phase == "portal venous"
    assert not one.fault and not one.against


def test_what_is_no_stack_of_ct_is_left_out_and_counted(tmp_path):
    write(tmp_path / "ct", Series())
    write(tmp_path / "mr", Series(name="T1", tags={"Modality": "MR"}))
    write(tmp_path / "sr", Series(name="report", count=3, tags={"Modality": "SR"}))
    write(
        tmp_path / "topo",
        Series(name="Topogram", count=3, tags={"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}),
    )
    write(tmp_path / "bolus", Series(name="PreMonitoring", count=1))
    write(tmp_path / "shot", Series(name="dose", count=4, tags={"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}))
    (tmp_path / "README.txt").write_text("export of 2024")
    found = catalogue([tmp_path])
    assert [s.description for s in found.series] == ["PORTAL VENOUS"]
    assert found.left_out == {
        "MR": 12, "SR": 3, "localizers": 3, "single images of CT (bolus tracking, key images)": 1,
        "pictures of screens": 4,
    }  # fmt: skip
    assert found.files.others == 1


@pytest.mark.parametrize(
    ("series", "against"),
    [
        (Series(name="COR", orientation=(1, 0, 0, 0, 0, -1)), "coronal slices: a reformat"),
        (Series(name="SAG", orientation=(0, 1, 0, 0, 0, -1)), "sagittal slices: a reformat"),
        (Series(name="thick", tags={"ImageType": ["DERIVED", "SECONDARY", "AXIAL", "MIP"]}), "a maximum intensity"),
        (Series(name="Liver MIP"), "called 'mip'"),
    ],
)  # fmt: skip
def test_reformats_and_projections_are_not_measured_on(tmp_path, series, against):
    one = _only(write(tmp_path, series))
    assert one.against.startswith(against) and not one.fault


def test_copies_count_once_wherever_they_lie(tmp_path):
    write(tmp_path / "a", Series())
    shutil.copytree(tmp_path / "a", tmp_path / "b" / "again")
    found = catalogue([tmp_path, tmp_path / "a"])
    assert found.series[0].slices == 12 and not found.series[0].fault
    assert found.files.copies == 12


def test_two_files_with_one_identifier_and_different_pixels_are_refused(tmp_path):
    write(tmp_path / "a", Series())
    write(tmp_path / "b", Series(hu=111))
    assert "exist twice with different contents" in _only(tmp_path).fault


def test_a_missing_slice_is_said(tmp_path):
    fault = _only(write(tmp_path, Series(leave_out=(5,)))).fault
    assert "2.50 mm apart, but 5.00 mm after slice 5" in fault


@pytest.mark.parametrize(
    ("told_apart", "part"),
    [
        (lambda i: {"AcquisitionNumber": 3 + i // 100}, "acquisition"),
        (lambda i: {"AcquisitionTime": "101500" if i < 100 else "101600"}, "taken at"),
        (lambda i: {"ConvolutionKernel": "B30f" if i < 100 else "B60f"}, "kernel"),
    ],
)  # fmt: skip
def test_several_acquisitions_in_one_series_become_stacks_of_their_own(tmp_path, told_apart, part):
    write(tmp_path / "1", Series(each=told_apart))
    again = Series(each=lambda i: {**told_apart(i + 100), "SOPInstanceUID": uid_of("second", i)})
    write(tmp_path / "2", again)
    found = catalogue([tmp_path]).series
    assert [s.slices for s in found] == [12, 12]
    assert all(s.part.startswith(part) and not s.fault for s in found)
    assert {len({f.parent for f in s.files}) for s in found} == {1}


def test_images_at_one_place_that_nothing_tells_apart_are_refused(tmp_path):
    write(tmp_path / "1", Series())
    write(tmp_path / "2", Series(each=lambda i: {"SOPInstanceUID": uid_of("second", i)}))
    assert "several images at one place" in _only(tmp_path).fault


def test_orientations_that_are_mixed_in_one_series_are_told_apart(tmp_path):
    write(tmp_path / "1", Series())
    coronal = Series(orientation=(1, 0, 0, 0, 0, -1), each=lambda i: {"SOPInstanceUID": uid_of("coronal", i)})
    write(tmp_path / "2", coronal)
    found = catalogue([tmp_path]).series
    assert {s.part for s in found} == {"40 x 40 pixels, axial", "40 x 40 pixels, coronal"}
    assert sorted(bool(s.against) for s in found) == [False, True]


@pytest.mark.parametrize("day", ["20241399", "", "unknown", "21240131"])
def test_a_day_that_is_none_is_said(tmp_path, day):
    with warnings.catch_warnings(action="ignore"):  # pydicom's, of what is written here
        one = _only(write(tmp_path, Series(day=day)))
    assert "study date (0008,0020)" in one.fault


def test_a_study_of_another_day_than_the_acquisition_is_remarked(tmp_path):
    one = _only(write(tmp_path, Series(tags={"AcquisitionDate": "20240130"})))
    assert "it was acquired on 2024-01-30, its study is of 2024-01-31" in one.remarks


def test_files_that_are_cut_short_are_named_and_the_rest_is_listed(tmp_path):
    write(tmp_path / "1", Series())
    write(tmp_path / "2", Series(name="ARTERIAL"))
    for place, keep in (("000", 60), ("001", 700), ("002", 1200)):
        cut = tmp_path / "2" / f"{place}.dcm"
        cut.write_bytes(cut.read_bytes()[:keep])
    found = catalogue([tmp_path])
    assert len(found.files.faults) == 3
    assert all("cut short" in str(line) for line in found.files.faults)
    assert [s.slices for s in found.series] == [12, 9]
    whole, cut = found.series
    assert not whole.fault and "of its files cannot be used, so it may be incomplete" in cut.fault


def test_links_that_lead_back_end(tmp_path):
    write(tmp_path / "1", Series())
    (tmp_path / "1" / "round").symlink_to(tmp_path)
    assert _only(tmp_path).slices == 12


def test_folders_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        catalogue([tmp_path / "nothing"])


def test_an_enhanced_ct_is_read_frame_by_frame(tmp_path):
    series = Series()
    one = _only(write_enhanced(tmp_path / "e", series))
    assert (one.slices, len(one.files), one.fault) == (12, 1, "")
    volume = _read(tmp_path, one)
    assert (volume.hu == planes(series).astype(int) - 1024).all()
    assert volume.geometry.spacing == (2.5, 1.0, 1.0)
    assert volume.geometry.slice_thickness_mm == 2.5


def test_frames_without_a_place_of_their_own_are_refused(tmp_path):
    from pydicom import dcmread

    folder = write_enhanced(tmp_path / "e", Series())
    whole = dcmread(folder / "enhanced.dcm")
    del whole.PerFrameFunctionalGroupsSequence[4].PlanePositionSequence
    whole.save_as(folder / "enhanced.dcm")
    assert "does not say where it lies (ImagePositionPatient)" in _only(folder).fault


def test_sorted_by_patient_and_day(tmp_path):
    for number, (patient, day) in enumerate([("B", "20240301"), ("A", "20240501"), ("A", "20240101")]):
        write(tmp_path / str(number), Series(patient=patient, day=day))
    found = catalogue([tmp_path])
    assert [(s.patient_id, str(s.day)) for s in found.series] == [
        ("A", "2024-01-01"), ("A", "2024-05-01"), ("B", "2024-03-01"),
    ]  # fmt: skip
    assert found.patients() == ["A", "B"]


def test_slices_of_changed_table_heights_are_refused(tmp_path):
    series = Series(each=lambda i: {"TableHeight": 100 + 30 * (i > 6)})
    assert "TableHeight changes within one series" in _only(write(tmp_path, replace(series))).fault
