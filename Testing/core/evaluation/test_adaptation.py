"""The benchmark: pairs with truth, statistics against known answers, results that survive a kill."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy import stats
from typer.testing import CliRunner

from HCCResponseLib.adapt.recipe import MOON2026, QUICK
from HCCResponseLib.base.errors import GeometryError, InputError
from HCCResponseLib.cli.main import app
from HCCResponseLib.evaluation.adaptation.methods import METHODS, methods_named
from HCCResponseLib.evaluation.adaptation.pairs import DEVELOPMENT_SEEDS, TEST_SEEDS, draw_fates
from HCCResponseLib.evaluation.adaptation.pictures import draw_worst_lesion
from HCCResponseLib.evaluation.adaptation.run import compare, dice, prepare
from HCCResponseLib.evaluation.adaptation.stats import compare_paired, summarise
from HCCResponseLib.evaluation.adaptation.store import is_done, read_records
from HCCResponseLib.evaluation.adaptation.table import (
    as_csv,
    markdown,
    paired_rows,
    size_rows,
    summary_rows,
)
from HCCResponseLib.evaluation.records import RECORDS, append_record
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.nets.pool import FIRST_TRAINING_SEED
from HCCResponseLib.synth.lesions import Fate
from HCCResponseLib.synth.on_ct import make_subject_on_ct
from small import small_subject


def record(seed, method, dsc, true, found, truth="SD", answer="SD", work=0.0):
    lesion = {
        "lesion": "L1",
        "fate": "stable",
        "dsc": dsc,
        "baseline_mm": 40.0,
        "true_mm": true,
        "found_mm": found,
    }
    lesion |= {"true_ml": true, "found_ml": found}
    return {
        "seed": seed, "background": "phantom", "method": {"name": method}, "base_sha256": "b", "dsc": dsc,
        "lesions": [lesion], "true_category": truth, "found_category": answer, "steps": work, "best_step": 0,
        "work": work, "adapt_s": work, "contour_s": 1.0, "registration_s": 1.0, "peak_mib": 100,
    }  # fmt: skip


@pytest.fixture
def records():
    rng = np.random.default_rng(0)
    truth = ["PR", "SD", "PD", "SD", "PR", "CR", "SD", "PD"]
    true = [20.0, 41.0, 60.0, 39.0, 24.0, 5.0, 40.0, 55.0]
    ours = [
        record(i, "ours", 0.9 - 0.01 * i, true[i], true[i] * 1.02, truth[i], truth[i], 35) for i in range(8)
    ]
    base = [
        record(i, "base", 0.7 + 0.02 * rng.random(), true[i], true[i] * (1 + 0.1 * (-1) ** i), truth[i], "SD")
        for i in range(8)
    ]
    return base + ours


def test_seeds_for_test_development_and_training_never_meet():
    assert TEST_SEEDS + 5000 < DEVELOPMENT_SEEDS
    assert DEVELOPMENT_SEEDS + 5000 < FIRST_TRAINING_SEED


def test_every_pair_has_something_to_contour():
    for seed in range(200):
        fates = draw_fates(np.random.default_rng(seed))
        assert 1 <= len(fates) <= 3
        assert fates[0][0] is not Fate.VANISHES
        assert all(12 <= diameter <= 80 for _, diameter in fates)


def test_summary_against_scipy_and_by_hand(records):
    ours = [r for r in records if r["method"]["name"] == "ours"]
    found = summarise(ours)
    values = [r["dsc"] for r in ours]
    low, high = stats.t.interval(0.95, 7, np.mean(values), stats.sem(values))
    assert (found.dsc.value, found.dsc.low, found.dsc.high) == pytest.approx((np.mean(values), low, high))
    assert found.bias_percent.value == pytest.approx(2.0)
    assert found.limits == pytest.approx((2.0, 2.0))
    assert (found.agreed, found.of) == (8, 8)
    assert found.agreement.low == pytest.approx(0.025 ** (1 / 8))
    assert found.kappa.value == pytest.approx(1)
    assert (found.pr_sensitivity.value, found.pr_specificity.value) == (1, 1)
    assert found.spearman.value == pytest.approx(1)
    base = summarise([r for r in records if r["method"]["name"] == "base"])
    assert base.agreed == 3
    assert base.kappa.value == pytest.approx(0)
    assert base.pr_sensitivity.value == 0


def test_paired_comparison_against_scipy(records):
    base, ours = ([r for r in records if r["method"]["name"] == n] for n in ("base", "ours"))
    found = compare_paired(ours, base[:6])
    differences = [a["dsc"] - b["dsc"] for a, b in zip(ours[:6], base[:6], strict=True)]
    assert found.n == 6
    assert found.dsc.value == pytest.approx(np.mean(differences))
    assert found.wilcoxon_p.value == pytest.approx(stats.wilcoxon(differences).pvalue)
    assert (found.first_only, found.second_only) == (4, 0)
    assert found.mcnemar_p.value == pytest.approx(2 * 0.5**4)
    assert compare_paired(ours, [record(99, "base", 0.5, 1, 1)]) is None
    halved = [{**r, "work": 350.0, "adapt_s": 70.0} for r in ours]
    assert compare_paired(ours, halved).work_ratio == pytest.approx(0.1)
    assert compare_paired(ours, halved).seconds_ratio == pytest.approx(0.5)


def test_tables(records):
    head, rows = summary_rows(records)
    assert head == ["figure", "base", "ours"]
    table = {r[0]: r[1:] for r in rows}
    assert table["pairs"] == ["8", "8"]
    assert table["category as the truth (exact 95 % CI)"][1].startswith("8 of 8 (63 to 100")
    head, rows = paired_rows(records)
    assert [r[0] for r in rows] == ["ours - base"]
    head, rows = size_rows(records)
    assert head == ["true diameter at follow-up", "base", "ours"]
    assert rows[0][1:] == [f"{records[5]['dsc']:.2f} (n = 1)", "0.85 (n = 1)"]
    assert rows[-1][1:] == ["-", "-"]
    text = markdown(*summary_rows(records[:1]))
    assert "nan" not in text
    assert "| Cohen's kappa (95 % CI) | not defined (n = 1) |" in text
    assert "; interval not defined (n = 1) |" in text
    assert not re.search(r"1\.00 |100 %", text)
    lines = as_csv(records).splitlines()
    assert len(lines) == 17
    assert lines[0].startswith("method,background,seed,dsc")


def test_results_survive_a_kill_in_the_middle_of_a_line(tmp_path, records):
    append_record(tmp_path, records[0])
    with (tmp_path / RECORDS).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(records[1])[:50])
    assert read_records(tmp_path) == [records[0]]
    append_record(tmp_path, records[1])
    append_record(tmp_path, {**records[0], "dsc": 0.5})
    again = read_records(tmp_path)
    assert len(again) == 2
    assert again[0]["dsc"] == 0.5, "the latest result of a pair counts"
    assert is_done(again, records[1])
    assert not is_done(again, {**records[1], "base_sha256": "another base"})


def test_a_new_switch_that_is_off_keeps_older_results_valid():
    stored = METHODS["faithful-float32"].as_dict()["recipe"]
    assert "precision" not in stored
    assert stored["steps"] == 350
    ours = METHODS["ours"].as_dict()["recipe"]
    assert ours != replace(METHODS["ours"], recipe=replace(QUICK, gone=0.5)).as_dict()["recipe"]
    assert METHODS["faithful"].recipe == replace(MOON2026, precision="bfloat16")
    with pytest.raises(InputError, match="no method 'theirs'"):
        methods_named("ours, theirs")


def test_truth_against_itself_is_perfect():
    pair = prepare(small_subject())
    assert set(pair.before) == {"L1"}, "a new lesion has no earlier contour to follow"
    found = compare(pair, pair.truth)
    assert found["dsc"] == 1
    assert found["true_category"] == found["found_category"] == "PR"
    nothing = compare(pair, dict.fromkeys(pair.truth))
    assert nothing["dsc"] == 0
    assert nothing["found_category"] == "CR"
    assert dice(None, None) is None


def test_the_worst_lesion_of_a_pair_is_drawn_with_its_figures_and_sorts_by_them(tmp_path):
    pair = prepare(small_subject())
    truth = pair.truth["L1"]
    far = Lesion.of(np.roll(truth.to_mask(), 4, axis=2))
    measured = compare(pair, {"L1": far})
    path = draw_worst_lesion(tmp_path, "phantom 7 ours", pair, {"L1": far}, measured)
    assert path.name == f"{measured['lesions'][0]['dsc']:.2f}-phantom-7-ours.png"
    colours = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3).astype(int)
    for drawn in ((240, 228, 66), (213, 94, 0), (86, 180, 233)):  # true, found, carried
        assert (np.abs(colours - drawn).max(1) < 40).sum() > 20, drawn
    better = draw_worst_lesion(tmp_path, "phantom 7 ours", pair, pair.truth, compare(pair, pair.truth))
    assert [p.name for p in tmp_path.iterdir()] == [better.name] == ["1.00-phantom-7-ours.png"]
    gone = draw_worst_lesion(tmp_path, "none", pair, {"L1": None}, compare(pair, {"L1": None}))
    assert gone.name == "0.00-none.png"
    nothing = {"lesions": [{"lesion": "L1", "dsc": None}]}
    assert draw_worst_lesion(tmp_path, "gone and not found", pair, {"L1": None}, nothing) is None


@pytest.fixture(scope="module")
def real_like():
    """A scan with a liver mask that stands in for a real one."""
    first = small_subject().timepoints[0]
    return first.volume, first.liver


def test_tumours_grow_in_a_scan_with_a_liver(real_like):
    image, liver = real_like
    fates = [(Fate.SHRINKS, 40.0), (Fate.VANISHES, 20.0)]
    subject = make_subject_on_ct(5, image, liver, fates, contrast_hu=-50.0)
    again = make_subject_on_ct(5, image, liver, fates, contrast_hu=-50.0)
    first, second = subject.timepoints
    assert (first.volume.hu == again.timepoints[0].volume.hu).all()
    assert (second.volume.hu == again.timepoints[1].volume.hu).all()
    assert set(np.unique(first.lesions.labels)) == {0, 1, 2}
    assert set(np.unique(second.lesions.labels)) == {0, 1}
    assert liver[first.lesions.labels > 0].all()
    inside = first.lesions.labels == 1
    assert first.volume.hu[inside].mean() < np.median(image.hu[liver]) - 20
    far = ~liver & (image.hu > -200)
    assert abs(float(first.volume.hu[far].mean() - image.hu[far].mean())) < 2
    before, after = subject.lesions[0].diameters_mm
    assert 0.5 <= after / before <= 0.62
    assert subject.true_category == "PR"


def test_a_background_that_cannot_be_used_is_refused(real_like):
    image, liver = real_like
    with pytest.raises(InputError, match="empty or far too small"):
        make_subject_on_ct(1, image, np.zeros_like(liver), [(Fate.STABLE, 20.0)])
    with pytest.raises(GeometryError, match="does not lie on"):
        make_subject_on_ct(1, image, liver[1:], [(Fate.STABLE, 20.0)])
    with pytest.raises(InputError, match="No room in the liver"):
        make_subject_on_ct(1, image, liver, [(Fate.GROWS, 200.0)])
    turned = Geometry(image.geometry.size, image.geometry.spacing, direction=(0, 1, 0, -1, 0, 0, 0, 0, 1))
    with pytest.raises(GeometryError, match="not axis-aligned"):
        make_subject_on_ct(1, Volume(image.hu, turned), liver, [(Fate.STABLE, 20.0)])


def test_the_command_prints_what_is_there(tmp_path, records):
    for one in records:
        append_record(tmp_path, one)
    found = CliRunner().invoke(app, ["evaluate", "synthetic", "--tables-only", "--json", "-o", str(tmp_path)])
    assert found.exit_code == 0, found.output
    assert '"pairs": "8"' in found.stdout
    assert {"tables.md", "results.csv", "bland-altman.png", "dice-by-size.png"} <= {
        f.name for f in tmp_path.iterdir()
    }
    found = CliRunner().invoke(app, ["evaluate", "synthetic", "--tables-only", "-o", str(tmp_path / "none")])
    assert found.exit_code == 1
    assert "There are no results" in found.output
    found = CliRunner().invoke(app, ["evaluate", "synthetic", "--background", "ct.nii.gz"])
    assert "belong together" in found.output
