"""Signing and locking: two components, exactly what was shown, nothing changes afterwards."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from committees import CHEAP
from HCCResponseLib.base.errors import AccessError, IncompleteReadError, InputError, SignInError, StorageError
from HCCResponseLib.cli.main import app
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.report.subject.content import report_content
from HCCResponseLib.report.subject.html import write_html
from HCCResponseLib.report.subject.output import write_result
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import Response
from HCCResponseLib.review.decisions.decide import accept_all, answer, decide, decide_non_target
from HCCResponseLib.review.decisions.decisions_file import apply_decisions
from HCCResponseLib.review.people.account_rules import shipped_rules
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.read.access import Role, Stage
from HCCResponseLib.review.read.category import category, missing
from HCCResponseLib.review.read.lifecycle import amend, is_signed, stage
from HCCResponseLib.review.read.records import Action, Decision, NonTargetDecision
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.review.signing.audit import verify
from HCCResponseLib.review.signing.signatures import Meaning
from HCCResponseLib.review.signing.signing import countersign, sign_and_lock
from HCCResponseLib.review.store import ReadStore
from reads import BASELINE, FOLLOW_UP, GRID, lesion, make_read
from stores import around_the_guards, change

PASSWORD = "quiet river stones"
ME = ("jdoe", PASSWORD)


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    """One account with a cheap password hash, made once."""
    path = tmp_path_factory.mktemp("account") / "people.sqlite"
    people = People(ReadStore(path))
    people.add("jdoe", "Jane Doe, MD", {Role.READER, Role.MANAGER}, "a first password")
    me = people.authenticate("jdoe", "a first password")
    people.set_rules(me, shipped_rules().model_copy(update=CHEAP), "cheap hashes for tests")
    people.change_password("jdoe", "a first password", PASSWORD)
    people.close()
    return path


@pytest.fixture
def people(tmp_path, account):
    people = People(ReadStore(shutil.copy(account, tmp_path)))
    yield people
    people.close()


@pytest.fixture
def read(tmp_path):
    store, state = make_read(
        tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 20)]
    )
    yield store, state
    store.close()


def accept(store, state, point):
    decide(store, state, Decision("jdoe", point, "L1", Action.ACCEPT))


def signed(read, people):
    store, state = read
    for point in (BASELINE, FOLLOW_UP):
        accept(store, state, point)
        sign_and_lock(store, state, people, ME, point)
    return store, state


def test_a_baseline_is_signed_before_the_follow_up_is_decided(read, people):
    store, state = read
    accept(store, state, BASELINE)
    assert missing(state, BASELINE) == []
    assert missing(state) != []
    signature = sign_and_lock(store, state, people, ME, BASELINE)
    assert (signature.signer, signature.printed_name) == ("jdoe", "Jane Doe, MD")
    assert (signature.meaning, signature.category, signature.version) == (Meaning.AUTHORSHIP, None, 1)
    assert signature.reviewed
    assert datetime.now(UTC) - datetime.fromisoformat(signature.utc) < timedelta(minutes=1)
    assert is_signed(state, BASELINE)
    assert stage(state, FOLLOW_UP) is Stage.OPEN
    assert read_state(store).signatures == state.signatures == [signature]


def test_the_signed_category_is_kept(read, people):
    _, state = signed(read, people)
    assert [s.category for s in state.signatures] == [None, "PR"]
    assert float(state.signatures[1].sum) == pytest.approx(20, abs=1)


def test_nothing_of_a_locked_time_point_changes(read, people):
    store, state = signed(read, people)
    events = len(store.events())
    with pytest.raises(AccessError, match="signed and locked"):
        accept(store, state, BASELINE)
    with pytest.raises(AccessError, match="signed and locked"):
        decide_non_target(store, state, NonTargetDecision("jdoe", FOLLOW_UP, Response.PD))
    with pytest.raises(AccessError, match="signed and locked"):
        sign_and_lock(store, state, people, ME, FOLLOW_UP)
    assert accept_all(store, state, "jdoe") == 0
    assert len(store.events()) == events


def test_an_incomplete_time_point_cannot_be_signed(read, people):
    store, state = read
    with pytest.raises(IncompleteReadError, match="baseline: lesion L1 is not decided"):
        sign_and_lock(store, state, people, ME, BASELINE)
    accept(store, state, BASELINE)
    accept(store, state, FOLLOW_UP)
    with pytest.raises(IncompleteReadError, match="sign baseline first"):
        sign_and_lock(store, state, people, ME, FOLLOW_UP)
    with pytest.raises(InputError, match="no time point 'later'"):
        sign_and_lock(store, state, people, ME, "later")
    assert state.signatures == []


def test_a_wrong_password_signs_nothing(read, people):
    store, state = read
    accept(store, state, BASELINE)
    with pytest.raises(SignInError, match="not accepted"):
        sign_and_lock(store, state, people, ("jdoe", "quiet river stone"), BASELINE)
    assert not is_signed(state, BASELINE)


def test_what_changed_behind_the_reader_s_back_is_not_signed(read, people):
    store, state = read
    accept(store, state, BASELINE)
    other = read_state(store)
    decide(store, other, Decision("jdoe", BASELINE, "L1", Action.REJECT, reason="cyst"))
    with pytest.raises(StorageError, match="changed on disk"):
        sign_and_lock(store, state, people, ME, BASELINE)


def test_an_amendment_is_a_new_version(read, people):
    store, state = signed(read, people)
    assert amend(store, state, people, ME, BASELINE, "wrong slice measured") == 2
    assert (stage(state, BASELINE), stage(state, FOLLOW_UP)) == (Stage.REOPENED, Stage.SIGN_AGAIN)
    with pytest.raises(AccessError, match="must be signed again"):
        accept(store, state, FOLLOW_UP)
    decide(store, state, Decision("jdoe", BASELINE, "L1", Action.REJECT, reason="cyst"))
    with pytest.raises(IncompleteReadError, match="sign baseline first"):
        sign_and_lock(store, state, people, ME, FOLLOW_UP)
    sign_and_lock(store, state, people, ME, BASELINE)
    sign_and_lock(store, state, people, ME, FOLLOW_UP)
    assert [s.version for s in state.signatures] == [2, 2]
    assert len(state.locks.signatures) == 4
    assert read_state(store).locks == state.locks
    assert verify(store, people=people).problem == ""


def test_a_second_person_countersigns(read, people):
    store, state = signed(read, people)
    people.add("chief", "Ann Chief", {Role.ADJUDICATOR}, "warm stone bridges", people.authenticate(*ME))
    with pytest.raises(SignInError, match="please change it"):
        countersign(store, state, people, ("chief", "warm stone bridges"), BASELINE, Meaning.REVIEW)
    people.change_password("chief", "warm stone bridges", "seven green windows")
    chief = ("chief", "seven green windows")
    countersign(store, state, people, chief, BASELINE, Meaning.REVIEW)
    assert [(s.signer, s.meaning) for s in state.signatures if s.time_point == BASELINE] == [
        ("jdoe", "authorship"),
        ("chief", "review"),
    ]
    with pytest.raises(AccessError, match="another role"):
        countersign(store, state, people, ME, BASELINE, Meaning.REVIEW)
    with pytest.raises(InputError, match="authorship is the reader's"):
        countersign(store, state, people, chief, BASELINE, Meaning.AUTHORSHIP)


def test_result_shows_signatures_and_locks(read, people, tmp_path):
    store, state = read
    accept(store, state, BASELINE)
    sign_and_lock(store, state, people, ME, BASELINE)
    profile = load_profile("recist-1.1")
    result = write_result(tmp_path, state, profile, None)
    assert [p["stage"] for p in result["time_points"]] == ["in review", "open"]
    (signature,) = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["signatures"]
    assert (signature["printed_name"], signature["meaning"]) == ("Jane Doe, MD", "authorship")
    assert signature["chain_head"] == store.events()[-2].hash
    image = Volume(np.zeros(GRID.size, np.int16), GRID)
    write_html(tmp_path / "report.html", report_content(state, profile, None, lambda _: image))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for words in (
        "Jane Doe, MD",
        "authorship",
        f"{signature['utc'][:16].replace('T', ' ')} UTC",
        "baseline: in review",
    ):
        assert words in page


@pytest.mark.parametrize(
    "field", ["content_sha256", "chain_head", "signer", "category", "printed_name", "meaning", "time_point"]
)
def test_a_signature_that_was_changed_is_found(read, people, field):
    store, _ = signed(read, people)
    assert verify(store, people=people).problem == ""
    assert verify(store, people=people).signatures == 2
    payload = dict(store.events()[-1].payload)
    payload[field] = BASELINE if field == "time_point" else "0" * 64
    with around_the_guards(store.path) as connection:
        change(connection, "events", "payload", json.dumps(payload, sort_keys=True), ("action", "signed"))
    assert "event" in verify(store, people=people).problem


def test_a_forged_signature_event_in_a_fitting_chain_is_found(read, people):
    store, state = signed(read, people)
    genuine = store.events()[-1].payload
    amend(store, state, people, ME, FOLLOW_UP, "to be replaced")
    decide(store, state, Decision("jdoe", FOLLOW_UP, "L1", Action.REJECT, reason="motion"))
    store.append("jdoe", "signed", {**genuine, "chain_head": store.head()})
    number = store.events()[-1].sequence
    assert store.verify() is None
    assert verify(store, people=people).problem == (
        f"event {number} of read 'read-1': the signature does not fit what was signed"
    )


def test_a_noted_hash_shows_a_cut_end(read, people):
    store, _ = signed(read, people)
    noted = verify(store, people=people).chain.head
    with around_the_guards(store.path) as connection:
        connection.execute(text("DELETE FROM events WHERE position = (SELECT max(position) FROM events)"))
    assert "the table of standings" in verify(store, people=people).problem, "whoever cut forgot the table"
    with around_the_guards(store.path) as connection:
        connection.execute(text("DELETE FROM standings"))
    assert verify(store, people=people).problem == ""
    assert "not in the chain" in verify(store, None, noted, people).problem


def test_an_open_question_is_answered_before_signing(people, tmp_path):
    later = "follow-up 2"
    sizes = {BASELINE: 40, FOLLOW_UP: None, later: 3}
    store, state = make_read(tmp_path / "cr.sqlite", [lesion(point, "L1", mm) for point, mm in sizes.items()])
    for point in sizes:
        accept(store, state, point)
    profile = load_profile("recist-1.1")
    with pytest.raises(InputError, match="no question is open"):
        answer(store, state, profile, "jdoe", FOLLOW_UP, "cr-was-pr")
    for point in (BASELINE, FOLLOW_UP):
        sign_and_lock(store, state, people, ME, point)
    with pytest.raises(IncompleteReadError, match="true recurrence"):
        sign_and_lock(store, state, people, ME, later)
    with pytest.raises(InputError, match="possible: recurrence-is-pd, cr-was-pr"):
        answer(store, state, profile, "jdoe", later, "maybe")
    answer(store, state, profile, "jdoe", later, "cr-was-pr")
    assert category(state, profile).latest.overall == "PR"
    path = tmp_path / "answer.yaml"
    path.write_text(
        "reader: jdoe\nanswers: [{time_point: follow-up 2, choice: recurrence-is-pd}]\n", encoding="utf-8"
    )
    assert apply_decisions(store, state, path, {}) == {later}
    assert sign_and_lock(store, state, people, ME, later).category == "PD"
    assert category(read_state(store), profile).latest.overall == "PD"
    before = store.events()
    apply_decisions(store, state, path, {})  # says nothing new
    assert store.events() == before
    path.write_text(path.read_text().replace("recurrence-is-pd", "cr-was-pr"), encoding="utf-8")
    with pytest.raises(AccessError, match="signed and locked"):
        apply_decisions(store, state, path, {})
    assert verify(store, people=people).problem == ""
    store.close()


def test_nobody_signs_as_author_what_somebody_else_decided(read, people):
    store, state = read
    accept(store, state, BASELINE)
    decide(store, state, Decision("dr.other", BASELINE, "L1", Action.REJECT, reason="cyst"))
    with pytest.raises(AccessError, match=r"baseline / L1 was decided by 'dr\.other'"):
        sign_and_lock(store, state, people, ME, BASELINE)
    assert "signed" not in [e.action for e in store.events()]
    accept(store, state, BASELINE)
    assert sign_and_lock(store, state, people, ME, BASELINE).signer == "jdoe"
    decide(store, state, Decision("Jane Doe, MD", FOLLOW_UP, "L1", Action.ACCEPT))
    decide_non_target(store, state, NonTargetDecision("dr.other", FOLLOW_UP, Response.NON_CR_NON_PD))
    with pytest.raises(AccessError, match=r"non-target disease at follow-up 1 was decided by 'dr\.other'"):
        sign_and_lock(store, state, people, ME, FOLLOW_UP)
    decide_non_target(store, state, NonTargetDecision("jdoe", FOLLOW_UP, Response.NON_CR_NON_PD))
    assert sign_and_lock(store, state, people, ME, FOLLOW_UP).category == "PR"


def test_rights_are_those_of_the_moment_of_writing(read, people):
    store, state = read
    accept(store, state, BASELINE)
    me = people.authenticate(*ME)
    people.add("chief", "Ann Chief", {Role.MANAGER}, "warm stone bridges", me)
    people.change_password("chief", "warm stone bridges", "warm stone bridges two")
    chief = people.authenticate("chief", "warm stone bridges two")
    people.disable(chief, "jdoe", "left the company")
    before = len(people.log.events())
    for act in (
        lambda: people.add("crony", "A Crony", {Role.MANAGER}, PASSWORD, me),
        lambda: people.set_roles(me, "chief", {Role.READER}, "revenge"),
        lambda: people.reset_password(me, "chief", "one more password"),
        lambda: people.disable(me, "chief", "revenge"),
    ):
        with pytest.raises(AccessError, match="no open account"):
            act()
    assert len(people.log.events()) == before


def test_a_read_of_another_computer_is_checked_against_the_named_accounts(
    read, people, tmp_path, monkeypatch
):
    store, _ = signed(read, people)
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(tmp_path / "nobody.sqlite"))
    words = ["read", "verify", str(store.path)]
    alone = CliRunner().invoke(app, words)
    assert alone.exit_code == 1
    assert "there is no account 'jdoe' on this computer" in alone.output
    assert not (tmp_path / "nobody.sqlite").exists()
    named = CliRunner().invoke(app, [*words, "--accounts", str(people.log.path)])
    assert (named.exit_code, "2 signatures fit." in named.output) == (0, True), named.output
