"""``hcc-response rules``: one answer a line, errors for single lines only."""

import io
import json
import sys
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from HCCResponseLib.cli.questions import questions
from HCCResponseLib.cli.rules import rules

QUESTIONS = [
    "agreement",
    "best-response",
    "check-targets",
    "clinical-benefit",
    "effusion",
    "hcc-nodule",
    "irecist-best",
    "irecist-sequence",
    "progression-date",
    "read",
    "response-flag",
    "select-targets",
    "target-response",
    "time-to-event",
    "timepoint-response",
]
GOOD = {
    "id": "good",
    "question": "target-response",
    "given": {"baseline_sum": 10, "nadir_sum": 10, "current_sum": 7},
}


@pytest.fixture
def command():
    app = typer.Typer()
    app.command()(rules)
    return app


def run(command, path):
    result = CliRunner().invoke(command, [str(path)])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def test_all_questions_of_the_interface():
    assert sorted(questions()) == QUESTIONS


def test_answers_keep_order_and_ids(command, tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(json.dumps({**GOOD, "id": key}) for key in ("b", "a", 7, None)) + "\n\n")
    code, answers = run(command, path)
    assert code == 0
    assert [a["id"] for a in answers] == ["b", "a", 7, None]
    assert all(set(a) == {"id", "answer", "trace"} for a in answers)


BAD = [
    ("{", None, "JSON"),
    ('["a"]', None, "object"),
    ('{"id": "x"}', "x", "question"),
    ('{"id": "x", "question": "weather", "given": {}}', "x", "weather"),
    ('{"id": "x", "question": ["a"], "given": {}}', "x", "question"),
    ('{"id": "x", "question": "target-response"}', "x", "given"),
    ('{"id": "x", "question": "target-response", "given": []}', "x", "given"),
    ('{"id": "x", "question": "target-response", "criterion": "RECIST 9", "given": {}}', "x", "RECIST 9"),
    ('{"id": "x", "question": "target-response", "criterion": 1, "given": {}}', "x", "criterion"),
    ('{"id": "x", "question": "target-response", "profile": [], "given": {}}', "x", "profile"),
    ('{"id": "x", "question": "target-response", "profile": {"foo": 1}, "given": {}}', "x", "foo"),
    (
        '{"id": "x", "question": "target-response", "given": {"baseline_sum": NaN, "current_sum": 1}}',
        "x",
        "NaN",
    ),
    (
        '{"id": "x", "question": "target-response", "given": {"baseline_sum": 1e999, "current_sum": 1}}',
        "x",
        "range",
    ),
    (
        '{"id": "x", "question": "target-response", "given": {"baseline_sum": "Infinity", "current_sum": 1}}',
        "x",
        "finite",
    ),
    (
        '{"id": "x", "question": "target-response", "given": {"baseline_sum": -4, "current_sum": 1}}',
        "x",
        "negative",
    ),
    ('{"id": "x", "question": "target-response", "given": {"baseline": "T1", "visits": []}}', "x", "list"),
    ('{"id": "x", "question": "best-response", "given": {"visits": [{"response": "CR"}]}}', "x", "date"),
    ("[" * 100000, None, ""),
    ("\x00", None, "JSON"),
]


@pytest.mark.parametrize(("line", "case_id", "named"), BAD)
def test_a_bad_line_is_an_error_for_that_line_only(command, tmp_path, line, case_id, named):
    path = tmp_path / "cases.jsonl"
    good = json.dumps(GOOD)
    path.write_text(f"{good}\n{line}\n{good}\n", encoding="utf-8")
    code, (before, bad, after) = run(command, path)
    assert code == 1
    assert set(bad) == {"id", "error"}
    assert bad["id"] == case_id
    assert named in bad["error"]
    assert before == after
    assert after["answer"]["response"] == "PR"


def test_bytes_that_are_no_text(command, tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_bytes(b"\xff\xfe\n" + json.dumps(GOOD).encode() + b"\n")
    code, (bad, good) = run(command, path)
    assert (code, "UTF-8" in bad["error"], good["answer"]["response"]) == (1, True, "PR")


def test_standard_input(monkeypatch, capsys):
    stream = SimpleNamespace(buffer=io.BytesIO(json.dumps(GOOD).encode() + b"\n"))
    monkeypatch.setattr(sys, "stdin", stream)
    rules("-")
    assert json.loads(capsys.readouterr().out)["id"] == "good"


def test_a_file_that_is_not_there(command, tmp_path):
    result = CliRunner().invoke(command, [str(tmp_path / "absent.jsonl")])
    assert result.exit_code == 2
    assert "absent.jsonl" in result.output


def test_decimals_of_the_file_are_not_rounded(command, tmp_path):
    path = tmp_path / "cases.jsonl"
    given = '{"baseline_sum": 27.0, "nadir_sum": 27.0, "current_sum": 32.4}'
    line = f'{{"id": 1, "question": "target-response", "given": {given}}}'
    path.write_text(line)
    assert run(command, path)[1][0]["answer"]["response"] == "PD"


def test_every_answer_has_its_trace(ask_raw):
    line = ask_raw("timepoint-response", {"target": "SD", "non_target": "NA", "new_lesion": "no"})
    assert line["trace"] == ["SD: target SD, non-target NA (RECIST 1.1, Table 1, row 5)"]
