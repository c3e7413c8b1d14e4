"""Slices that would be read wrongly without a word: each is refused, by the slice's name."""

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_corpus import Series, write
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.catalogue.series import catalogue
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.slice_list import read_slice_list, write_slice_list


def _changed(tmp_path, change, every=False):
    """A series of which one slice, or every one, was changed."""
    folder = write(tmp_path / "s", Series())
    for file in sorted(folder.iterdir()) if every else [folder / "004.dcm"]:
        one = dcmread(file)
        change(one)
        one.save_as(file)
    return folder


def _set(**values):
    def change(one):
        for name, value in values.items():
            setattr(one, name, value)

    return change


def _without(name):
    return lambda one: delattr(one, name)


def _table(one):
    one.ModalityLUTSequence = [Dataset()]


@pytest.mark.parametrize(
    ("change", "every", "why"),
    [
        (_without("RescaleSlope"), False, "RescaleSlope is missing or no number"),
        (_without("RescaleIntercept"), False, "RescaleIntercept is missing or no number"),
        (_set(RescaleSlope=0), True, "RescaleSlope is 0"),
        (_set(RescaleType="OD"), True, "RescaleType is OD"),
        (_table, True, "it has a table"),
        (_set(PhotometricInterpretation="MONOCHROME1"), True, "no plain grey picture .MONOCHROME1"),
        (_set(SamplesPerPixel=3, PhotometricInterpretation="RGB"), False, "SamplesPerPixel changes|all of its pixels"),
        (_set(BitsAllocated=32), False, "does not hold all of its pixels"),
        (_set(PixelRepresentation=1), False, "PixelRepresentation changes within one series"),
        (_set(FrameOfReferenceUID="1.2.9"), False, "FrameOfReferenceUID changes within one series"),
        (_set(StudyInstanceUID="1.2.9"), False, "StudyInstanceUID changes within one series"),
        (_set(PatientID=""), False, "PatientID changes within one series"),
        (_set(PixelSpacing=[1e6, 1e6]), True, "is above 20 mm"),
        (_set(ImageOrientationPatient=[2, 0, 0, 0, 2, 0]), True, "holds no directions of length 1"),
        (lambda one: setattr(one, "PixelData", one.PixelData[:-400]), False, "does not hold all of its pixels"),
    ],
)  # fmt: skip
def test_it_is_refused_by_name_when_read_and_when_listed(tmp_path, change, every, why):
    folder = _changed(tmp_path, change, every)
    with pytest.raises(InputError, match=why):
        read_volume(folder)
    found = catalogue([folder])
    assert len(found.series) == 1
    assert found.series[0].fault


def test_deflated_files_are_read(tmp_path):
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    folder = _changed(
        tmp_path,
        lambda one: setattr(one.file_meta, "TransferSyntaxUID", DeflatedExplicitVRLittleEndian),
        True,
    )
    assert not catalogue([folder]).files.faults
    assert read_volume(folder).hu.shape == (12, 40, 40)


def test_a_list_keeps_names_that_look_like_remarks_and_reads_what_editors_write(tmp_path):
    folder = write(tmp_path / "s", Series(), names="#{index:03d}.dcm")
    write_slice_list(folder / "x.slices", "1.2.3", sorted(folder.glob("#*.dcm")))
    assert len(read_slice_list(folder / "x.slices").files) == 12
    text = (folder / "x.slices").read_text()
    (folder / "x.slices").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert len(read_slice_list(folder / "x.slices").files) == 12
