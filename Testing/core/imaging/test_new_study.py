"""A study from images: visits by date, nothing typed that headers say, and nothing guessed that they do not."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from commands import run
from dicom_series import write_series
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.new_study import (
    by_date,
    images_of,
    other_order,
    subject_name,
    write_new_study,
)
from HCCResponseLib.imaging.search import FoundImage, images_at
from HCCResponseLib.imaging.study import load_image, load_study
from small import small_study

FIRST, SECOND = "20240131", "20240402"


def visits_of(paths: list[Path], dates: list[date]) -> list[FoundImage]:
    return by_date(images_of(paths), dates)


def visit(folder: Path, day: str, number: int, **tags: str) -> Path:
    changed = {"0008|0020": day, "0008|103e": f"portal {number}", **tags}
    return write_series(folder, uid=f"1.2.826.0.1.3680043.2.1125.{number}", changed=changed)


@pytest.fixture
def patient(tmp_path):
    """A patient's folder as exported: later visit first by name, a localizer, an MR and notes beside."""
    folder = tmp_path / "patient"
    visit(folder / "A" / "ct", SECOND, 1)
    visit(folder / "B" / "ct", FIRST, 2)
    write_series(folder / "B" / "scout", count=1, uid="1.2.826.0.1.3680043.2.1125.3")
    write_series(folder / "B" / "mr", uid="1.2.826.0.1.3680043.2.1125.4", modality="MR")
    (folder / "B" / "notes.txt").write_text("seen")
    return folder


def test_a_patient_s_folder_gives_its_visits_by_date(patient, tmp_path):
    visits = visits_of([patient], [])
    assert [(v.path.parent.name, v.taken) for v in visits] == [
        ("B", date(2024, 1, 31)),
        ("A", date(2024, 4, 2)),
    ]
    study = write_new_study(patient, visits)
    assert study.subject == "PATIENT-9"
    assert [(p.name, p.date) for p in study.timepoints] == [
        ("baseline", date(2024, 1, 31)),
        ("follow-up 1", date(2024, 4, 2)),
    ]
    written = yaml.safe_load((patient / "study.yaml").read_text())
    assert written["timepoints"][0]["image"] == "B/ct"
    assert load_image(study, study.timepoints[0]).hu.shape == (6, 16, 18)
    moved = patient.rename(tmp_path / "moved")
    assert load_study(moved).timepoints[0].image == moved / "B/ct"


def test_the_patient_id_stands_beside_a_name_that_a_subject_may_have(tmp_path):
    visit(tmp_path / "p", FIRST, 1, **{"0010|0020": "850101/12^x"})
    study = write_new_study(tmp_path, visits_of([tmp_path / "p"], []))
    assert (study.subject, study.patient_id) == ("850101-12-x", "850101/12^x")
    assert load_image(study, study.timepoints[0]).patient_id == "850101/12^x"
    assert subject_name("^^") is None


def test_two_images_of_one_day_are_listed_to_choose_from(patient):
    visit(patient / "B" / "arterial", FIRST, 5)
    with pytest.raises(
        InputError, match=r"2 images are of 2024-01-31.*\(2024-01-31, portal 5, 6 slices, 2.5 mm\)"
    ):
        visits_of([patient], [])
    chosen = visits_of([patient / "B" / "arterial", patient / "A"], [])
    assert [v.path.name for v in chosen] == ["arterial", "ct"]
    with pytest.raises(InputError, match="holds 2 images; name one of them"):
        visits_of([patient / "B", patient / "A"], [])


def test_series_that_share_a_folder_are_listed(tmp_path):
    visit(tmp_path / "s", FIRST, 1)
    visit(tmp_path / "s", FIRST, 2)
    with pytest.raises(InputError, match=r"holds 2 series of CT \(portal 1, 6 slices, 2.5 mm; portal 2"):
        images_at(tmp_path / "s")


def test_files_need_their_dates_and_headers_are_not_overruled(tmp_path):
    study = small_study(tmp_path)
    files = [study.parent / "baseline.nii.gz", study.parent / "follow-up.nii.gz"]
    days = [date(2024, 4, 2), date(2024, 1, 31)]
    with pytest.raises(InputError, match="Give one --date for every image"):
        visits_of(files, [])
    with pytest.raises(InputError, match="1 dates were given for 2 images"):
        visits_of(files, days[:1])
    assert [v.path for v in visits_of(files, days)] == files[::-1]
    with pytest.raises(InputError, match="contradicts the date 2024-04-02"):
        visits_of([visit(tmp_path / "s", FIRST, 1)], days[:1])


def test_what_a_study_needs_and_images_do_not_say_is_asked_for(tmp_path):
    visits = visits_of([small_study(tmp_path / "a").parent / "baseline.nii.gz"], [date(2024, 1, 31)])
    with pytest.raises(InputError, match="Name the subject: --subject"):
        write_new_study(tmp_path, visits)
    with pytest.raises(InputError, match="--drawn-by NAME"):
        write_new_study(tmp_path, visits, "S1", contour=tmp_path / "a" / "baseline-contour.nii.gz")
    with pytest.raises(InputError, match="subject"):
        write_new_study(tmp_path, visits, "S/1")
    assert not (tmp_path / "study.yaml").exists()
    a, b = (visit(tmp_path / n, day, 1, **{"0010|0020": n}) for n, day in (("A", FIRST), ("B", SECOND)))
    with pytest.raises(InputError, match="different patients: A, B"):
        write_new_study(tmp_path, visits_of([a, b], []))


def test_the_same_study_again_is_used_and_another_one_is_not_overwritten(patient):
    write_new_study(patient, visits_of([patient], []))
    before = (patient / "study.yaml").read_bytes()
    write_new_study(patient, visits_of([patient], []))
    with pytest.raises(InputError, match="is there already and says something else"):
        write_new_study(patient, visits_of([patient], []), subject="S2")
    assert (patient / "study.yaml").read_bytes() == before


def test_a_study_that_is_there_may_be_edited_or_deleted(patient):
    write_new_study(patient, visits_of([patient], []))
    with pytest.raises(InputError, match=r"Edit it, or delete it .* another folder \(-o\)"):
        write_new_study(patient, visits_of([patient], []), subject="S2")


def test_another_order_than_that_of_the_dates_is_told_with_the_dates(tmp_path):
    study = small_study(tmp_path)
    files = [study.parent / "baseline.nii.gz", study.parent / "follow-up.nii.gz"]
    days = [date(2024, 4, 2), date(2024, 1, 31)]
    told = other_order(files, visits_of(files, days))
    assert "baseline 2024-01-31 ('follow-up.nii.gz'), follow-up 1 2024-04-02 ('baseline.nii.gz')" in told
    assert other_order(files, visits_of(files, days[::-1])) == ""
    for order, said in ((days, True), (days[::-1], False)):
        given = [word for day in order for word in ("--date", day)]
        done = run("study", "new", *files, *given, "--subject", "S", "-o", tmp_path / f"out-{said}")
        assert done.returncode == 0, done.stderr
        assert (told in done.stderr) is said


def test_folders_of_series_count_by_the_folder_that_was_named(patient):
    assert (
        other_order([patient / "B", patient / "A"], visits_of([patient / "B" / "ct", patient / "A"], []))
        == ""
    )
    assert "('ct')" in other_order(
        [patient / "A", patient / "B" / "ct"], visits_of([patient / "A", patient / "B" / "ct"], [])
    )
    assert other_order([patient], visits_of([patient], [])) == ""


@pytest.mark.parametrize(
    ("name", "says"),
    [("gone", "does not exist"), ("notes.txt", "is no image"), ("empty", r"no DICOM series of CT\.$"),
     ("files", r"no DICOM series of CT\. It holds a\.nii\.gz, b\.nii\.gz: name the file of each visit")],
)  # fmt: skip
def test_what_is_no_image_is_refused(tmp_path, name, says):
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "files").mkdir()
    for file in ("b.nii.gz", "a.nii.gz", "list.csv"):
        (tmp_path / "files" / file).write_bytes(b"\x1f\x8b" + bytes(400))
    with pytest.raises(InputError, match=says):
        images_at(tmp_path / name)


def test_nothing_is_written_for_a_contour_that_is_not_there(patient, tmp_path):
    with pytest.raises(InputError, match=r"contour '.*gone\.nrrd' does not exist"):
        write_new_study(
            tmp_path / "out", visits_of([patient], []), contour=tmp_path / "gone.nrrd", drawn_by="Dr A"
        )
    assert not (tmp_path / "out").exists()


def test_a_profile_of_one_s_own_is_found_from_the_study(patient, tmp_path, monkeypatch):
    (tmp_path / "own.yaml").write_text("name: own\ntitle: Own\nextends: recist-1.1\nfields: {}\n")
    monkeypatch.chdir(tmp_path)
    study = write_new_study(tmp_path / "out", visits_of([patient], []), profile="own.yaml")
    assert Path(study.profile) == tmp_path / "own.yaml"


@pytest.mark.parametrize("length", [0, 142, 300, 710])
def test_a_damaged_file_in_a_patient_s_folder_is_named(patient, length):
    damaged = next((patient / "A" / "ct").iterdir())
    damaged.write_bytes(damaged.read_bytes()[:length])
    try:
        visits = visits_of([patient], [])
    except InputError as refused:
        assert damaged.name in str(refused)
    else:  # its header is whole as far as it was asked; the reading of the series names it
        with pytest.raises(InputError, match=damaged.name):
            load_image(write_new_study(patient, visits), write_new_study(patient, visits).timepoints[1])
