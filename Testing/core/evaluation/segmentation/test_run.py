"""Scans with an engine whose answer is known: what is counted, what is kept, what is looked at again."""

import json
from dataclasses import replace

import numpy as np
import pytest

from HCCResponseLib.base.errors import InputError, StorageError
from HCCResponseLib.base.jobs import Ending, Outcome, ignore_progress
from HCCResponseLib.engines.contract import Gives
from HCCResponseLib.engines.registry import engine_named
from HCCResponseLib.evaluation.segmentation.results import ScanState
from HCCResponseLib.evaluation.segmentation.run import (
    EngineRun,
    evaluate_scans,
    require_unaided,
    weights_hash,
)
from reference_scans import (
    ENGINE,
    GRID,
    LARGE,
    LIVER,
    SMALL,
    KnownEngine,
    a_ball,
    contents,
    failure,
    line,
    listed,
    truth,
    write_scan,
)

BOTH = truth(LARGE, SMALL)
APART = ((12, 50, 30), 6.0)  # in the liver, away from both lesions
VOXEL_ML = 3.0 * 1.5 * 1.5 / 1000


@pytest.fixture
def scans(tmp_path):
    """Two scans of two patients, both with a large and a small lesion."""
    for seed, name in enumerate("ab"):
        write_scan(tmp_path, name, BOTH, seed)
    return tmp_path


def run_of(folder, engine=ENGINE, sha="w1"):
    return EngineRun(engine, None, sha, "cpu", folder / "out")


def evaluated(folder, engine, lines=None, run=None):
    cases = listed(folder, *(lines or (line("a", "P1"), line("b", "P2"))))
    told = []
    found = evaluate_scans(cases, run or run_of(folder), engine, ignore_progress, told.append)
    assert told == found
    return found


def one(folder, answer, probability=None, **kinds):
    engine = KnownEngine({"a": answer})
    if probability is not None:
        engine.probability["a"] = probability
    return evaluated(folder, engine, [line("a", "P1", **kinds)])[0]


def test_the_truth_itself_is_perfect(scans):
    found = one(scans, BOTH)
    assert found.state is ScanState.DONE
    for near in (found.liver.near, found.tumour):
        assert (near.dice, near.surface_dice, near.hausdorff95_mm) == (1, 1, 0)
    assert found.liver.found_ml == found.liver.reference_ml == pytest.approx((BOTH > 0).sum() * VOXEL_ML)
    assert found.liver.outside_ml == 0
    assert [(x.found, x.dice, x.iou, x.merged) for x in found.lesions] == [(True, 1, 1, False)] * 2
    assert [x.found_mm for x in found.lesions] == [x.diameter_mm for x in found.lesions]
    assert found.lesions[0].diameter_mm == pytest.approx(18, abs=1.5)
    assert found.false_parts == ()
    assert (found.seconds, found.device, found.weights) == (1.5, "cpu", {"known.bin": "ab" * 32})


def test_a_shift_by_two_voxels_is_3_mm(scans):
    found = one(scans, np.roll(BOTH, 2, 2))
    assert found.liver.near.hausdorff95_mm == pytest.approx(3.0)
    assert found.tumour.hausdorff95_mm == pytest.approx(3.0)
    assert 0.7 < found.tumour.dice < 0.9 < found.liver.near.dice < 1
    assert all(x.found and x.found_mm == pytest.approx(x.diameter_mm) for x in found.lesions)


def test_a_false_part_is_counted_with_its_diameter_and_highest_probability(scans):
    labels = BOTH.copy()
    labels[a_ball(APART)] = 2
    probability = np.where(labels == 2, 0.95, 0.05).astype(np.float32)
    probability[a_ball(APART)] = 0.6
    found = one(scans, labels, probability)
    (part,) = found.false_parts
    assert part.diameter_mm == pytest.approx(12, abs=1.5)
    assert part.highest == pytest.approx(0.6)
    assert [x.found for x in found.lesions] == [True, True]
    assert [len(p.false_mm) for p in found.points] == [1, 1, 1, 0, 0]


def test_a_missed_lesion_is_missed(scans):
    found = one(scans, truth(LARGE))
    assert [(x.found, x.found_mm, x.dice) for x in found.lesions] == [
        (True, found.lesions[0].diameter_mm, 1),
        (False, None, 0),
    ]
    assert found.tumour.dice == pytest.approx(
        2 * a_ball(LARGE).sum() / (2 * a_ball(LARGE).sum() + a_ball(SMALL).sum())
    )


@pytest.mark.parametrize(("radius", "found"), [(5.0, True), (3.0, False)])
def test_a_lesion_is_found_from_an_overlap_of_a_tenth(scans, radius, found):
    """Balls of 5 and 3 mm in one of 9 mm: 17 and 4 per cent of it."""
    result = one(scans, truth((LARGE[0], radius), SMALL)).lesions[0]
    share = a_ball((LARGE[0], radius)).sum() / a_ball(LARGE).sum()
    assert result.iou == pytest.approx(share)
    assert bool(share >= 0.1) is found is result.found
    assert (result.found_mm is None) is not found
    assert result.dice > 0


def test_two_lesions_drawn_as_one_are_said_to_be(scans):
    labels = BOTH.copy()
    labels[12, 32:51, 40] = labels[12, 32, 32:41] = labels[12, 50, 40:51] = 2
    found = one(scans, labels)
    assert [x.merged for x in found.lesions] == [True, True]
    assert found.false_parts == ()


def test_another_organ_is_the_largest_part_outside(scans):
    labels = BOTH.copy()
    labels[:, :6, :6] = 1
    labels[0, 70, 70] = 1
    assert one(scans, labels).liver.outside_ml == pytest.approx(24 * 36 * VOXEL_ML)


def test_a_border_drawn_too_wide_is_no_other_organ(scans):
    """2 mm all around are one connected part of more than 5 mL; what begins 5 mm away is something else."""
    wide, wider = (a_ball((LIVER[0], LIVER[1] + mm)).astype(np.uint8) for mm in (2, 12))
    assert (wide.sum() - (BOTH > 0).sum()) * VOXEL_ML > 5
    assert one(scans, wide).liver.outside_ml == 0
    (scans / "out" / "results.jsonl").unlink()
    assert one(scans, wider).liver.outside_ml > 5


def test_without_a_reference_nothing_is_compared(scans):
    liver, lesions = one(scans, BOTH, lesions=False), one(scans, BOTH, liver=False)
    assert (liver.tumour, liver.lesions, liver.false_parts, liver.points) == (None, None, None, ())
    assert lesions.liver is None
    assert lesions.tumour.dice == 1


def test_an_engine_that_marks_no_liver_is_not_blamed_for_it(scans):
    run = run_of(scans, replace(ENGINE, gives=frozenset({Gives.TUMOUR})))
    answer = np.where(BOTH == 2, 2, 0).astype(np.uint8)
    found = evaluated(scans, KnownEngine({"a": answer}), [line("a", "P1")], run)[0]
    assert (found.state, found.liver, found.tumour.dice) == (ScanState.DONE, None, 1)


def test_a_scan_known_to_hold_no_lesion_gives_false_parts_only(scans):
    found = evaluated(scans, KnownEngine({"a": BOTH}), ["a,P1,a.nii.gz,,a-labels.nii.gz:7\n"])[0]
    assert (found.tumour, found.lesions, len(found.false_parts)) == (None, (), 2)


def test_where_nothing_is_found_it_says_so_and_counts(scans):
    found = one(scans, np.zeros_like(BOTH))
    assert (found.state, found.problem) == (ScanState.NO_LIVER, "The engine found no liver in this scan.")
    assert (found.liver.near.dice, found.liver.near.hausdorff95_mm, found.liver.found_ml) == (0, None, 0)
    assert not any(x.found for x in found.lesions)


def test_an_engine_that_fails_has_found_nothing_and_the_others_go_on(scans):
    first, second = evaluated(scans, KnownEngine({"a": failure("out of ideas"), "b": BOTH}))
    assert (first.state, first.problem) == (ScanState.FAILED, "out of ideas")
    assert (first.tumour.dice, [x.found for x in first.lesions], first.false_parts) == (0, [False, False], ())
    assert [any(p.found) for p in first.points] == [False] * 5
    assert second.tumour.dice == 1
    lines = [json.loads(x) for x in (scans / "out" / "results.jsonl").read_text().splitlines()]
    assert [x["state"] for x in lines] == ["engine failed", "done"]


def test_a_scan_that_cannot_be_read_is_a_line_with_the_reason(scans):
    (scans / "a.nii.gz").write_bytes(b"no image")
    first, second = evaluated(scans, KnownEngine({"b": BOTH}))
    assert first.state is ScanState.UNREADABLE
    assert "a.nii.gz" in first.problem
    assert (first.liver, first.lesions) == (None, None)
    assert second.state is ScanState.DONE


def test_a_full_disk_is_no_fault_of_the_engine(scans):
    full = Outcome(Ending.FAILED, message="No room left on the disk", kind=StorageError)
    with pytest.raises(StorageError, match="No room left"):
        evaluated(scans, KnownEngine({"a": full}), [line("a", "P1")])


def test_contours_and_a_picture_are_kept_for_each_scan(scans):
    evaluated(scans, KnownEngine({"a": BOTH, "b": BOTH}))
    there = contents(scans / "out")
    assert sorted(there) == [
        "contours/a.nrrd", "contours/b.nrrd", "pictures/a.png", "pictures/b.png", "results.jsonl",
    ]  # fmt: skip


def stop():
    raise KeyboardInterrupt


def test_a_run_that_was_stopped_goes_on_where_it_was(scans):
    with pytest.raises(KeyboardInterrupt):
        evaluated(scans, KnownEngine({"a": BOTH, "b": stop}))
    before = (scans / "out" / "results.jsonl").read_text()
    assert before.count("\n") == 1
    (scans / "out" / "results.jsonl").write_text(before + '{"name": "b", "pat')  # torn by a kill
    engine = KnownEngine({"a": BOTH, "b": BOTH})
    found = evaluated(scans, engine)
    assert engine.asked == ["b"]
    assert [x.tumour.dice for x in found] == [1, 1]
    again = KnownEngine({})
    assert evaluated(scans, again) == found
    assert again.asked == []


def redrawn(folder):
    write_scan(folder, "a", truth(LARGE))


def other_image(folder):
    write_scan(folder, "a", BOTH, seed=7)


@pytest.mark.parametrize("change", [redrawn, other_image])
def test_another_image_or_reference_is_looked_at_again(scans, change):
    evaluated(scans, KnownEngine({"a": BOTH, "b": BOTH}))
    change(scans)
    engine = KnownEngine({"a": BOTH, "b": BOTH})
    found = evaluated(scans, engine)
    assert engine.asked == ["a"]
    assert (len(found[0].lesions), len(found[1].lesions)) == (1 if change is redrawn else 2, 2)


def test_other_weights_or_settings_or_software_are_looked_at_again(scans, monkeypatch):
    lines = [line("a", "P1")]
    evaluated(scans, KnownEngine({"a": BOTH}), lines)
    others = [
        run_of(scans, sha="w2"),
        EngineRun(ENGINE, None, "w1", "cpu", scans / "out", {"patch": 48}),
    ]
    for run in others:
        engine = KnownEngine({"a": BOTH})
        evaluated(scans, engine, lines, run)
        assert engine.asked == ["a"]
    monkeypatch.setattr("HCCResponseLib.evaluation.segmentation.run.__version__", "9.9")
    engine = KnownEngine({"a": BOTH})
    evaluated(scans, engine, lines)
    assert engine.asked == ["a"]


def test_what_failed_is_tried_again(scans):
    lines = [line("a", "P1")]
    evaluated(scans, KnownEngine({"a": failure("no memory")}), lines)
    assert evaluated(scans, KnownEngine({"a": BOTH}), lines)[0].state is ScanState.DONE


def test_thresholds_come_from_the_probabilities_on_their_own_grid(scans):
    probability = np.zeros(GRID.size, np.float32)
    probability[a_ball(LARGE)], probability[a_ball(SMALL)], probability[a_ball(APART)] = 0.8, 0.3, 0.55
    points = one(scans, BOTH, probability).points
    assert [p.threshold for p in points] == [0.1, 0.25, 0.5, 0.75, 0.9]
    assert [p.found for p in points] == [(True, True)] * 2 + [(True, False)] * 2 + [(False, False)]
    assert [len(p.false_mm) for p in points] == [1, 1, 1, 0, 0]


def test_an_engine_that_gives_labels_only_has_no_thresholds(scans):
    assert one(scans, BOTH).points == ()


def test_engines_that_need_a_reader_are_refused():
    with pytest.raises(InputError, match="'prompt' needs a line, a click or a box for each lesion"):
        require_unaided(engine_named("prompt"))
    require_unaided(engine_named("fcd"))


def test_the_hash_of_weights_is_that_of_the_file_or_of_all_files(tmp_path):
    (tmp_path / "w").mkdir()
    for name in ("one", "two"):
        (tmp_path / "w" / name).write_text(name)
    file, folder = weights_hash(tmp_path / "w" / "one", {}), weights_hash(tmp_path / "w", {})
    assert weights_hash(None, {"sha256": "abc"}) == "abc"
    assert weights_hash(None, {"folder": str(tmp_path / "w")}) == folder != file
    (tmp_path / "w" / "two").write_text("other")
    assert weights_hash(tmp_path / "w", {}) != folder
    assert weights_hash(tmp_path / "w" / "one", {}) == file
    assert weights_hash(None, {"tasks": [1]}) != weights_hash(None, {"tasks": [2]})
