"""The interface to the letter: what a truth table may hold must be answered or refused, never guessed."""

import contextlib
import io
import json
import sys
from types import SimpleNamespace

import pytest
import typer

from HCCResponseLib.cli.rules import answer_line, rules

CASE = {"question": "timepoint-response", "given": {"target": "CR", "non_target": "CR", "new_lesion": "no"}}
LIVER = {"id": "A", "organ": "liver", "nodal": False, "long": 50}
NODE = {"id": "N", "organ": "lymph node", "nodal": True, "short": 18}


class NarrowStream(io.StringIO):
    """A stream that, like a redirected one on some systems, knows only ASCII, and counts its flushes."""

    encoding = "ascii"

    def __init__(self):
        super().__init__()
        self.flushes = 0

    def write(self, text):
        text.encode("ascii")
        return super().write(text)

    def flush(self):
        self.flushes += 1


def answered(monkeypatch, lines):
    """What ``rules -`` writes for raw lines, and its stream."""
    out = NarrowStream()
    monkeypatch.setattr(
        sys, "stdin", SimpleNamespace(buffer=io.BytesIO("".join(f"{line}\n" for line in lines).encode()))
    )
    monkeypatch.setattr(sys, "stdout", out)
    with contextlib.suppress(typer.Exit):
        rules("-")
    return [json.loads(line) for line in out.getvalue().splitlines()], out


@pytest.mark.parametrize("written", ['"\\ud800"', '"\\u00e9\\u2713"', '{"a": 1.5}', "1.25", "null"])
def test_any_json_value_as_id_comes_back(monkeypatch, written):
    case = json.dumps(CASE)[1:]
    (first, second), _ = answered(monkeypatch, [f'{{"id": {written}, {case}', f'{{"id": "next", {case}'])
    assert first["id"] == json.loads(written)
    assert (first["answer"]["response"], second["id"]) == ("CR", "next")


def test_every_answer_leaves_at_once(monkeypatch):
    _, out = answered(monkeypatch, [json.dumps(CASE)] * 3)
    assert out.flushes >= 3


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "9" * 5000])
def test_a_line_with_an_unusable_number_keeps_its_id(value):
    line = f'{{"id": "x", "question": "target-response", "given": {{"baseline_sum": {value}}}}}'
    answer = answer_line(line.encode(), 1)
    assert answer["id"] == "x"
    assert "Error(" not in answer["error"]


def test_nesting_too_deep_is_said_in_words():
    answer = answer_line(b"[" * 100000, 1)
    assert answer["id"] is None
    assert "nested" in answer["error"]


@pytest.mark.parametrize("text", ["1_0", "\uff11\uff10", "ten", "", "0x10", "1,5"])
def test_only_decimal_strings_are_lengths(ask_raw, text):
    line = ask_raw("target-response", {"baseline_sum": text, "nadir_sum": 1, "current_sum": 1})
    assert "baseline_sum" in line["error"]


@pytest.mark.parametrize("text", ["100", "100.0", "1e2", " 100 ", "+100", "100."])
def test_spellings_of_a_decimal_string(ask, text):
    values = ask("target-response", {"baseline_sum": text, "nadir_sum": "100", "current_sum": "70"})
    assert values["response"] == "PR"


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ("best-response", "visits"),
        ("response-flag", "visits"),
        ("clinical-benefit", "visits"),
        ("irecist-sequence", "visits"),
        ("irecist-best", "responses"),
        ("select-targets", "candidates"),
        ("check-targets", "targets"),
    ],
)
def test_a_missing_list_is_no_empty_list(ask_raw, question, field):
    assert f"given.{field}" in ask_raw(question, {})["error"]
    assert "answer" in ask_raw(question, {field: []})


def test_a_category_listed_twice_is_refused_for_tables_too(ask_raw):
    line = ask_raw("agreement", {"categories": ["a", "a"], "table": [[1, 2], [3, 4]]})
    assert "twice" in line["error"]


def test_immune_codes_are_not_passed_over_in_a_recist_time_to_event(ask_raw):
    given = {"endpoint": "PFS", "start_date": "2024-01-01"}
    given["visits"] = [{"date": "2024-03-01", "response": "iUPD"}]
    assert "iUPD" in ask_raw("time-to-event", given)["error"]
    assert ask_raw("time-to-event", given, "iRECIST")["answer"]["event"] is True


def test_a_planned_visit_beyond_the_calendar_is_refused_in_words(ask_raw):
    given = {"endpoint": "PFS", "start_date": "2024-01-01", "visits": [], "visit_schedule": [56, 10**15]}
    assert "visit_schedule[1]' is out of range" in ask_raw("time-to-event", given)["error"]


def visit(**more):
    return {"baseline": [LIVER, NODE], "visits": [{"date": "2024-03-01", **more}]}


def test_a_node_stays_a_node(ask_raw):
    other_axis = {"id": "N", "nodal": False, "long": 9}
    assert "'nodal' cannot change" in ask_raw("target-response", visit(lesions=[LIVER, other_axis]))["error"]


def test_a_sum_beside_lesions_must_be_theirs(ask, ask_raw):
    rows = [{"id": "A", "long": 30}, {"id": "N", "short": 15}]
    assert "add up to 45.0" in ask_raw("target-response", visit(sum=40, lesions=rows))["error"]
    assert ask("target-response", visit(sum="45.00", lesions=rows))["response"] == "PR"
    assert ask("target-response", visit(sum=40, lesions=[]))["sum"] == "40.0"
