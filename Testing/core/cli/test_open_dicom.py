"""``open-dicom``: from whole patient folders to a study that is read."""

import json

import pytest
from typer.testing import CliRunner

from dicom_corpus import Series, two_visits, write
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.main import app
from HCCResponseLib.imaging.search import images_at
from HCCResponseLib.imaging.slice_list import read_slice_list
from HCCResponseLib.imaging.study import load_image, load_study


def _run(*words):
    return CliRunner().invoke(app, ["open-dicom", *map(str, words)])


@pytest.fixture
def patient(tmp_path):
    """Two visits, the first with an arterial series and a thick one too; copies of one of them."""
    home = two_visits(tmp_path / "patient")
    write(home / "2" / "again", Series(name="PORTAL", day="20240501", count=70))
    return home


def test_a_study_of_the_visits_whose_images_stay_where_they_are(patient):
    result = _run(patient)
    assert result.exit_code == 0, result.output
    home = patient / "hcc-response-output"
    study = load_study(home)
    assert [(p.name, str(p.date), p.image.name) for p in study.timepoints] == [
        ("baseline", "2024-01-31", "baseline.slices"), ("follow-up 1", "2024-05-01", "follow-up-1.slices"),
    ]  # fmt: skip
    assert study.subject == "P-1"
    assert load_image(study, study.timepoints[0]).hu.shape == (70, 40, 40)
    assert sorted(p.name for p in home.iterdir()) == [
        "baseline-arterial.slices", "baseline.slices", "follow-up-1.slices", "study.yaml",
    ]  # fmt: skip
    assert "../1/b/000.dcm" in (home / "baseline.slices").read_text().splitlines()
    assert "*   2  series 3 'PORTAL', 70 slices of 2.5 mm, kernel B30f" in result.output
    assert "70 files are copies of others." in " ".join(result.output.split())


def test_only_some_days_under_the_numbers_of_the_whole_list(patient, tmp_path):
    told = json.loads(_run(patient, "--list", "--json", "--day", "2024-05-01").stdout)
    assert [(s["number"], s["day"]) for s in told["series"]] == [(4, "2024-05-01")]
    assert _run(patient, "--day", "2024-01-31", "--series", 3, "-o", tmp_path / "o").exit_code == 0
    assert "/1/c/000.dcm" in (tmp_path / "o" / "baseline.slices").read_text()
    assert len(load_study(tmp_path / "o").timepoints) == 1
    other = _run(patient, "--day", "2024-05-01", "--series", 3)
    assert other.exit_code == 1 and "is none of those of --day" in " ".join(other.output.split())
    lost = _run(patient, "--day", "2023-01-01")
    assert lost.exit_code == 1 and "There is no CT of 2023-01-01" in " ".join(lost.output.split())


def test_a_list_of_slices_is_an_image_for_every_command(patient):
    _run(patient)
    (found,) = images_at(patient / "hcc-response-output" / "baseline.slices")
    assert (str(found.taken), found.patient_id) == ("2024-01-31", "P-1")
    assert "70 slices" in found.words


def test_the_same_command_again_changes_nothing_and_another_choice_is_refused(patient):
    assert _run(patient).exit_code == 0
    before = {p.name: p.read_bytes() for p in (patient / "hcc-response-output").iterdir()}
    assert _run(patient).exit_code == 0
    other = _run(patient, "--series", 3)
    assert other.exit_code == 1 and "names other slices" in " ".join(other.output.split())
    assert {p.name: p.read_bytes() for p in (patient / "hcc-response-output").iterdir()} == before


def test_only_listing_writes_nothing(patient):
    result = _run(patient, "--list", "--json")
    told = json.loads(result.stdout)
    assert [s["description"] for s in told["series"]] == ["ARTERIAL", "PORTAL", "PORTAL thick", "PORTAL"]
    assert [v["measured"] for v in told["visits"]] == ["portal venous", "portal venous"]
    assert told["visits"][0]["proposed"]["portal venous"]["number"] == 2
    assert told["copies"] == 70
    assert not (patient / "hcc-response-output").exists()


def test_the_reader_chooses_a_series_and_a_phase(patient, tmp_path):
    assert _run(patient, "--series", 3, "-o", tmp_path / "o").exit_code == 0
    assert "/1/c/000.dcm" in (tmp_path / "o" / "baseline.slices").read_text()
    assert _run(patient, "--phase", "arterial", "-o", tmp_path / "p").exit_code == 0
    assert "/1/a/000.dcm" in (tmp_path / "p" / "baseline.slices").read_text()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--series", 9], "There is no series 9 in the list; it goes from 1 to 4"),
        (["--phase", "lunar"], "'lunar' is no contrast phase"),
        (["--profile", "none-such"], "none-such"),
        (["--subject", "a/b"], "This study cannot be made"),
        (["--patient", "Q"], "No CT of patient 'Q' is in the folder"),
    ],
)  # fmt: skip
def test_slips_are_said_in_one_line(patient, words, problem):
    result = _run(patient, *words)
    assert result.exit_code == 1
    assert problem in " ".join(result.output.split())
    assert not list(patient.glob("hcc-response-output/*"))


def test_two_patients_in_one_folder_need_a_choice(patient):
    write(patient / "3", Series(patient="P-2", count=70))
    result = _run(patient)
    assert result.exit_code == 1
    assert "CT of 2 patients is in" in " ".join(result.output.split())
    assert "P-1, P-2. Choose one: --patient ID." in " ".join(result.output.split())
    assert _run(patient, "--patient", "P-2").exit_code == 0


def test_an_empty_folder_says_what_was_left_out(tmp_path):
    write(tmp_path / "a", Series(tags={"Modality": "MR"}))
    result = _run(tmp_path)
    assert result.exit_code == 1
    assert "Left out: 12 MR" in " ".join(result.output.split())


def test_slices_that_have_gone_or_changed_are_named(patient):
    _run(patient)
    study = load_study(patient / "hcc-response-output")
    lost = patient / "1" / "b" / "004.dcm"
    kept = lost.read_bytes()
    lost.unlink()
    with pytest.raises(Exception, match="1 of the 70 files .* do not exist, .*004.dcm"):
        load_image(study, study.timepoints[0])
    lost.write_bytes((patient / "1" / "a" / "004.dcm").read_bytes())
    with pytest.raises(Exception, match=r"004\.dcm' is no longer a slice of the series"):
        load_image(study, study.timepoints[0])
    lost.write_bytes(kept)
    load_image(study, study.timepoints[0])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no list of slices"),
        ("series: 1.2\n", "is no list of slices"),
        ("files:\n  - a.dcm\n", "is no list of slices"),
        ("series: 1.2\na.dcm\na.dcm\n", "names a file twice"),
        ("series: 1.2\na.dcm\n", "1 of the 1 files .* do not exist"),
    ],
)  # fmt: skip
def test_a_list_that_is_none_is_refused(tmp_path, text, why):
    (tmp_path / "x.slices").write_text(text)
    with pytest.raises(InputError, match=why):
        read_slice_list(tmp_path / "x.slices")
