"""DICOM series folders: identity, missing slices, several series."""

import numpy as np
import pytest
from pydicom import dcmread

from dicom_series import write_series
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.read import read_volume


def test_series_with_identity(tmp_path):
    volume = read_volume(write_series(tmp_path / "s"))
    assert volume.hu.shape == (6, 16, 18)
    assert volume.patient_id == "PATIENT-9"
    assert volume.study_date == "2024-01-31"
    assert np.allclose(volume.geometry.spacing, (2.5, 0.7, 0.7))
    assert volume.hu[0, 8, 8] == 60
    assert volume.hu[5, 8, 8] == 65


def test_a_missing_slice_is_found(tmp_path):
    with pytest.raises(InputError, match="unevenly spaced slices: 2.50 mm apart, but 5.00 mm after slice 3"):
        read_volume(write_series(tmp_path / "s", leave_out=(3,)))


def test_two_series_are_refused(tmp_path):
    write_series(tmp_path / "s")
    write_series(tmp_path / "s", uid="1.2.826.0.1.3680043.2.1125.7")
    with pytest.raises(InputError, match="holds 2 DICOM series"):
        read_volume(tmp_path / "s")


def test_another_modality_is_refused(tmp_path):
    with pytest.raises(InputError, match="is MR, not CT"):
        read_volume(write_series(tmp_path / "s", modality="MR"))


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "s").mkdir()
    with pytest.raises(InputError, match="holds no readable DICOM series"):
        read_volume(tmp_path / "s")


def test_real_series(real_data, tmp_path):
    import tarfile

    with tarfile.open(real_data / "dicom_hcc007" / "hcc007_pre_dicom.tar.xz") as archive:
        # Debian's Python 3.11 is older than the argument.
        archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    folders = sorted({p.parent for p in tmp_path.rglob("*.dcm")})
    found = [read_volume(folder) for folder in folders]
    assert {v.patient_id for v in found} == {"HCC_007"}
    assert sorted(v.study_date for v in found) == ["1997-12-27", "1998-03-14"]
    assert all(abs(v.geometry.spacing[0] - 10) < 1e-3 for v in found)


def test_slices_are_ordered_by_place_whatever_their_names(tmp_path):
    folder = write_series(tmp_path / "s")
    for number, file in enumerate(sorted(folder.iterdir(), reverse=True)):
        file.rename(folder / f"renamed-{number:03d}")
    volume = read_volume(folder)
    assert list(volume.hu[:, 8, 8]) == [60, 61, 62, 63, 64, 65]
    assert volume.geometry.origin == pytest.approx((-5, -6, 40))


def test_other_files_of_the_folder_are_passed_over(tmp_path):
    folder = write_series(tmp_path / "s")
    (folder / "notes.txt").write_text("reader's notes", encoding="utf-8")
    (folder / ".keep").touch()
    (folder / "deeper").mkdir()
    assert read_volume(folder).hu.shape == (6, 16, 18)


@pytest.mark.parametrize("name", ["ImagePositionPatient", "ImageOrientationPatient"])
def test_a_slice_that_does_not_say_where_it_lies_is_refused(tmp_path, name):
    folder = write_series(tmp_path / "s")
    for file in sorted(folder.iterdir())[:3]:
        header = dcmread(file)
        del header[name]
        header.save_as(file)
    with pytest.raises(InputError, match=rf"does not say where it lies \({name}\)"):
        read_volume(folder)


def test_a_damaged_slice_is_refused(tmp_path):
    folder = write_series(tmp_path / "s")
    file = sorted(folder.iterdir())[2]
    file.write_bytes(file.read_bytes()[:-300])
    with pytest.raises(InputError, match="damaged or cut short"):
        read_volume(folder)


@pytest.mark.parametrize("length", [0, 60, 131, 135, 142, 150, 153, 300, 599, 710, 1400])
def test_a_last_slice_that_was_cut_short_is_not_passed_over(tmp_path, length):
    last = sorted(write_series(tmp_path / "s").iterdir())[-1]
    last.write_bytes(last.read_bytes()[:length])
    with pytest.raises(InputError, match=r"damaged|does not say"):
        read_volume(tmp_path / "s")
