"""The page, the tables and the command, with an engine whose answer is known."""

import csv
import json
import os
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from commands import run
from HCCResponseLib.base.files import sha256_of
from HCCResponseLib.base.jobs import ignore_progress
from HCCResponseLib.cli.main import app
from HCCResponseLib.evaluation.segmentation.report import worst_first, write_report
from HCCResponseLib.evaluation.segmentation.run import EngineRun, evaluate_scans
from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.imaging.write import write_label_map
from reference_scans import (
    ENGINE,
    GRID,
    LARGE,
    SMALL,
    KnownEngine,
    failure,
    line,
    listed,
    truth,
    write_scan,
)
from without_torch import need_torch

BOTH = truth(LARGE, SMALL)
NAMES = [f"s{number:02d}" for number in range(12)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Twelve scans of six patients: the first fails, each later one is shifted less, and one cannot be read."""
    folder = tmp_path_factory.mktemp("made")
    answers = {}
    for number, name in enumerate(NAMES):
        write_scan(folder, name, BOTH, number)
        answers[name] = np.roll(BOTH, (11 - number) // 2, 2)
    answers["s00"] = failure("out of <ideas>")
    write_scan(folder, "lost", BOTH)
    (folder / "lost.nii.gz").write_bytes(b"no image")
    lines = [line(name, f"P{number // 2}") for number, name in enumerate(NAMES)]
    cases = listed(folder, *lines, line("lost", "P9"))
    setting = EngineRun(ENGINE, None, "cd" * 32, "cpu", folder / "out", {"patch": 48})
    results = evaluate_scans(cases, setting, KnownEngine(answers), ignore_progress, lambda _: None)
    figures = write_report(results, setting, "hcc-response evaluate segmentation cases.csv")
    return folder / "out", results, figures


def test_the_page_says_what_was_evaluated_and_that_it_is_research(made):
    text = (made[0] / "report.html").read_text(encoding="utf-8")
    for words in (
        "For research use; not cleared for clinical use.",
        "Knows the answer (known), licence none",
        f"known.bin {'ab' * 32}",
        "patch=48",
        "13 of 7 patient(s)",
        "hcc-response evaluate segmentation cases.csv",
        "Baumgartner et al., nnDetection, 2021",
    ):
        assert words in text
    assert "<b>s00</b>, engine failed: out of &lt;ideas&gt;" in text
    assert "<b>lost</b>, could not be read:" in text


def test_the_ten_worst_scans_are_drawn_worst_first(made):
    text = (made[0] / "report.html").read_text(encoding="utf-8")
    drawn = re.findall(r'<img src="data:image/png;base64,[^"]{1000,}" alt="(s\d\d)">', text)
    dice = {r.name: r.dice for r in made[1]}
    assert len(drawn) == 10
    assert drawn[0] == "s00"
    assert [dice[n] for n in drawn] == sorted(dice[n] for n in drawn)
    assert max(dice[n] for n in drawn) <= min(dice[n] for n in set(NAMES) - set(drawn))


def test_the_page_gives_no_curve_where_there_are_labels_only(made):
    text = (made[0] / "report.html").read_text(encoding="utf-8")
    assert "This engine gives no probabilities, so there is one point and no curve." in text
    assert 'alt="FROC"' in text


def test_a_picture_that_was_removed_is_said_to_be(made, tmp_path):
    setting = EngineRun(ENGINE, None, "w", "cpu", tmp_path)
    write_report(made[1][1:2], setting, "again")
    assert "s01: its picture has been removed" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_tables_hold_the_figures(made):
    folder, _, figures = made
    with (folder / "figures.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(figures)
    dice = next(r for r in rows if (r["section"], r["name"]) == ("Liver", "Dice"))
    assert float(dice["low"]) < float(dice["value"]) < float(dice["high"])
    assert dice["method"] == "mean of scans; bootstrap of patients"
    markdown = (folder / "figures.md").read_text(encoding="utf-8")
    assert markdown.startswith("# Segmentation against reference masks\n")
    assert "engine failed (counts as nothing found) | 8.3 % | " in markdown


def test_the_worst_scan_has_the_lowest_dice_then_the_most_false_parts(made):
    ordered = worst_first([r for r in made[1] if r.name != "lost"])
    assert [r.name for r in ordered][:2] == ["s00", "s01"]
    assert ordered[-1].dice == 1


OWN_ENGINE = """
import numpy as np
from HCCResponseLib.engines.contract import EngineInfo, Gives, Segmentation
from HCCResponseLib.imaging.read import read_label_map

INFO = EngineInfo(name="copying", title="Copies", gives=frozenset({Gives.LIVER, Gives.TUMOUR}), licence="none",
                  source="tests", weights="none", uses_torch=False, system_mib=1)

def segment(case, report):
    name = case.file.name.replace(".nii.gz", "-answer.nrrd")
    return Segmentation(labels=read_label_map(case.file.with_name(name)).labels.astype(np.uint8))

def check(weights):
    return {"sha256": "ef" * 32}
"""


@pytest.fixture
def own(tmp_path):
    """Two scans with answers, and an engine in a folder of its own."""
    (tmp_path / "engines").mkdir()
    (tmp_path / "engines" / "copying.py").write_text(OWN_ENGINE)
    for seed, (name, answer) in enumerate({"a": BOTH, "b": np.roll(BOTH, 2, 1)}.items()):
        write_scan(tmp_path, name, BOTH, seed)
        write_label_map(LabelMap(answer, GRID), tmp_path / f"{name}-answer.nrrd")
    listed(tmp_path, line("a", "P1"), line("b", "P2"))
    environment = {**os.environ, "HCC_RESPONSE_ENGINES": str(tmp_path / "engines")}
    words = (
        "evaluate",
        "segmentation",
        tmp_path / "cases.csv",
        "--engine",
        "copying",
        "-o",
        tmp_path / "out",
    )
    return words, environment, tmp_path / "out"


def test_the_command_evaluates_writes_and_goes_on(own):
    need_torch()  # surfaces are MONAI's
    words, environment, out = own
    first = run(*words, env=environment)
    assert first.returncode == 0, first.stderr
    assert "a: liver Dice 1.000, tumour Dice 1.000, 2 of 2 lesions found, 0 false parts" in first.stderr
    told = first.stdout.splitlines()
    assert "  found, 10 mm and more: 100.0 %, 95 %: not defined (all patients are alike), n = 4 of 4" in told
    assert "by threshold" not in first.stdout
    lines = (out / "results.jsonl").read_text()
    assert lines.count("\n") == 2
    before = sha256_of(out / "contours" / "a.nrrd")
    second = run(*words, "--json", env=environment)
    assert second.returncode == 0, second.stderr
    answer = json.loads(second.stdout)
    assert answer["report"] == str(out / "report.html")
    assert {"section", "name", "value", "low", "high"} <= set(answer["figures"][0])
    assert (out / "results.jsonl").read_text() == lines
    assert sha256_of(out / "contours" / "a.nrrd") == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--engine", "prompt"), "needs a line, a click or a box"),
        (("--engine", "fcd", "--set", "side=3"), "has no parameter 'side'"),
        (("--engine", "nothing"), "There is no engine 'nothing'"),
        (("--engine", "fcd", "--weights", "lost.safetensors"), "lost.safetensors"),
    ],
)
def test_the_command_refuses_before_it_begins(own, words, said):
    if said == "lost.safetensors":
        need_torch()
    given, _, out = own
    done = CliRunner().invoke(app, [*map(str, given[:3]), *words, "-o", str(out)])
    assert (done.exit_code, done.stderr.count("error: ")) == (1, 1), done.stderr
    assert said in " ".join(done.stderr.split())
    assert not out.exists()
