"""The audit trail by ICH E6(R3), 4.2.2: what is changed, looked at, written out and unblinded, and in plain words."""

import ast
import hashlib
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

import HCCResponseLib
from committees import FIRST, SECOND, SmallCommittee, charter, password
from HCCResponseLib.base.csv_files import read_csv_rows
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.main import app
from HCCResponseLib.response.profiles.fields import ProfileFields
from HCCResponseLib.response.profiles.load import LATER, load_profile
from HCCResponseLib.review.committee.assignments import open_read
from HCCResponseLib.review.decisions.decide import decide, undo
from HCCResponseLib.review.read import workflow
from HCCResponseLib.review.read.changes import changes
from HCCResponseLib.review.read.lifecycle import amend
from HCCResponseLib.review.read.profile import archived, profile_of
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.workflow import this_account
from HCCResponseLib.review.signing.audit import export_log, verify
from HCCResponseLib.review.signing.content import values_hash
from HCCResponseLib.review.signing.dictionary import ACTIONS
from HCCResponseLib.review.signing.signatures import moment
from HCCResponseLib.review.signing.signing import sign_and_lock
from HCCResponseLib.review.store import STORE_LOG, blob_key
from reads import BASELINE, FOLLOW_UP, lesion, make_read

ROOT = Path(HCCResponseLib.__file__).parent


def edit(reason="", point=BASELINE):
    return Decision("ann", point, "L1", Action.EDIT, long_axis_mm=Decimal(30), reason=reason)


def done(committee, action):
    return [e for e in committee.store.other(STORE_LOG).events() if e.action == action]


def command(committee, name, *words):
    where = str(committee.store.path)
    environment = {"HCC_RESPONSE_PASSWORD": password(name)}
    done = CliRunner().invoke(app, ["read", words[0], where, *words[1:], "--as", name], env=environment)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def changed(committee):
    """A read in which a decided row was changed with a reason, then signed."""
    committee.assign("ann", FIRST)
    store, state = committee.draft()
    decide(store, state, edit("caliper on a vessel"))
    sign_and_lock(store, state, committee.people, committee.credentials("ann"), BASELINE)
    return committee


def test_a_changed_row_keeps_the_old_value_with_who_when_and_why(changed):
    (change,) = changes(*changed.open("ann", "S1-1"))
    assert (change.who, change.item, change.old, change.new, change.reason) == (
        "ann", "baseline / L1", "accepted, 41.0 mm", "edited, 30 mm", "caliper on a vessel",
    )  # fmt: skip
    assert change.utc.endswith("+00:00")
    assert change.when == moment(change.utc, change.local)


def test_read_show_and_the_copy_of_the_log_hold_the_old_value(changed, tmp_path):
    shown = command(changed, "ann", "show", "S1-1")
    line = next(line for line in shown.splitlines() if line.startswith("Changed: "))
    assert "baseline / L1: accepted, 41.0 mm -> edited, 30 mm, ann" in line
    assert "(caliper on a vessel)" in line
    export_log(changed.person("eve"), changed.store, tmp_path / "log.csv", "S1-1")
    rows = read_csv_rows(tmp_path / "log.csv")[1]
    assert [(r["old"], r["new"], r["reason"]) for r in rows if r["action"] == "decision"] == [
        ("proposed, 41.0 mm", "accepted, 41.0 mm", ""),
        ("accepted, 41.0 mm", "edited, 30 mm", "caliper on a vessel"),
    ]


def test_an_adjudicator_sees_changes_under_the_stream(committee):
    committee.assign("ann", FIRST)
    store, state = committee.draft()
    decide(store, state, edit("caliper on a vessel"))
    for point in (BASELINE, FOLLOW_UP):
        if point == FOLLOW_UP:
            committee.propose(store, state, point, 20)
            decide(store, state, Decision("ann", point, "L1", Action.ACCEPT))
        sign_and_lock(store, state, committee.people, committee.credentials("ann"), point)
    assert [c.who for c in changes(*committee.open("judge", "S1-1"))] == [FIRST]


def test_an_earlier_version_shows_the_changes_up_to_it(changed):
    store, state = changed.open("ann", "S1-1")
    amend(store, state, changed.people, changed.credentials("boss"), BASELINE, "query 17")
    decide(store, state, Decision("ann", BASELINE, "L1", Action.ACCEPT, reason="it was right"))
    first, opened, second = changes(*changed.open("ann", "S1-1"))
    assert (opened.who, opened.item, opened.old, opened.new, opened.reason) == (
        "boss", BASELINE, "version 1", "version 2", "query 17",
    )  # fmt: skip
    assert (first.new, second.reason) == ("edited, 30 mm", "it was right")
    assert len(changes(*open_read(changed.store, changed.person("ann"), "S1-1", version=1))) == 1


def test_a_role_that_is_changed_is_in_the_words_of_the_log(tmp_path):
    store, state = make_read(tmp_path / "r.sqlite", [lesion(BASELINE, "L1", 40)])
    for role in ("target", "non-target"):
        decide(store, state, Decision("Dr A", BASELINE, "L1", Action.ACCEPT, role=role))
    (change,) = changes(store, state)
    assert (change.old, change.new) == ("accepted, 41.0 mm, target", "accepted, 41.0 mm, non-target")


# -- the reason ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "in_a_draft", "after_a_lock"),
    [("never", False, False), ("after-lock", False, True), ("after-decision", True, True)],
)
def test_the_profile_says_when_a_change_needs_a_reason(tmp_path, rule, in_a_draft, after_a_lock):
    committee = SmallCommittee(tmp_path / "reads.sqlite", charter(tmp_path, reason_for_change=rule))
    committee.assign("ann", FIRST)
    store, state = committee.draft()

    def change(needed, decision):
        if needed:
            with pytest.raises(InputError, match="needs a reason"):
                decide(store, state, decision)
        decide(store, state, decision if not needed else Decision(**{**vars(decision), "reason": "a vessel"}))

    change(in_a_draft, edit())
    decide(store, state, edit())  # the same word again is no change
    if in_a_draft:
        with pytest.raises(InputError, match="needs a reason"):
            undo(store, state, "ann")
    sign_and_lock(store, state, committee.people, committee.credentials("ann"), BASELINE)
    amend(store, state, committee.people, committee.credentials("boss"), BASELINE, "query 17")
    change(after_a_lock, Decision("ann", BASELINE, "L1", Action.ACCEPT))
    committee.store.close()


FACTS = {
    "decisions": {"time_point": BASELINE, "name": "L1", "action": "edit", "state": "not-evaluable"},
    "non_target": {"time_point": BASELINE, "response": "NE"},
    "sites": {"name": "L1", "organ": "lung"},
    "visits": {"time_point": BASELINE, "markers_normal": False},
}


@pytest.mark.parametrize("kind", FACTS)
@pytest.mark.parametrize("how", ["in the file", "with --reason"])
def test_a_decisions_file_and_the_command_give_the_reason_of_a_change(tmp_path, kind, how):
    committee = SmallCommittee(
        tmp_path / "reads.sqlite", charter(tmp_path, reason_for_change="after-decision")
    )
    committee.assign("ann", FIRST)
    committee.draft()
    first = {**FACTS[kind], **({"response": "CR"} if kind == "non_target" else {})}
    first |= {"sites": {"organ": "bone"}, "visits": {"markers_normal": True}}.get(kind, {})
    rounds = [(first, [])] if kind != "decisions" else []
    why = ["--reason", "query 17"]
    rounds.append(({**FACTS[kind], "reason": "query 17"}, []) if how == "in the file" else (FACTS[kind], why))
    where, environment = str(committee.store.path), {"HCC_RESPONSE_PASSWORD": password("ann")}
    file = tmp_path / "decisions.json"

    def run(entry, more):
        file.write_text(json.dumps({"reader": "ann", kind: [entry]}), encoding="utf-8")
        words = ["read", "decide", where, "S1-1", str(file), "--as", "ann", *more]
        return CliRunner().invoke(app, words, env=environment)

    for entry, more in rounds[:-1]:
        assert run(entry, more).exit_code == 0
    refused = run(FACTS[kind], [])
    assert refused.exit_code == 1
    assert "needs a reason" in refused.output.replace("\n", " ")
    assert run(*rounds[-1]).exit_code == 0
    assert changes(*committee.open("ann", "S1-1"))[-1].reason == "query 17"
    committee.store.close()


def test_a_profile_kept_before_there_was_such_a_rule_asks_for_no_reason(tmp_path):
    profile = load_profile("recist-1.1")
    assert profile.reason_for_change == "after-lock"
    old = json.loads(archived(profile))
    del old["reason_for_change"], old["sources"]["reason_for_change"]
    store, state = make_read(tmp_path / "r.sqlite", [lesion(BASELINE, "L1", 40)])
    data = json.dumps(old, sort_keys=True).encode()
    store.append("software", "note", {}, [data])
    state.profile_key = blob_key(data)
    found = profile_of(store, state)
    assert found.reason_for_change == LATER["reason_for_change"] == "never"
    # The hash that its assignment and its signatures note.
    bare = {n: v for n, v in old.items() if n not in ("title", "sources")}
    assert values_hash(found) == hashlib.sha256(json.dumps(bare, sort_keys=True).encode()).hexdigest()
    assert values_hash(profile) != values_hash(found)


# -- what is done around a read ------------------------------------------------------------------------------


def test_opening_comparing_copying_and_signing_in_and_out_are_events(changed, tmp_path):
    before = [e.hash for e in changed.store.other("S1-1").events()]
    command(changed, "ann", "show", "S1-1")
    command(changed, "judge", "compare", "S1")
    command(changed, "eve", "log", str(tmp_path / "log.csv"))
    command(changed, "eve", "bundle", "-o", str(tmp_path / "bundle.sqlite"))
    assert [(e.actor, e.item) for e in done(changed, "opened")] == [("ann", "read S1-1")]
    assert [(e.actor, e.item) for e in done(changed, "compared")] == [("judge", "subject S1")]
    assert [(e.actor, e.new) for e in done(changed, "log-copied")] == [("eve", "log.csv")]
    assert [(e.actor, e.new) for e in done(changed, "bundle-exported")] == [("eve", "bundle.sqlite")]
    assert [e.actor for e in done(changed, "signed-out")] == ["ann", "judge", "eve", "eve"]
    assert [e.hash for e in changed.store.other("S1-1").events()] == before
    assert verify(changed.store).problem == ""


def test_a_command_that_fails_signs_out_too(changed):
    where, environment = str(changed.store.path), {"HCC_RESPONSE_PASSWORD": password("ann")}
    words = ["read", "show", where, "no-such-read", "--as", "ann"]
    assert CliRunner().invoke(app, words, env=environment).exit_code == 1
    assert [e.actor for e in done(changed, "signed-out")] == ["ann"]


def test_tables_and_figures_of_reads_are_events_in_every_store(tmp_path):
    committee = SmallCommittee(tmp_path / "reads.sqlite")
    committee.assign("ann", FIRST)
    committee.assign("bob", SECOND)
    committee.read("ann", "S1-1")
    committee.read("bob", "S1-2")
    where, environment = str(committee.store.path), {"HCC_RESPONSE_PASSWORD": password("eve")}
    for words in (
        ["export", "sdtm", where, "-o", str(tmp_path / "sdtm")],
        ["export", "csv", where, "-o", str(tmp_path / "csv")],
        ["evaluate", "committee", where],
    ):
        ran = CliRunner().invoke(app, [*words, "--as", "eve"], env=environment)
        assert ran.exit_code == 0, ran.output
    assert [(e.actor, e.new) for e in done(committee, "exported")] == [
        ("eve", "sdtm"), ("eve", "csv"), ("eve", "committee figures"),
    ]  # fmt: skip
    assert [e.actor for e in done(committee, "signed-out")] == ["eve"] * 3
    committee.store.close()


def test_a_read_that_nobody_signs_in_to_is_opened_by_the_computer_s_account(tmp_path, monkeypatch):
    monkeypatch.setenv("LOGNAME", "radiology-3")
    assert this_account() == "computer account radiology-3"


# -- a trail that nobody can switch off ----------------------------------------------------------------------


def _calls():
    """Every call in the package that names an action for an event: (module, function, call)."""
    for path in sorted(ROOT.rglob("*.py")):
        if "synth" in path.parts or "nets" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
            for call in (n for n in ast.walk(function) if isinstance(n, ast.Call)):
                yield path, function, call


#: Name of a function that writes an event, and which of its arguments is the action.
WRITERS = {"append": 1, "note": 2, "_append": 1, "_manage": 1}


def _written_actions():
    found = {}
    for path, function, call in _calls():
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        place = WRITERS.get(name)
        if place is None or len(call.args) < place + 2:
            continue
        node = call.args[place]
        if isinstance(node, ast.Constant):
            action = node.value
        else:
            dotted = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
            code = compile(ast.Expression(node), str(path), "eval")
            try:
                action = eval(code, {**vars(workflow), **vars(importlib.import_module(dotted))})
            except NameError:
                continue  # handed through by the function around it, whose own callers name it
        found[action] = (path, function)
    return found


def test_every_action_of_the_code_is_in_the_dictionary():
    assert set(_written_actions()) == set(ACTIONS)


def test_no_condition_but_the_rules_of_the_read_stands_before_an_event():
    """Nothing that writes an event asks an environment variable, a setting or a switch of its caller first."""
    switches = re.compile(r"environ|getenv|settings|\b(log|audit|trail|quiet|silent|record|enabled)\b", re.I)
    looked_at = 0
    for path, function in _written_actions().values():
        looked_at += 1
        conditions = [n.test for n in ast.walk(function) if isinstance(n, ast.If | ast.IfExp)]
        asked = [ast.unparse(c) for c in conditions if switches.search(ast.unparse(c))]
        assert not asked, (path, function.name, asked)
        arguments = [a.arg for a in function.args.args + function.args.kwonlyargs]
        assert not [a for a in arguments if switches.fullmatch(a)], (path, function.name)
    assert looked_at > 25
    note = inspect.getsource(workflow.note)
    assert note.count("return") == note.count("if ") == 1  # a store where nothing can be written


def _variables():
    text = "".join(p.read_text(encoding="utf-8") for p in ROOT.rglob("*.py"))
    return sorted(set(re.findall(r"\"(HCC_RESPONSE_\w+|CUDA_\w+|TOTALSEG_\w+)\"", text)))


SCRIPT = """
import sys
from pathlib import Path
from reads import BASELINE, lesion, make_read
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.workflow import OPENED, note
store, state = make_read(Path(sys.argv[1]), [lesion(BASELINE, "L1", 40)])
decide(store, state, Decision("Dr A", BASELINE, "L1", Action.ACCEPT))
note(store, "Dr A", OPENED, "read", {})
print([e.action for e in store.events()][-1], [e.action for e in store.other("store").events()])
"""


def test_no_variable_of_the_environment_switches_the_trail_off(tmp_path):
    assert "HCC_RESPONSE_HOME" in _variables()
    for number, value in enumerate(("0", "off")):
        own = dict.fromkeys(_variables(), value)
        words = [sys.executable, "-c", SCRIPT, str(tmp_path / f"{number}.sqlite")]
        paths = os.pathsep.join(sys.path)
        ran = subprocess.run(
            words, capture_output=True, check=False, text=True, env={**os.environ, **own, "PYTHONPATH": paths}
        )
        assert ran.stdout.strip() == "decision ['opened']", ran.stderr


def _fits(name, value):
    """Whether a profile may say this; some values contradict others of the shipped profile."""
    try:
        load_profile("recist-1.1", {name: value})
    except InputError:
        return False
    return True


CHOICES = [
    (name, value)
    for name, field in ProfileFields.model_fields.items()
    for value in getattr(field.annotation, "__args__", ())
    if isinstance(value, str) and _fits(name, value)
]


@pytest.mark.parametrize(("field", "value"), CHOICES)
def test_no_value_of_a_profile_switches_the_trail_off(tmp_path, field, value):
    profile = charter(tmp_path, **{field: value})
    store, state = make_read(tmp_path / "r.sqlite", [lesion(BASELINE, "L1", 40)], profile)
    decide(store, state, Decision("Dr A", BASELINE, "L1", Action.ACCEPT))
    decide(store, state, Decision("Dr A", BASELINE, "L1", Action.REJECT, reason="a vessel"))
    undo(store, state, "Dr A", "it was none")
    assert [e.action for e in store.events()][-3:] == ["decision", "decision", "undo"]
    store.close()


# -- understandable without this software --------------------------------------------------------------------


def test_the_copy_says_in_words_what_was_done_and_has_its_dictionary_beside_it(changed, tmp_path):
    export_log(changed.person("eve"), changed.store, tmp_path / "log.csv")
    rows = read_csv_rows(tmp_path / "log.csv")[1]
    assert {r["action"]: r["what"] for r in rows} == {r["action"]: ACTIONS[r["action"]] for r in rows}
    words = read_csv_rows(tmp_path / "log.dictionary.csv")[1]
    assert {w["name"] for w in words if w["kind"] == "column"} == set(rows[0])
    assert {r["action"] for r in rows} <= {w["name"] for w in words if w["kind"] == "action"}
    assert all(w["meaning"] for w in words)
