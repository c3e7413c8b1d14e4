"""A signature is only what its signer's key has made: forged events, swapped keys and stores of earlier versions."""

import json

import pytest

from committees import FIRST, SmallCommittee, password
from forgery import forge
from HCCResponseLib.base.errors import AccessError, SignInError
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.people.account_rules import shipped_rules
from HCCResponseLib.review.people.keys import lock, new_key, signature_fits, unlock
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.review.signing.audit import verify
from HCCResponseLib.review.signing.content import content_hash
from HCCResponseLib.review.signing.signing import sign_and_lock
from HCCResponseLib.review.store import STORE_LOG, sealed_content
from HCCResponseLib.review.store import rows as rows_module
from reads import BASELINE, FOLLOW_UP, lesion, make_read

CHEAP = shipped_rules().model_copy(update={"argon2_time_cost": 1, "argon2_memory_kib": 8192})


@pytest.fixture
def committee(tmp_path):
    made = SmallCommittee(tmp_path / "trial.sqlite")
    made.assign("ann", FIRST)
    yield made
    made.store.close()


@pytest.fixture
def signed(committee):
    """The baseline signed, the follow-up proposed and decided."""
    store, state = committee.draft()
    sign_and_lock(store, state, committee.people, committee.credentials("ann"), BASELINE)
    committee.draft(point=FOLLOW_UP, mm=20)
    return committee


def genuine(committee, category="PD"):
    """The payload of a signature of ann's, as the software would write it, for the follow-up."""
    read = committee.store.other("S1-1")
    payload = next(e.payload for e in read.events() if e.action == "signed")
    names = [BASELINE, FOLLOW_UP]
    content = content_hash(read.events(), names, FOLLOW_UP)
    return {
        **payload,
        "time_point": FOLLOW_UP,
        "category": category,
        "sum": "21.0",
        "content_sha256": content,
    }


def without(payload, *names):
    return {k: v for k, v in payload.items() if k not in names}


def test_a_forged_pd_by_a_reader_is_named(signed):
    payload = without(genuine(signed), "key", "signature")
    number = forge(signed.store.path, "S1-1", "ann", "signed", payload, item=FOLLOW_UP, role="reader")
    assert signed.store.other("S1-1").verify() is None
    assert verify(signed.store).problem == f"event {number} of read 'S1-1': it has no signature"


def test_a_forged_signature_in_the_format_of_earlier_versions_is_named(signed):
    payload = without(genuine(signed), "key", "signature", "content_version")
    number = forge(signed.store.path, "S1-1", "ann", "signed", payload, item=FOLLOW_UP, format=2)
    assert verify(signed.store).problem == f"event {number} of read 'S1-1': it has no signature"


def test_a_signature_under_a_key_of_the_forger_is_named(signed):
    own = new_key()
    payload = {**without(genuine(signed), "signature"), "key": own.key}
    payload["signature"] = own.sign(b"anything")
    number = forge(signed.store.path, "S1-1", "ann", "signed", payload, item=FOLLOW_UP)
    assert verify(signed.store).problem == (
        f"event {number} of read 'S1-1': it is signed with a key that is not ann's"
    )


@pytest.mark.parametrize("action", ["account-password", "account-added", "account-roles", "account-key"])
def test_a_key_or_role_that_is_slipped_into_the_log_is_vouched_for_by_nobody(signed, action):
    own = new_key()
    name = "newcomer" if action == "account-added" else "ann"
    payload = {"name": name, "printed_name": "X", "roles": ["manager"], "temporary": False}
    payload |= {"public_key": own.public, "key": own.key, "signature": own.sign(b"anything")}
    actor = "boss" if action == "account-roles" else name
    number = forge(signed.store.path, STORE_LOG, actor, action, payload, contours="")
    assert verify(signed.store).problem.startswith(f"event {number} of read 'store': ")


@pytest.mark.parametrize("action", ["amended", "closed", "assigned", "adjudicated"])
def test_forged_assignments_amendments_and_adjudications_are_named(signed, action):
    payload = {"time_point": BASELINE, "later": [], "reader": "bob", "order": "hybrid", "profile_sha256": ""}
    number = forge(signed.store.path, "S1-1", "boss", action, payload)
    assert verify(signed.store).problem == f"event {number} of read 'S1-1': it has no signature"


def test_a_category_that_the_decisions_do_not_give_is_named_even_under_the_right_key(signed):
    person = signed.person("ann")
    payload = without(genuine(signed), "key", "signature")
    read = signed.store.other("S1-1")
    event = read.append("ann", "signed", {**payload, "chain_head": read.head()}, signer=person.key)
    assert verify(signed.store).problem == (
        f"event {event.sequence} of read 'S1-1': it says PD, sum 21.0; computed again: PR, sum 21.0"
    )


def test_what_is_signed_holds_links_and_study(signed):
    read = signed.store.other("S1-1")
    events = read.events()
    names = [BASELINE, FOLLOW_UP]
    read.append("ann", "links", {"time_point": BASELINE, "reason": "", "links": []})
    assert content_hash(read.events(), names, BASELINE) != content_hash(events, names, BASELINE)
    assert content_hash(read.events(), names, BASELINE, 1) == content_hash(events, names, BASELINE, 1)
    bare = [e for e in events if e.action != "study"]
    assert content_hash(bare, names, BASELINE) != content_hash(events, names, BASELINE)


def test_the_signature_covers_every_field_of_the_event(signed):
    event = next(e for e in signed.store.other("S1-1").events() if e.action == "signed")
    public = signed.people.account("ann").public_key
    assert signature_fits(public, sealed_content(event), event.payload["signature"])
    for name in ("utc", "actor", "role", "item", "new", "reason", "previous", "previous_in_store", "profile"):
        changed = type(event)(**{**vars(event), name: "other"})
        assert not signature_fits(public, sealed_content(changed), event.payload["signature"]), name


def test_a_changed_password_keeps_the_key_and_a_reset_makes_a_new_one(signed):
    people = signed.people
    before = people.account("ann").public_key
    people.change_password("ann", password("ann"), "another of her own")
    assert people.account("ann").public_key == before
    people.reset_password(signed.person("boss"), "ann", "given by the boss")
    temporary = people.account("ann").public_key
    people.change_password("ann", "given by the boss", "and one more of hers")
    own = people.account("ann").public_key
    assert len({before, temporary, own}) == 3
    store = signed.store.other("S1-1")
    state = read_state(store)
    state.person = people.authenticate("ann", "and one more of hers").locked()
    sign_and_lock(store, state, people, ("ann", "and one more of hers"), FOLLOW_UP)
    found = verify(signed.store)
    assert (found.problem, found.signatures, found.without_key) == ("", 2, 0)
    keys = [e.payload["key"] for e in store.events() if e.action == "signed"]
    assert len(set(keys)) == 2


def test_an_old_key_signs_nothing_after_it_was_replaced(signed):
    person = signed.person("ann")
    signed.people.reset_password(signed.person("boss"), "ann", "given by the boss")
    with pytest.raises(AccessError, match="sign in again"):
        signed.people.present(person)
    payload = without(genuine(signed, "PR"), "key", "signature")
    read = signed.store.other("S1-1")
    event = read.append("ann", "signed", {**payload, "chain_head": read.head()}, signer=person.key)
    assert verify(signed.store).problem == (
        f"event {event.sequence} of read 'S1-1': it is signed with a key that is not ann's"
    )


def test_a_locked_key_opens_with_its_password_alone():
    key = new_key()
    box = lock(key, "quiet river stones", CHEAP)
    opened = unlock(json.loads(json.dumps(box)), "quiet river stones")
    assert opened is not None and opened.public == key.public
    assert unlock(box, "quiet river stone") is None
    assert unlock({**box, "public": new_key().public}, "quiet river stones") is None
    assert "private" not in repr(key)


@pytest.fixture
def earlier(tmp_path, monkeypatch):
    """A store with its accounts as an earlier version wrote it: hash in the event, signature without a key."""
    monkeypatch.setattr(rows_module, "FORMAT", 2)
    store, state = make_read(
        tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 20)]
    )
    log = store.other(STORE_LOG)
    secret = {"hash": CHEAP.hasher().hash("quiet river stones"), "temporary": False}
    account = {"name": "jdoe", "printed_name": "Jane Doe, MD", "roles": ["manager", "reader"], **secret}
    log.append("jdoe", "account-added", account)
    log.append("jdoe", "account-rules", {"rules": CHEAP.model_dump()})
    decide(store, state, Decision("jdoe", BASELINE, "L1", Action.ACCEPT))
    people = People(store)
    sign_as_before(store, people, monkeypatch)
    monkeypatch.undo()
    yield store, people
    store.close()


def sign_as_before(store, people, monkeypatch):
    """The signature of the baseline by the earlier rule."""
    payload = {
        "time_point": BASELINE, "version": 1, "category": None, "sum": "40.0", "reviewed": True,
        "profile": "recist-1.1", "profile_sha256": "0" * 64, "signer": "jdoe", "printed_name": "Jane Doe, MD",
        "meaning": "authorship", "chain_head": store.head(),
        "content_sha256": content_hash(store.events(), [BASELINE, FOLLOW_UP], BASELINE, 1),
    }  # fmt: skip
    store.append("jdoe", "signed", payload, item=BASELINE)


def test_a_store_of_an_earlier_version_means_the_same_and_gets_its_key_at_the_next_sign_in(earlier):
    store, people = earlier
    found = verify(store)
    assert (found.problem, found.signatures, found.without_key) == ("", 1, 1)
    (old,) = read_state(store).signatures
    assert (old.key, old.under_key) == ("", "without key")
    state = read_state(store)
    decide(store, state, Decision("jdoe", FOLLOW_UP, "L1", Action.ACCEPT))
    new = sign_and_lock(store, state, people, ("jdoe", "quiet river stones"), FOLLOW_UP)
    assert new.under_key == f"key {new.key[:16]}"
    found = verify(store)
    assert (found.problem, found.signatures, found.without_key) == ("", 2, 1)
    assert any("stands for itself" in note and new.key in note for note in found.notes)
    assert [e.action for e in people.log.events()].count("account-key") == 1
    with pytest.raises(SignInError):
        people.authenticate("jdoe", "another password")


def test_once_somebody_has_a_key_no_signature_without_one_is_believed(earlier):
    store, people = earlier
    people.authenticate("jdoe", "quiet river stones")
    payload = without(next(e.payload for e in store.events() if e.action == "signed"))
    number = forge(store.path, "read-1", "jdoe", "signed", payload, item=BASELINE, format=2)
    assert verify(store).problem == f"event {number} of read 'read-1': it has no signature"
