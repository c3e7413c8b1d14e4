"""Which series a visit is measured on."""

import pytest
from pydicom.uid import JPEG2000Lossless

from dicom_corpus import Series, write
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.catalogue.kernels import is_sharp
from HCCResponseLib.dicom.catalogue.looked_at import settled_visits
from HCCResponseLib.dicom.catalogue.series import catalogue
from HCCResponseLib.imaging.phase.phases import Phase


def _settled(folder, **more):
    found = catalogue([folder]).series
    return settled_visits(found, **more)[0], found


def _series(name, number, **more):
    return Series(name=name, number=number, count=70, **more)


@pytest.mark.parametrize(
    ("kernel", "description", "sharp"),
    [
        ("B30f", "", False), ("B60f", "", True), ("Br40d\\3", "", False), ("Hr59", "", True), ("I31f\\3", "", False),
        ("I70f\\2", "", True),
        ("STANDARD", "", False), ("BONE", "", True), ("LUNG", "", True), ("SOFT", "", False), ("FC08", "", False),
        ("FC30", "", True), ("FC51", "", True), ("B", "", False), ("L", "", True), ("", "Thorax lung", True),
        ("", "PV 2.5", False),
    ],
)  # fmt: skip
def test_sharp_kernels_by_their_makers_names(kernel, description, sharp):
    assert is_sharp(kernel, description) is sharp


def test_the_portal_series_of_a_liver_s_length_soft_kernel_and_middle_thickness_is_measured_on(tmp_path):
    write(tmp_path / "1", _series("PORTAL thin", 1, step=1.0))
    write(tmp_path / "2", _series("PORTAL bone", 2, kernel="B70f"))
    write(tmp_path / "3", _series("PORTAL short", 3, leave_out=tuple(range(20, 70))))
    write(tmp_path / "4", _series("PORTAL", 4))
    write(tmp_path / "5", _series("PORTAL thick", 5, step=5.0))
    write(tmp_path / "6", _series("PORTAL cor", 6, orientation=(1, 0, 0, 0, 0, -1)))
    visits, found = _settled(tmp_path)
    (visit,) = visits
    assert visit.measured is Phase.PORTAL
    assert visit.image.series.number == 4
    assert "70 slices of 2.5 mm over 18 cm" in visit.image.why
    assert "chosen from 5" in visit.image.why
    assert len(found) == 6


def test_every_phase_has_a_proposal_and_a_visit_without_a_portal_one_is_measured_on_another(tmp_path):
    write(tmp_path / "1", _series("ARTERIAL", 1))
    write(tmp_path / "2", _series("DELAYED", 2))
    write(tmp_path / "3", _series("PORTAL", 1, day="20240501"))
    visits, _ = _settled(tmp_path)
    assert [str(v.day) for v in visits] == ["2024-01-31", "2024-05-01"]
    assert set(visits[0].proposed) == {Phase.ARTERIAL, Phase.DELAYED}
    assert [v.measured for v in visits] == [Phase.DELAYED, Phase.PORTAL]


def test_the_wanted_phase_goes_first(tmp_path):
    write(tmp_path / "1", _series("ARTERIAL", 1))
    write(tmp_path / "2", _series("PORTAL", 2))
    visits, _ = _settled(tmp_path, wanted=Phase.ARTERIAL)
    assert visits[0].measured is Phase.ARTERIAL


def test_a_phase_that_the_picture_contradicts_is_not_believed(tmp_path):
    write(tmp_path / "1", _series("PORTAL", 1, hu=40.0))
    write(tmp_path / "2", _series("series without a word", 2))
    visits, _ = _settled(tmp_path)
    # Nothing of this body is bright: both are unenhanced, whatever the first is called.
    assert set(visits[0].proposed) == {Phase.NATIVE}


def test_the_reader_s_choice_counts(tmp_path):
    write(tmp_path / "1", _series("PORTAL", 1))
    write(tmp_path / "2", _series("PORTAL thick", 2, step=5.0))
    visits, _ = _settled(tmp_path, chosen=[1])
    assert (visits[0].image.series.number, visits[0].image.why) == (2, "chosen by the reader")


def test_two_choices_for_one_day_are_refused(tmp_path):
    write(tmp_path / "1", _series("PORTAL", 1))
    write(tmp_path / "2", _series("ARTERIAL", 2))
    with pytest.raises(InputError, match="Two series were chosen for 2024-01-31"):
        _settled(tmp_path, chosen=[0, 1])


def test_a_choice_that_cannot_be_measured_on_is_refused(tmp_path):
    write(tmp_path / "1", _series("PORTAL", 1))
    write(tmp_path / "2", _series("PORTAL cor", 2, orientation=(1, 0, 0, 0, 0, -1)))
    with pytest.raises(InputError, match="cannot be measured on: coronal slices: a reformat"):
        _settled(tmp_path, chosen=[1])


def test_pixels_that_cannot_be_read_make_room_for_the_next_best(tmp_path):
    write(tmp_path / "1", _series("PORTAL", 1, syntax=JPEG2000Lossless))
    write(tmp_path / "2", _series("PORTAL thick", 2, step=5.0))
    broken = tmp_path / "1" / "030.dcm"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-400] + bytes(300) + whole[-100:])
    found = catalogue([tmp_path]).series
    visits, after = settled_visits(found)
    assert visits[0].image.series.number == 2
    assert [bool(s.fault) for s in after] == [True, False]


def test_nothing_to_measure_on_says_why(tmp_path):
    write(tmp_path / "1", _series("PORTAL", 1, leave_out=(30,)))
    with pytest.raises(
        InputError, match="None of the 1 series of CT can be measured on. series 1 'PORTAL'.*uneven"
    ):
        _settled(tmp_path)
