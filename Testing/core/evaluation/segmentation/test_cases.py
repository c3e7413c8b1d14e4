"""The list of scans with reference masks: what is understood, and every kind that is refused."""

import numpy as np
import pytest

from HCCResponseLib.base.errors import GeometryError, InputError
from HCCResponseLib.evaluation.segmentation.cases import read_cases
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.masks import mask_file
from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.imaging.write import write_label_map
from reference_scans import GRID, HEAD, LARGE, SMALL, line, listed, truth, write_scan


@pytest.fixture
def folder(tmp_path):
    write_scan(tmp_path, "a", truth(LARGE, SMALL))
    return tmp_path


def refused(folder, text):
    (folder / "cases.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as problem:
        read_cases(folder / "cases.csv")
    return str(problem.value)


ROW = "a,P1,a.nii.gz,a-labels.nii.gz,a-labels.nii.gz:2\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,patient,image,liver,hospital\n", "unknown column 'hospital'; known are name, patient, image"),
        ("name,image,liver\na,a.nii.gz,a-labels.nii.gz\n", "lacks the column 'patient'"),
        ("name,patient,image\na,P1,a.nii.gz\n", "neither a column 'liver' nor 'lesions'"),
        ("name,patient,image,liver,liver\na,P1,a.nii.gz,x,x\n", "has the column 'liver' twice"),
        (HEAD, "names no scan"),
        (HEAD + "a,,a.nii.gz,a-labels.nii.gz,\n", "line 2: 'patient' is empty"),
        (HEAD + "a,P1,a.nii.gz,,\n", "line 2: scan 'a' has no reference"),
        (HEAD + ROW + ROW.replace("a,P1", "A,P2"), "two scans are called 'A'"),
        (HEAD + "../a,P1,a.nii.gz,a-labels.nii.gz,\n", "the name '../a' becomes the name of files"),
        (HEAD + "a,P1,b.nii.gz,a-labels.nii.gz,\n", r"b.nii.gz' does not exist"),
        (HEAD + "a,P1,a.nii.gz,lost.nii.gz:1,\n", r"lost.nii.gz' does not exist"),
        (HEAD + "a,P1\n", "number of cells"),
    ],
)
def test_a_list_that_is_not_understood_is_refused_by_what_is_wrong(folder, text, said):
    assert said in refused(folder, text)


def test_a_list_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cases.csv' does not exist"):
        read_cases(tmp_path / "cases.csv")


def test_a_column_without_use_may_be_left_out(folder):
    (folder / "cases.csv").write_text("image,name,patient,lesions\na.nii.gz,a,P1,a-labels.nii.gz:2\n")
    found = read_cases(folder / "cases.csv")[0].read()
    assert found.liver is None
    assert len(found.lesions) == 2


def test_the_liver_holds_its_lesions_and_lesions_are_connected_parts(folder):
    found = listed(folder, "a,P1,a.nii.gz,a-labels.nii.gz:1,a-labels.nii.gz:2\n")[0].read()
    assert np.array_equal(found.liver, truth(LARGE, SMALL) > 0)
    assert [one.count for one in found.lesions] == [
        int((truth(LARGE) == 2).sum()),
        int((truth(SMALL) == 2).sum()),
    ]


def test_a_scan_that_is_known_to_hold_no_lesion_is_told_from_one_that_is_not_known(folder):
    none, unknown = listed(
        folder, "a,P1,a.nii.gz,,a-labels.nii.gz:7\n", line("a", "P1", lesions=False).replace("a,", "b,", 1)
    )
    assert none.read().lesions == ()
    assert unknown.read().lesions is None


@pytest.mark.parametrize(
    ("liver", "said"),
    [
        ("a-labels.nii.gz:one", "Scan 'a': 'one' in 'a-labels.nii.gz:one' are no label values"),
        ("a-labels.nii.gz:7", "Scan 'a': no voxel of 'a-labels.nii.gz' has the value 7"),
    ],
)
def test_a_mask_that_cannot_be_meant_is_refused(folder, liver, said):
    with pytest.raises(InputError, match=said):
        listed(folder, f"a,P1,a.nii.gz,{liver},\n")[0].read()


@pytest.mark.parametrize(
    ("named", "file"),
    [
        ("a.nii.gz", "a.nii.gz"),
        ("a.nii.gz:1,2", "a.nii.gz"),
        (r"C:\scans\a.nii.gz", r"C:\scans\a.nii.gz"),
        (r"C:\scans\a.nii.gz:3", r"C:\scans\a.nii.gz"),
    ],
)
def test_the_colon_of_a_drive_is_not_taken_for_values(tmp_path, named, file):
    assert mask_file(tmp_path, named) == tmp_path / file


def test_a_mask_of_another_grid_is_refused(folder):
    write_label_map(LabelMap(truth(), Geometry(GRID.size, (3.0, 1.5, 1.6))), folder / "other.nii.gz")
    with pytest.raises(GeometryError, match="does not lie on image"):
        listed(folder, "a,P1,a.nii.gz,other.nii.gz,\n")[0].read()


def test_the_hash_of_a_reference_changes_with_its_masks(folder):
    both, liver, lesions = listed(
        folder,
        line("a", "P1"),
        line("a", "P1", lesions=False).replace("a,", "b,", 1),
        line("a", "P1", liver=False).replace("a,", "c,", 1),
    )
    assert len({case.read().sha256 for case in (both, liver, lesions)}) == 3
