"""A read whose study has changed since it began is not opened, and it is said what has changed."""

import pytest
import yaml

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.study import load_image, load_study
from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.imaging.write import write_label_map, write_volume
from HCCResponseLib.review.read.session import open_session
from panel_case import make_case


@pytest.fixture
def case(tmp_path):
    """A study file with a read beside it, and a function that opens it again after a change of the file."""
    file, folder = make_case(tmp_path)

    def again(change):
        content = yaml.safe_load(file.read_text())
        change(content)
        file.write_text(yaml.safe_dump(content))
        open_session(load_study(file), folder).store.close()

    return file, again


def test_nothing_has_changed(case):
    case[1](lambda _: None)


def give_contour(file, content):
    image = load_image(load_study(file), load_study(file).timepoints[0])
    labels = (image.hu > 90).astype("uint8")
    write_label_map(LabelMap(labels, image.geometry), file.parent / "drawn.nii.gz")
    content["timepoints"][0]["contour"] = {"path": "drawn.nii.gz", "drawn_by": "Dr A"}


def other_image(file, _):
    image = load_image(load_study(file), load_study(file).timepoints[1])
    image.hu.setflags(write=True)
    image.hu[0, 0, 0] += 1
    write_volume(image, file.parent / "1.nrrd")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (give_contour, "the given contour of 'baseline' has changed"),
        (other_image, "the image of 'follow-up 1' has changed"),
        (lambda _, c: c["timepoints"][1].update(date="2024-07-09"), "the date of 'follow-up 1' has changed"),
        (lambda _, c: c.update(subject="S2"), "subject 'S1' is called 'S2' now"),
        (
            lambda _, c: c["timepoints"].pop(),
            "its time points were baseline, follow-up 1, now they are baseline",
        ),
    ],
)
def test_what_has_changed_is_said(case, change, words):
    file, again = case
    with pytest.raises(InputError, match="holds the read of another study") as said:
        again(lambda content: change(file, content))
    assert words in str(said.value) and "put back what has changed" in str(said.value)
