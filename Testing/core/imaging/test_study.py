"""study.yaml: what it may say, and clear errors for everything else."""

import numpy as np
import pytest
import yaml

from dicom_series import write_series
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.study import contour_names, load_contour, load_image, load_study
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map, write_volume
from HCCResponseLib.response.profiles.load import load_profile

GRID = Geometry((4, 6, 8), (2.5, 1.0, 1.0))


@pytest.fixture
def folder(tmp_path):
    hu = np.full(GRID.size, -900, np.int16)
    hu[1:3, 2:5, 2:6] = 80
    for name in ("a", "b"):
        write_volume(Volume(hu, GRID), tmp_path / f"{name}.nrrd")
    labels = np.zeros(GRID.size, np.uint8)
    labels[1, 2:5, 2:6] = 2
    write_label_map(LabelMap(labels, GRID), tmp_path / "c.nrrd")
    return tmp_path


def content(**changes):
    points = [
        {
            "name": "baseline",
            "date": "2024-01-01",
            "image": "a.nrrd",
            "contour": {"path": "c.nrrd", "drawn_by": "Dr A"},
        },
        {"name": "follow-up 1", "date": "2024-03-01", "image": "b.nrrd"},
    ]
    return {"subject": "S1", "timepoints": points, **changes}


def write(folder, values):
    (folder / "study.yaml").write_text(yaml.safe_dump(values))
    return folder / "study.yaml"


def test_a_good_study(folder):
    study = load_study(write(folder, content()))
    image = load_image(study, study.timepoints[0])
    contour, names = load_contour(study.timepoints[0], image)
    assert names == {2: "L1"}
    assert contour.mask(2).sum() == 12
    assert load_study(folder) == study


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("subject"), "subject: is missing"),
        (lambda c: c.update(colour="red"), "colour: is not known here"),
        (lambda c: c["timepoints"][1].update(date="2023-12-31"), "dates are out of order: 'follow-up 1'"),
        (lambda c: c["timepoints"][1].update(date="2024-01-01"), "dates are out of order"),
        (lambda c: c["timepoints"][1].update(name="baseline"), "two time points have the same name"),
        (lambda c: c["timepoints"][1].update(subject="S2"), "belongs to subject 'S2', the study to 'S1'"),
        (lambda c: c["timepoints"][1].update(image="z" * 5000), r"z+', does not exist"),
        (lambda c: c.update(profile="z" * 5000 + ".yaml"), r"z+', does not exist"),
        (lambda c: c["timepoints"][1].update(image="z.nrrd"), r"z\.nrrd', does not exist"),
        (
            lambda c: c["timepoints"][0]["contour"].update(path="z.nrrd"),
            r"contour of time point 'baseline'.*z\.nrrd",
        ),
        (lambda c: c["timepoints"][1].update(date="yesterday"), "timepoints, follow-up 1, date"),
        (lambda c: c.update(timepoints=[]), "timepoints"),
    ],
)
def test_impossible_studies_are_refused(folder, change, message):
    values = content()
    change(values)
    with pytest.raises(InputError, match=message):
        load_study(write(folder, values))


def test_what_is_not_yaml_is_refused(folder):
    (folder / "study.yaml").write_text("a: [1, 2")
    with pytest.raises(InputError, match="cannot be read as YAML"):
        load_study(folder)
    (folder / "study.yaml").write_text("just words")
    with pytest.raises(InputError, match="not a mapping"):
        load_study(folder)
    with pytest.raises(InputError, match="does not exist"):
        load_study(folder / "other.yaml")


def test_unknown_labels_are_refused(folder):
    values = content()
    values["timepoints"][0]["contour"]["lesions"] = {1: "L1"}
    study = load_study(write(folder, values))
    with pytest.raises(InputError, match=r"unknown label values \[2\]; the study file names \[1\]"):
        load_contour(study.timepoints[0], load_image(study, study.timepoints[0]))


def test_named_labels_that_are_not_there_are_refused(folder):
    values = content()
    values["timepoints"][0]["contour"]["lesions"] = {2: "L1", 3: "L2"}
    study = load_study(write(folder, values))
    with pytest.raises(InputError, match=r"names label values \[3\]"):
        load_contour(study.timepoints[0], load_image(study, study.timepoints[0]))


def test_dicom_of_another_patient_or_day_is_refused(tmp_path):
    write_series(tmp_path / "s")
    values = {"subject": "S1", "timepoints": [{"name": "baseline", "date": "2024-01-31", "image": "s"}]}
    study = load_study(write(tmp_path, values))
    with pytest.raises(InputError, match="belongs to patient 'PATIENT-9', the study to 'S1'"):
        load_image(study, study.timepoints[0])
    values["subject"] = "PATIENT-9"
    study = load_study(write(tmp_path, values))
    assert load_image(study, study.timepoints[0]).patient_id == "PATIENT-9"
    values["timepoints"][0]["date"] = "2024-02-01"
    study = load_study(write(tmp_path, values))
    with pytest.raises(InputError, match="was acquired on 2024-01-31"):
        load_image(study, study.timepoints[0])


def test_a_profile_file_is_found_from_the_study_file(folder, monkeypatch):
    study = write(folder, content(profile="charter/own.yaml"))
    monkeypatch.chdir(folder.parent)
    with pytest.raises(InputError, match=r"The profile, '.*charter.own.yaml', does not exist"):
        load_study(study)
    (folder / "charter").mkdir()
    (folder / "charter" / "own.yaml").write_text("name: own\nextends: recist-1.1\nfields: {}\n")
    assert load_profile(load_study(study).profile).name == "own"
    assert load_study(write(folder, content(profile="recist-1.1"))).profile == "recist-1.1"


def test_a_day_that_does_not_exist_is_a_clear_error(folder):
    study = folder / "study.yaml"
    study.write_text("subject: S1\ntimepoints: [{name: baseline, date: 2024-13-45, image: a.nrrd}]\n")
    with pytest.raises(InputError, match="cannot be read as YAML: month must be in"):
        load_study(study)


def _seg_study(tmp_path, names=("L1", "L2"), **more):
    from dicom_corpus import Series, write
    from HCCResponseLib.dicom.seg import Segment, write_dicom_seg
    from HCCResponseLib.lesions.lesion import Lesion

    folder = write(tmp_path / "ct", Series())
    image = read_volume(folder)
    masks = np.zeros((2, *image.geometry.size), bool)
    masks[0, 4:7, 8:14, 8:14], masks[1, 4:7, 20:24, 20:24] = True, True
    segments = [
        Segment(n, f"1.2.3.{i}", Lesion.of(m)) for i, (n, m) in enumerate(zip(names, masks, strict=True))
    ]
    write_dicom_seg(tmp_path / "seg.dcm", image, sorted(folder.iterdir()), segments, "Dr A")
    contour = {"dicom_seg": "seg.dcm", "drawn_by": "Dr A", **more}
    point = {"name": "baseline", "date": "2024-01-31", "image": "ct", "contour": contour}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"subject": "P-1", "timepoints": [point]}))
    return load_study(tmp_path), image, masks


def test_a_dicom_segmentation_is_a_contour(tmp_path):
    study, image, masks = _seg_study(tmp_path)
    labels, names = load_contour(study.timepoints[0], image)
    assert names == {1: "L1", 2: "L2"} and contour_names(study.timepoints[0]) == ["L1", "L2"]
    assert (labels.mask(1) == masks[0]).all() and (labels.mask(2) == masks[1]).all()


def test_segments_may_be_named_in_the_study(tmp_path):
    study, image, _ = _seg_study(tmp_path, ("tumour/1", "tumour/2"), lesions={1: "L1", 2: "L2"})
    assert load_contour(study.timepoints[0], image)[1] == {1: "L1", 2: "L2"}


@pytest.mark.parametrize(
    ("names", "why"),
    [(("a/b", "L2"), "'a/b' cannot be the name"), (("L1", "L1"), "two of its segments have one name")],
)
def test_segments_whose_names_no_lesion_can_have_must_be_named(tmp_path, names, why):
    study, image, _ = _seg_study(tmp_path, names)
    with pytest.raises(InputError, match=why):
        load_contour(study.timepoints[0], image)
    with pytest.raises(InputError, match=why):
        contour_names(study.timepoints[0])


@pytest.mark.parametrize("files", [{}, {"path": "a.nrrd", "dicom_seg": "b.dcm"}])
def test_a_contour_is_one_file(tmp_path, files):
    point = {
        "name": "baseline",
        "date": "2024-01-31",
        "image": "ct",
        "contour": {**files, "drawn_by": "Dr A"},
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"subject": "P-1", "timepoints": [point]}))
    with pytest.raises(InputError, match="name one file"):
        load_study(tmp_path)
