"""The benchmark of identities: kept records are not computed again, figures carry intervals, the published way errs."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from HCCResponseLib.cli.main import app
from HCCResponseLib.evaluation.tracking import own as own_masks
from HCCResponseLib.evaluation.tracking import run as tracking_run
from HCCResponseLib.evaluation.tracking.run import OURS, PUBLISHED, nearest_centres
from HCCResponseLib.evaluation.tracking.stats import f1, false_per_scan, share
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import LinkKind
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.nets import model as models
from HCCResponseLib.track.identity.matching import KnownLesion, match
from HCCResponseLib.track.registration.trust import LocalTrust

GRID = Geometry((40, 80, 80), (1.0, 1.0, 1.0))
SURE = LocalTrust(True, True, 0.5, ())
SCORE = {
    "identity": [3, 4],
    "simple": [2, 2],
    "split": [1, 1],
    "merged": [0, 1],
    "gone": [0, 0],
    "new": [1, 1, 1],
}


def ball(centre, radius):
    axes = np.ogrid[tuple(slice(0, n) for n in GRID.size)]
    return Lesion.of(sum((a - c) ** 2 for a, c in zip(axes, centre, strict=True)) <= radius**2)


def record(seed):
    facts = {"liver_overlap": 0.9, "folding": 0.0, "trustworthy": True}
    row = {"arm": "true masks", "seed": seed, "cpu_s": 1.0, "error_mm": [1, 2, 3], "registration": facts}
    return {**row, OURS: SCORE, PUBLISHED: SCORE}


def test_a_second_run_goes_on_where_the_first_stopped(tmp_path, monkeypatch):
    done = []

    def one(seed):
        done.append(seed)
        return record(seed)

    monkeypatch.setattr(tracking_run, "run_true_masks", one)
    out = tmp_path / "pairs.jsonl"
    words = ["evaluate", "tracking", "--pairs", "2", "--first-seed", "7", "-o", str(out), "--json"]
    assert CliRunner().invoke(app, words).exit_code == 0
    with out.open("a", encoding="utf-8") as stream:
        stream.write('{"arm": "true ma')
    words[3] = "3"
    answer = CliRunner().invoke(app, words)
    assert done == [7, 8, 9]
    figures = json.loads(answer.stdout)["true masks"]
    assert figures["pairs"] == 3
    assert figures[OURS]["identity"][0] == 0.75
    assert figures[OURS]["gone"] == [None, None, None, 0]
    reasons = json.loads(answer.stdout)["not_defined"]
    assert reasons[f"true masks, {OURS}, gone"] == "n = 0"


def test_exact_intervals():
    value, low, high, asked = share([[10, 10], [10, 10]])
    assert (value, high, asked) == (1.0, 1.0, 20)
    assert low == pytest.approx(0.8316, abs=1e-4)


def test_f1_and_false_candidates():
    rows = [[1, 1, 0], [1, 2, 1], [0, 0, 1]]
    assert f1(rows)[0] == pytest.approx(2 * 2 / (3 + 4))
    assert false_per_scan(rows)[0] == pytest.approx(2 / 3)
    assert f1(rows)[1] <= f1(rows)[0] <= f1(rows)[2]
    assert f1([[1, 1, 0]]) == (1.0, None, None), "one pair gave 1.000 to 1.000"
    assert f1([[0, 0, 2]]) == (None, None, None), "no true lesion gave an F1 of 0"
    assert share([[1, 1]]) == (None, None, None, 1)


def test_the_published_way_takes_a_new_lesion_for_one_that_vanished():
    gone = {"A": KnownLesion(WarpedContour(ball((20, 20, 20), 5)), 500.0, SURE)}
    new = [ball((20, 40, 20), 5)]
    assert nearest_centres(gone, new, GRID).of("A").outcome is LinkKind.MATCHED
    assert match("fu", gone, new, GRID).of("A").outcome is LinkKind.VANISHED


def test_what_other_weights_have_seen_is_seen_again(tmp_path, monkeypatch):
    done = []

    def own(seed, base):
        done.append((seed, base.sha256))
        scores = {"identity": [1, 1], "seen": [1, 1]}
        found = {"new": [0, 1, 0], "false_suggested_new": 0}
        made = {**record(seed), OURS: scores, PUBLISHED: scores, "candidates": found}
        return {**made, "arm": own_masks.OWN_MASKS, "base_sha256": base.sha256}

    monkeypatch.setattr(tracking_run, "run_true_masks", record)
    monkeypatch.setattr(own_masks, "run_own_masks", own)
    out = tmp_path / "pairs.jsonl"
    words = [
        "evaluate",
        "tracking",
        "--pairs",
        "1",
        "--own",
        "1",
        "--first-seed",
        "7",
        "-o",
        str(out),
        "--json",
    ]
    monkeypatch.setattr(models, "load_model", lambda _: SimpleNamespace(sha256="a"))
    for _ in range(2):
        assert CliRunner().invoke(app, words).exit_code == 0
    assert done == [(7, "a")]
    monkeypatch.setattr(models, "load_model", lambda _: SimpleNamespace(sha256="b"))
    assert CliRunner().invoke(app, words).exit_code == 0
    assert done == [(7, "a"), (7, "b")]
