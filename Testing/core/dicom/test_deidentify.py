"""What is written no longer says whose it is: searched byte by byte; intervals, groups and voxels stay."""

import re
import stat
from datetime import date

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from typer.testing import CliRunner

from dicom_corpus import Series, write
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.main import app
from HCCResponseLib.dicom.catalogue.series import catalogue
from HCCResponseLib.dicom.deidentify.folders import deidentify
from HCCResponseLib.dicom.deidentify.rules import cleaned_words, moved
from HCCResponseLib.dicom.deidentify.secret import Secret, kept_secret
from HCCResponseLib.imaging.read import read_volume

SECRET = Secret(bytes(range(32)))
WORDS = (
    "MUSTERMANN",
    "Erika",
    "P-4711",
    "ACC-99812",
    "Klinikum",
    "Sonnenberg",
    "19610223",
    "Dr Weiss",
    "20240131",
)


def _nested(index):
    inner = Dataset()
    inner.PatientID, inner.InstitutionName = "P-4711", "Klinikum Sonnenberg"
    inner.ReferencedSOPInstanceUID, inner.StudyDate = "1.2.276.99.5", "20240131"
    return {
        "PatientName": "MUSTERMANN^Erika", "PatientBirthDate": "19610223", "AccessionNumber": "ACC-99812",
        "InstitutionName": "Klinikum Sonnenberg", "ReferringPhysicianName": "Dr Weiss", "StudyTime": "101500",
        "OperatorsName": "Dr Weiss", "StudyDescription": "CT Abdomen MUSTERMANN", "StudyID": "ACC-99812",
        "AcquisitionDate": "20240131", "AcquisitionTime": "101500", "ContrastBolusStartTime": "101400",
        "ImageComments": "Frau MUSTERMANN, Erika", "DeviceSerialNumber": "SN-55173",
        "SourceImageSequence": [inner], "RequestAttributesSequence": [inner], "AcquisitionDateTime": "20240131101500",
    }  # fmt: skip


def _patient(folder, **more):
    return write(
        folder, Series(name="PORTAL MUSTERMANN 2.5mm", patient="P-4711", each=_nested, count=6, **more)
    )


def _bytes(folder):
    return b"".join(p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file())


def _names(folder):
    return " ".join(str(p.relative_to(folder)) for p in folder.rglob("*"))


def test_no_word_that_names_the_patient_is_left_anywhere(tmp_path):
    _patient(tmp_path / "in")
    one = dcmread(tmp_path / "in" / "003.dcm")
    block = one.private_block(0x0029, "ACME", create=True)
    block.add_new(1, "LO", "MUSTERMANN^Erika")
    one.save_as(tmp_path / "in" / "003.dcm")
    before = {str(v) for f in (tmp_path / "in").iterdir() for v in _uids(dcmread(f))}
    done = deidentify([tmp_path / "in"], tmp_path / "out", SECRET)
    assert done.written == 6 and not done.left_out
    everything, names = _bytes(tmp_path / "out"), _names(tmp_path / "out")
    for word in (*WORDS, "SN-55173", *before):
        assert word.lower().encode() not in everything.lower(), word
        assert word.lower() not in names.lower(), word


def _uids(whole):
    for element in whole.iterall():
        if element.VR == "UI" and not str(element.value).startswith("1.2.840.10008."):
            yield element.value


def test_voxels_places_and_what_a_reader_needs_stay(tmp_path):
    before = read_volume(_patient(tmp_path / "in"))
    deidentify([tmp_path / "in"], tmp_path / "out", SECRET)
    (one,) = catalogue([tmp_path / "out"]).series
    after = read_volume(one.files[0].parent)
    assert (after.hu == before.hu).all()
    assert after.geometry == before.geometry
    assert (one.description, one.kernel, one.slices, one.fault) == ("PORTAL 2.5mm", "B30f", 6, "")
    assert one.stated.phase == "portal venous"
    head = dcmread(one.files[0])
    assert head.PatientIdentityRemoved == "YES"
    assert [c.CodeValue for c in head.DeidentificationMethodCodeSequence] == ["113100", "113105", "113107"]
    assert (head.AcquisitionTime, head.ContrastBolusStartTime) == ("101500", "101400")
    assert head.PatientBirthDate == ""


def test_intervals_stay_and_images_of_a_subject_belong_together(tmp_path):
    _patient(tmp_path / "in" / "1")
    _patient(tmp_path / "in" / "2", day="20240501")
    write(tmp_path / "in" / "3", Series(patient="Q-1", count=4))
    deidentify([tmp_path / "in"], tmp_path / "out", SECRET)
    found = catalogue([tmp_path / "out"]).series
    mine = [s for s in found if s.patient_id == SECRET.subject("P-4711")]
    assert len(mine) == 2 and len(found) == 3
    assert (mine[1].day - mine[0].day).days == (date(2024, 5, 1) - date(2024, 1, 31)).days
    assert mine[0].day.strftime("%Y%m%d") == moved("20240131", SECRET.days("P-4711"))
    assert mine[0].day.weekday() == date(2024, 1, 31).weekday()


def test_the_same_secret_gives_the_same_names_and_another_one_others(tmp_path):
    _patient(tmp_path / "in")
    deidentify([tmp_path / "in"], tmp_path / "a", SECRET)
    deidentify([tmp_path / "in"], tmp_path / "b", SECRET)
    deidentify([tmp_path / "in"], tmp_path / "c", Secret.new())
    assert _names(tmp_path / "a") == _names(tmp_path / "b") != _names(tmp_path / "c")


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({"BurnedInAnnotation": "YES"}, "text is burnt into its pixels"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "a picture of a screen"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33", "Modality": "SR"}, r"no CT image \(SR\)"),
    ],
)  # fmt: skip
def test_what_may_show_the_patient_is_not_written_but_counted(tmp_path, tags, why):
    _patient(tmp_path / "in" / "good")
    write(tmp_path / "in" / "bad", Series(name="other", patient="P-4711", number=7, count=2, tags=tags))
    done = deidentify([tmp_path / "in"], tmp_path / "out", SECRET)
    assert done.written == 6
    [(words, count)] = done.left_out.items()
    assert re.search(why, words) and count == 2


def test_a_name_that_is_left_in_an_unknown_place_stops_the_image(tmp_path):
    write(tmp_path / "in", Series(
        patient="P-4711", count=2, tags={"PatientName": "MUSTERMANN^Erika", "ContrastBolusRoute": "for Mustermann"},
    ))  # fmt: skip
    with pytest.raises(InputError, match="still stands in Contrast/Bolus Route"):
        deidentify([tmp_path / "in"], tmp_path / "out", SECRET)
    assert not list((tmp_path / "out").rglob("*.dcm"))


def test_the_output_lies_apart(tmp_path):
    _patient(tmp_path / "in")
    with pytest.raises(InputError, match="lies in the folder that is read"):
        deidentify([tmp_path / "in"], tmp_path / "in" / "out", SECRET)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").write_text("")
    with pytest.raises(InputError, match="is not empty"):
        deidentify([tmp_path / "in"], tmp_path / "out", SECRET)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("PORTAL VENOUS 2.5 mm B30f", "PORTAL VENOUS mm B30f"),
        ("PV 2.5mm 31/01/24 123-456", "PV 2.5mm"), ("MUSTERMANN_Arterial_3mm", "Arterial 3mm"),
        ("Dr. Weiss: Leber nativ", "Leber nativ"), ("P-4711", ""), ("19610223", ""), ("", ""),
    ],
)  # fmt: skip
def test_descriptions_keep_what_says_the_kind_of_series(text, words):
    assert cleaned_words(text) == words


def test_dates_are_moved_in_whole_weeks(tmp_path):
    assert moved("20240301", -7) == "20240223"
    assert moved("20240301101500.000000+0100", -7) == "20240223101500.000000+0100"
    assert moved("", -7) == ""
    for text in ("yesterday", "2024.01.31", "20230502-20230611", "20240131MUELLER", "2024"):
        with pytest.raises(ValueError, match="no date"):
            moved(text, -7)
    with pytest.raises(OverflowError):
        moved("00010101", -7)
    assert all(Secret.new().days("P") % 7 == 0 and -1820 < Secret.new().days("P") <= -35 for _ in range(50))


def test_a_kept_secret_is_for_its_owner_alone_and_used_again(tmp_path):
    made = kept_secret(tmp_path / "keys" / "trial.secret")
    assert stat.S_IMODE((tmp_path / "keys" / "trial.secret").stat().st_mode) == 0o600
    assert kept_secret(tmp_path / "keys" / "trial.secret") == made
    (tmp_path / "short").write_text("00ff")
    with pytest.raises(InputError, match="is no secret of this software"):
        kept_secret(tmp_path / "short")


def test_the_command(tmp_path):
    _patient(tmp_path / "in")
    words = ["deidentify", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--subject", "P-4711=SUBJ-01"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "6 images of SUBJ-01 written" in done.output
    assert "do not say whether text is burnt" in done.output
    report = (tmp_path / "out" / "deidentification.txt").read_text()
    assert "Patient's Birth Date (0010,0030): empty" in report
    assert not any(word.lower() in report.lower() for word in WORDS)
    again = CliRunner().invoke(app, [*words[:-1], "nonsense"])
    assert again.exit_code == 1 and "is not PATIENT_ID=NAME" in " ".join(again.output.split())


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "MUSTERMANN"]}, "still stands in Image Type"),
        ({"Manufacturer": "ACME for Erika"}, "still stands in Manufacturer"),
        ({"AcquisitionDate": "2024.01.31"}, r"Acquisition Date \(0008,0022\) holds no date that can be moved"),
        ({"AcquisitionDate": "00010101"}, "holds no date that can be moved"),
        ({"PatientID": ""}, "no patient ID"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Invalid value for VR DA")
def test_what_cannot_be_made_safe_is_left_out_with_its_element(tmp_path, tags, why):
    _patient(tmp_path / "in" / "good")
    bad = Series(
        name="bad", patient="P-4711", number=7, count=2, tags={"PatientName": "MUSTERMANN^Erika", **tags}
    )
    write(tmp_path / "in" / "bad", bad)
    done = deidentify([tmp_path / "in"], tmp_path / "out", SECRET)
    [(words, count)] = done.left_out.items()
    assert re.search(why, words) and count == 2 and done.written == 6
    report = (tmp_path / "out" / "deidentification.txt").read_text()
    assert "2024.01.31" not in report and not any(word.lower() in report.lower() for word in WORDS)


def test_unknown_elements_and_what_stands_behind_the_pixels_go(tmp_path):
    _patient(tmp_path / "in")
    one = dcmread(tmp_path / "in" / "002.dcm")
    one.add_new(0x001021FF, "LO", "secret note")
    one.PixelData += b"MUSTERMANN"
    one.save_as(tmp_path / "in" / "002.dcm")
    deidentify([tmp_path / "in"], tmp_path / "out", SECRET)
    everything = _bytes(tmp_path / "out")
    assert b"secret note" not in everything and b"MUSTERMANN" not in everything


def test_a_name_for_nobody_is_refused_and_stopping_leaves_nothing(tmp_path):
    _patient(tmp_path / "in")
    with pytest.raises(InputError, match="no image of patient 'P-9'"):
        deidentify([tmp_path / "in"], tmp_path / "out", SECRET, {"P-9": "S1"})

    def stop(number, _):
        if number == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deidentify([tmp_path / "in"], tmp_path / "out", SECRET, report=stop)
    assert not (tmp_path / "out").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]
