"""The benchmark of the registration's error: pairs apart, figures by pair, and a fit that the command writes."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from HCCResponseLib.cli.main import app
from HCCResponseLib.evaluation.tracking import cases, errors
from HCCResponseLib.evaluation.tracking.errors import fit_errors, summarise_errors
from HCCResponseLib.track.registration.residual import FIGURES, ErrorModel

MODEL = ErrorModel("by hand", 0.0, {n: float(n == "bending") for n in FIGURES}, 1.5, 9.0)


def record(seed, off=(2.0, 4.0, 12.0), said=(2.0, 9.5, 12.0), turned=False):
    quiet = [1.0] * len(off)
    return {
        "seed": seed,
        "kind": "ordinary",
        "turned": turned,
        "cpu_s": 5.0,
        "off_mm": list(off),
        "lesion": [False, False, True],
        "no_gross_fault": [True] * len(off),
        "figures": [quiet, quiet, list(said), quiet],
    }


def test_places_are_counted_noticed_and_falsely_alarmed():
    mine = summarise_errors([record(1), record(2, turned=True)], MODEL)
    assert mine["all"]["places"] == 6
    assert mine["all"]["off_by_more_than_10_mm"] == 2
    assert mine["all"]["noticed"] == 2
    assert mine["all"]["false_alarms"] == 2
    assert mine["all"]["noticed_by_gross_checks"] == 0
    assert mine["all"]["auc"] == 1.0
    assert mine["all"]["within_margin_90"] == 1.0
    assert mine["all"]["auc_lesions"] is None
    assert mine["livers turned before"]["pairs"] == 1


def test_the_interval_is_by_pair():
    """Ten copies of each place within a pair are no more knowledge than one."""
    rng = np.random.default_rng(0)
    few = [record(s, rng.uniform(1, 20, 3), rng.uniform(1, 20, 3)) for s in range(12)]
    many = [
        {
            **r,
            "off_mm": r["off_mm"] * 10,
            "lesion": r["lesion"] * 10,
            "no_gross_fault": [True] * 30,
            "figures": [row * 10 for row in r["figures"]],
        }
        for r in few
    ]
    one, ten = (summarise_errors(r, MODEL)["all"]["auc_interval"] for r in (few, many))
    assert one == pytest.approx(ten, abs=1e-3)


def test_the_blocks_of_seeds_do_not_meet():
    starts = sorted([cases.DEVELOPMENT_SEED, cases.HELD_OUT_SEED, errors.FIT_SEED, errors.TEST_SEED])
    assert min(b - a for a, b in zip(starts, starts[1:], strict=False)) >= 2000


def test_the_command_fits_on_one_block_and_judges_on_the_other(tmp_path, monkeypatch):
    done = []

    def one(seed):
        done.append(seed)
        rng = np.random.default_rng(seed)
        off = rng.uniform(1, 20, 30)
        row = record(seed, off, off * np.exp(rng.normal(0, 0.2, 30)))
        return {**row, "lesion": [False] * 30}

    monkeypatch.setattr(errors, "run_errors", one)
    fitted = tmp_path / "error.json"
    words = ["evaluate", "registration", "--pairs", "3", "--json", "-o"]
    answer = CliRunner().invoke(app, [*words, str(tmp_path / "fit.jsonl"), "--fit", str(fitted)])
    assert answer.exit_code == 0, answer.output
    assert done == [52_000, 52_001, 52_002]
    assert "seeds 52000 to 52002 (3 pairs, 90 places)" in json.loads(fitted.read_text())["origin"]
    answer = CliRunner().invoke(app, [*words, str(tmp_path / "test.jsonl")])
    assert done[3:] == [62_000, 62_001, 62_002]
    assert json.loads(answer.stdout)["figures"]["all"]["auc"] > 0.9
    CliRunner().invoke(app, [*words, str(tmp_path / "test.jsonl")])
    assert len(done) == 6


def test_the_fit_takes_the_figure_that_ranks():
    rng = np.random.default_rng(5)
    off = rng.uniform(1, 20, 300)
    rows = [{**record(1, off, off), "lesion": [False] * 300}]
    rows[0]["figures"][0] = rng.uniform(1, 20, 300).tolist()
    model = fit_errors(rows)
    assert model.coefficients["bending"] > 0.8
    assert abs(model.coefficients["there_and_back"]) < 0.1
