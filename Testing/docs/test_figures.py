"""The figures that README and docs give are those of docs/figures.json, and that file is about the shipped weights."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OTHER = "0" * 64


@pytest.fixture
def figures():
    spec = importlib.util.spec_from_file_location("figures", ROOT / "Testing" / "figures.py")
    module = sys.modules["figures"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["figures"]


def pair(seed, method, found_mm, category, weights):
    lesion = {
        "dsc": 0.8,
        "baseline_mm": 40.0,
        "true_mm": 30.0,
        "found_mm": found_mm,
        "true_ml": 9,
        "found_ml": 8,
    }
    return {
        "seed": seed,
        "background": "phantom",
        "method": {"name": method},
        "base_sha256": weights,
        "dsc": 0.8 + seed / 100,
        "true_category": "SD",
        "found_category": category,
        "lesions": [lesion],
        **dict.fromkeys(("adapt_s", "contour_s", "steps", "work", "peak_mib"), 1.0),
    }


def results(folder, weights, of_ours=3):
    (folder / "adaptation").mkdir()
    made = [pair(seed, "base", 30.0, "SD", weights) for seed in range(3)]
    made += [pair(seed, "ours", 33.0, "SD" if seed else "PD", weights) for seed in range(of_ours)]
    (folder / "adaptation" / "results.jsonl").write_text("".join(json.dumps(r) + "\n" for r in made))
    facts = {"liver_overlap": 0.9, "folding": 0.0, "trustworthy": True}
    seen = [
        {
            "arm": "own masks",
            "seed": seed,
            "base_sha256": weights,
            "cpu_s": 1.0,
            "registration": facts,
            "candidates": {"new": [1, 2, 1], "false_suggested_new": 0},
        }
        for seed in range(2)
    ]
    (folder / "tracking.jsonl").write_text("".join(json.dumps(r) + "\n" for r in seen))


def test_the_figures_are_those_of_the_shipped_weights(figures):
    stale = [name for name, group in figures.stored().items() if group["weights_sha256"] != figures.shipped()]
    assert not stale, "new weights need new figures: make figures"


def test_the_pages_say_the_figures(figures):
    assert figures.missing(figures.stored()) == []


def test_a_figure_that_changed_is_missed_on_its_page(figures):
    changed = figures.stored()
    ours = changed["adaptation"]["ours"]
    ours["kappa"] = 0.01
    (readme, benchmark) = figures.missing(changed)
    assert readme.startswith(f"README.md: the category is right in {ours['right']} of 40 (kappa 0.01)")
    assert benchmark.startswith("docs/benchmark.md: | kappa >= 0.85 | 0.01 (")


def test_results_of_the_benchmarks_become_groups(figures, tmp_path):
    results(tmp_path, figures.shipped())
    found = figures.gather(tmp_path)
    assert found["adaptation"]["weights_sha256"] == figures.shipped()
    assert found["adaptation"]["pairs"] == 3
    assert found["adaptation"]["ours"]["right"] == 2
    assert found["adaptation"]["ours"]["bias_percent"] == pytest.approx(10)
    assert found["adaptation"]["base"]["dice"] == pytest.approx(0.81)
    lesions = found["new_lesions"]
    assert (lesions["pairs"], lesions["found"], lesions["true"], lesions["false_per_scan"]) == (2, 2, 4, 1.0)
    assert lesions["f1"] == pytest.approx(2 * 2 / (4 + 2 + 2), abs=1e-4)


def test_results_of_other_weights_are_left_out(figures, tmp_path):
    results(tmp_path, OTHER)
    assert figures.gather(tmp_path) == figures.stored()


def test_methods_that_have_not_seen_the_same_pairs_are_not_compared(figures, tmp_path):
    results(tmp_path, figures.shipped(), of_ours=2)
    with pytest.raises(SystemExit, match="same pairs"):
        figures.gather(tmp_path)
