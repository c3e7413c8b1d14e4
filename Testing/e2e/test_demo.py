"""The main job on the built-in synthetic subject, as a user runs it."""

import pytest

from commands import answer
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.volumes import require_same_grid
from HCCResponseLib.review.store import ReadStore
from small import small_study, tiny_model

pytestmark = pytest.mark.slow

# What the shipped weights find, mm; written anew when the weights change. The truth is asked for in a test of its own.
FOUND_MM = {"L1": (45.2, 28.3), "L2": (25.8, 38.2), "L3": (16.9, None), "L4": (None, 23.5)}
MOVED_MM = 1.0


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, answer("demo", "--output", folder)


def test_category_and_fates_equal_the_truth(demo):
    _, result = demo
    truth = result["truth"]
    assert {x["lesion"]: x["found_fate"] for x in truth["lesions"]} == {
        x["lesion"]: x["true_fate"] for x in truth["lesions"]
    }
    assert truth["found_category"] == truth["true_category"]
    assert truth["false_new_lesions"] == 0
    assert truth["agrees"]


def test_diameters_are_near_the_truth(demo):
    _, result = demo
    for x in result["truth"]["lesions"]:
        for true_mm, found_mm in zip(x["true_mm"], x["found_mm"], strict=True):
            if true_mm and found_mm:
                assert abs(float(found_mm) - true_mm) <= max(5.0, 0.2 * true_mm), x


def test_no_diameter_has_moved_unnoticed(demo):
    _, result = demo
    found = {x["lesion"]: x["found_mm"] for x in result["truth"]["lesions"]}
    assert found.keys() == FOUND_MM.keys()
    for name, expected in FOUND_MM.items():
        assert [mm and float(mm) for mm in found[name]] == pytest.approx(list(expected), abs=MOVED_MM), name


def test_it_says_that_nobody_reviewed_it(demo):
    folder, result = demo
    assert result["reviewed"] is False
    assert "Not reviewed." in (folder / "read" / "report.html").read_text(encoding="utf-8")


def test_everything_is_kept(demo):
    folder, result = demo
    store = ReadStore(folder / "read" / "read.sqlite")
    actions = [e.action for e in store.events()]
    assert store.verify() is None
    store.close()
    rows = sum(len(p["rows"]) for p in result["time_points"])
    assert actions.count("proposal") == actions.count("decision") == rows
    assert actions.count("result") == 1
    image = read_volume(folder / "study" / "follow-up.nii.gz")
    require_same_grid(read_label_map(folder / "read" / "contours" / "follow-up_1.nii.gz"), image)


def test_a_second_run_gives_the_same_numbers(tmp_path):
    """On a small subject with a tiny network: two whole runs of the demonstration would take minutes more."""
    tiny_model(tmp_path / "tiny.safetensors")
    found = []
    for name in ("first", "second"):
        study = small_study(tmp_path / name)
        words = ("--output", tmp_path / name / "read", "--model", tmp_path / "tiny.safetensors", "--steps", 8)
        found.append(answer("propose", study, *words)["time_points"])
    assert found[0][1]["rows"]
    assert found[0] == found[1]


def test_running_again_resumes_at_once(demo):
    folder, first = demo
    again = answer("demo", "--output", folder)
    assert again["category"] == first["category"]
    assert again["time_points"] == first["time_points"]
