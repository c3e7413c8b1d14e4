"""Unblinding by ICH E6(R3), 4.2.2: a right of its own with a reason, which changes nobody else's view."""

import pytest

from committees import FIRST, SECOND, password
from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.review.committee.assignments import open_read
from HCCResponseLib.review.committee.unblinding import unblind
from HCCResponseLib.review.committee.worklist import work_list
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.signing.audit import verify
from HCCResponseLib.review.store import STORE_LOG


def done(store, action):
    return [e for e in store.other(STORE_LOG).events() if e.action == action]


@pytest.fixture
def blinded(committee):
    committee.people.add("una", "Una Key", {Role.UNBLINDER}, password("una"), committee.person("boss"))
    committee.people.change_password("una", password("una"), password("una") + "!")
    committee.assign("ann", FIRST)
    committee.assign("bob", SECOND)
    return committee


def test_unblinding_names_the_reader_of_each_stream_and_is_an_event(blinded):
    una = blinded.people.authenticate("una", password("una") + "!")
    found = unblind(blinded.store, blinded.people, una, "S1", "query of the ethics committee")
    assert [(a.stream, a.reader, name) for a, name in found] == [
        (FIRST, "ann", "Dr Ann"),
        (SECOND, "bob", "Dr Bob"),
    ]
    (event,) = done(blinded.store, "unblinded")
    assert (event.actor, event.role, event.item, event.reason) == (
        "una", "unblinder", "subject S1", "query of the ethics committee",
    )  # fmt: skip
    assert verify(blinded.store).problem == ""


@pytest.mark.parametrize("name", ["ann", "bob", "judge", "boss", "eve"])
def test_nobody_else_can_unblind(blinded, name):
    with pytest.raises(AccessError):
        unblind(blinded.store, blinded.people, blinded.person(name), "S1", "curious")
    assert done(blinded.store, "unblinded") == []


def test_unblinding_needs_a_reason_and_a_subject(blinded):
    una = blinded.people.authenticate("una", password("una") + "!")
    for subject, reason, words in (("S1", " ", "reason"), ("S9", "query", "S9")):
        with pytest.raises(InputError, match=words):
            unblind(blinded.store, blinded.people, una, subject, reason)
    assert done(blinded.store, "unblinded") == []


def test_after_an_unblinding_everybody_sees_what_they_saw(blinded):
    def seen():
        return {
            name: work_list(blinded.store, blinded.person(name)) for name in ("ann", "bob", "judge", "boss")
        }

    before = seen()
    una = blinded.people.authenticate("una", password("una") + "!")
    unblind(blinded.store, blinded.people, una, "S1", "query")
    assert seen() == before
    assert work_list(blinded.store, una) == []
    with pytest.raises(AccessError):
        open_read(blinded.store, una, "S1-1")


def test_an_unblinding_that_was_slipped_into_the_log_is_found(blinded):
    log = blinded.store.other(STORE_LOG)
    log.append("una", "unblinded", {"subject": "S1", "reads": ["S1-1"]}, item="subject S1", reason="none")
    assert "no signature" in verify(blinded.store).problem


@pytest.mark.parametrize("other", [Role.READER, Role.ADJUDICATOR])
def test_who_reads_cannot_unblind(committee, other):
    with pytest.raises(InputError, match="blinding would be lost"):
        committee.people.add("max", "Max", {Role.UNBLINDER, other}, password("max"), committee.person("boss"))
