"""Figures of several scans, worked out by hand; patients are drawn, not scans."""

import pytest

from HCCResponseLib.evaluation.records import append_record
from HCCResponseLib.evaluation.segmentation.figures import figures
from HCCResponseLib.evaluation.segmentation.froc import MEASURABLE, SIZES, curves, detections, draw_froc
from HCCResponseLib.evaluation.segmentation.results import (
    FalsePart,
    LesionResult,
    LiverResult,
    OperatingPoint,
    RunKey,
    ScanResult,
    ScanState,
    as_line,
    finished,
)
from HCCResponseLib.evaluation.segmentation.surfaces import Nearness
from HCCResponseLib.statistics.estimate import as_markdown, in_cells

KEY = RunKey("image", "reference", "known", "w", "0.1.0", {"patch": 48})


def lesion(mm, found_mm=None, dice=0.8):
    return LesionResult(mm, found_mm is not None, 0.5, dice, found_mm, False)


def scan(name, patient, lesions=(), false=(), points=(), **more):
    return ScanResult(
        name,
        patient,
        KEY,
        more.pop("state", ScanState.DONE),
        lesions=tuple(lesions),
        false_parts=tuple(FalsePart(mm, 0.7) for mm in false),
        points=tuple(points),
        **more,
    )


def liver(dice, outside=0.0, hd=4.0):
    return LiverResult(Nearness(dice, dice - 0.1, hd), 1000.0, 1100.0, outside)


# Three patients, the first with two scans.
SCANS = [
    scan("a", "P1", [lesion(12, 11), lesion(60, 50)], [6, 30], liver=liver(0.9), seconds=10.0),
    scan("b", "P1", [lesion(12)], [], liver=liver(0.8, 9.0), seconds=20.0),
    scan("c", "P2", [lesion(25, 30)], [12], liver=liver(1.0), seconds=30.0),
    scan("d", "P3", [lesion(8)], [3], liver=liver(0.0, hd=None), state=ScanState.NO_LIVER),
]


def figure(results, section, name):
    (one,) = [f for f in figures(results) if f.section == section and f.name == name]
    return one


def test_dice_is_the_mean_of_scans_with_an_interval_by_patient():
    found = figure(SCANS, "Liver", "Dice")
    assert found.estimate.value == pytest.approx((0.9 + 0.8 + 1.0 + 0.0) / 4)
    assert found.total == 4
    # Every draw of three patients: at worst the third alone (0), at best the second alone (1).
    assert (found.estimate.low, found.estimate.high) == (0.0, 1.0)


def test_hd95_is_the_mean_of_scans_that_have_one():
    found = figure(SCANS, "Liver", "HD95")
    assert (found.estimate.value, found.total) == (4.0, 3)
    assert found.estimate.why == "all patients are alike"


def test_volume_and_other_organs():
    assert figure(SCANS, "Liver", "volume, found minus reference").estimate.value == pytest.approx(10)
    large = figure(SCANS, "Liver", "scans with more than 5 mL in such a part")
    assert (large.count, large.total, large.estimate.value) == (1, 4, 25)


@pytest.mark.parametrize(
    ("words", "found", "total", "false"),
    [
        ("5 to 10 mm", 0, 1, 1 / 4),
        ("10 to 20 mm", 1, 2, 1 / 4),
        ("20 to 50 mm", 1, 1, 1 / 4),
        ("50 mm and more", 1, 1, 0),
        ("10 mm and more", 3, 4, 2 / 4),
    ],
)
def test_lesions_and_false_parts_are_counted_by_size(words, found, total, false):
    (one,) = [d for d in detections(SCANS) if d.size.words == words]
    assert (one.found.count, one.found.total) == (found, total)
    assert one.false_a_scan.value == pytest.approx(false)


def test_sizes_hold_their_lower_bound():
    assert [size.words for size in SIZES if size.holds(10.0)] == ["10 to 20 mm", "10 mm and more"]
    assert not any(size.holds(4.99) for size in SIZES)


def test_errors_of_the_diameter_are_those_of_found_lesions():
    section = "Longest diameter of found lesions"
    assert figure(SCANS, section, "found minus reference").estimate.value == pytest.approx((-1 - 10 + 5) / 3)
    relative = (-1 / 12, -10 / 60, 5 / 25)
    assert figure(SCANS, section, "found minus reference, relative").estimate.value == pytest.approx(
        100 * sum(relative) / 3
    )
    assert figure(SCANS, section, "size of the error, relative").estimate.value == pytest.approx(
        100 * sum(map(abs, relative)) / 3
    )


def test_one_patient_has_no_interval_and_no_share():
    alone = SCANS[:2]
    assert in_cells(figure(alone, "Liver", "Dice"))[1:4] == ("0.850", "not defined (n = 1 patient)", "2")
    share = figure(alone, "Lesions found, by size", "found, 10 mm and more")
    assert in_cells(share)[1:4] == ("not defined (n = 1 patient)", "-", "2 of 3")
    assert "not defined (n = 1 patient)" in as_markdown(figures(alone), "Segmentation")


def test_what_failed_or_could_not_be_read_is_counted():
    failed = scan("e", "P4", [lesion(40)], state=ScanState.FAILED, problem="x")
    lost = ScanResult("f", "P5", KEY, ScanState.UNREADABLE, "y")
    results = [*SCANS, failed, lost]
    at = {f.name: (f.count, f.total) for f in figures(results) if f.section == "Scans"}
    assert at == {
        "could not be read (left out of everything else)": (1, 6),
        "engine failed (counts as nothing found)": (1, 5),
        "no liver found, where a reference has one": (1, 4),
    }
    found = figure(results, "Lesions found, by size", "found, 10 mm and more")
    assert (found.count, found.total) == (3, 5)


def with_points():
    points = [OperatingPoint(0.1, (True, True), (20.0, 6.0)), OperatingPoint(0.5, (True, False), (20.0,))]
    other = [OperatingPoint(0.1, (True,), ()), OperatingPoint(0.5, (False,), ())]
    return [
        scan("a", "P1", [lesion(30, 30), lesion(12)], points=points),
        scan("b", "P2", [lesion(15)], points=other),
    ]


def test_the_curve_counts_each_threshold():
    measurable = curves(with_points())[MEASURABLE]
    assert [(p.threshold, p.found.count, p.found.total) for p in measurable] == [(0.1, 3, 3), (0.5, 1, 3)]
    assert [p.false_a_scan.value for p in measurable] == [0.5, 0.5]
    small = curves(with_points())[SIZES[0]]
    assert [p.false_a_scan.value for p in small] == [0.5, 0.0]


def test_an_engine_of_labels_has_a_point_and_no_curve(tmp_path):
    assert curves(SCANS) == {}
    assert draw_froc(tmp_path / "one.png", SCANS)
    assert draw_froc(tmp_path / "curve.png", with_points())
    assert not draw_froc(tmp_path / "none.png", [scan("a", "P1", [lesion(3)], [9])])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["curve.png", "one.png"]


def test_results_are_read_back_as_they_were(tmp_path):
    results = [*SCANS[:2], *with_points()[1:], scan("e", "P4", state=ScanState.FAILED, problem="x")]
    for one in results:
        append_record(tmp_path, as_line(one))
    append_record(tmp_path, {"seed": 3})  # of something else
    assert set(finished(tmp_path)) == {("a", "image", "reference"), ("b", "image", "reference")}
    assert finished(tmp_path)["a", "image", "reference"] == SCANS[0]
    assert finished(tmp_path)["b", "image", "reference"] == results[2]
