"""Who may do what at which stage: every cell of the table, against an independent table that people can read."""

from itertools import product

import pytest

from HCCResponseLib.base.errors import AccessError
from HCCResponseLib.review.people.person import Person
from HCCResponseLib.review.read.access import Act, Relation, Role, Stage, allowed
from HCCResponseLib.review.read.lifecycle import require, stage, standings
from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.signing.signatures import Locks, ReadOrder
from reads import BASELINE, FOLLOW_UP, study

# One letter a stage, in this order: Waiting Open Reopened Sign-again Locked in-reView Final; '-' is no.
EXPECTED = """
                own reader   other reader   adjudicator   manager    auditor    unblinder
see             -ORSLVF      -------        ----LVF       -------    WORSLVF    -------
propose         -O-----      -------        -------       -------    -------    -------
decide          -OR----      -------        -------       -------    -------    -------
sign            -ORS---      -------        -------       -------    -------    -------
countersign     -------      -------        ----LVF       -------    -------    -------
amend           -----V-      -------        -------       ----LV-    -------    -------
close           -------      -------        -------       ----LV-    -------    -------
reread          -------      -------        -------       ----LVF    -------    -------
adjudicate      -------      -------        ----LVF       -------    -------    -------
assign          -------      -------        -------       WORSLVF    -------    -------
audit           -------      -------        -------       WORSLVF    WORSLVF    -------
unblind         -------      -------        -------       -------    -------    WORSLVF
"""
STAGES = ["waiting", "open", "reopened", "sign again", "locked", "in review", "final"]
STANDINGS = ["own reader", "other reader", "adjudicator", "manager", "auditor", "unblinder"]
TABLE = {
    (row.split()[0], who, now): row.split()[1 + column][place] != "-"
    for row in EXPECTED.strip().splitlines()[1:]
    for column, who in enumerate(STANDINGS)
    for place, now in enumerate(STAGES)
}
ROLE = {"own reader": "reader", "other reader": "reader"}


SEQUENTIAL, BOTH = ReadOrder.SEQUENTIAL, {BASELINE, FOLLOW_UP}
READS_AT = {
    "waiting": (lambda: Locks(SEQUENTIAL), FOLLOW_UP),
    "open": (lambda: Locks(SEQUENTIAL), BASELINE),
    "reopened": (lambda: Locks(SEQUENTIAL, reopened={BASELINE: "typing error"}), BASELINE),
    "sign again": (lambda: Locks(SEQUENTIAL, locked={BASELINE}, sign_again={FOLLOW_UP}), FOLLOW_UP),
    "locked": (lambda: Locks(SEQUENTIAL, locked={BASELINE}), BASELINE),
    "in review": (lambda: Locks(ReadOrder.HYBRID, locked=set(BOTH)), BASELINE),
    "final": (lambda: Locks(SEQUENTIAL, locked=set(BOTH), final="adjudicated"), BASELINE),
}


def test_the_expected_table_names_everything_there_is():
    assert {a for a, _, _ in TABLE} == {a.value for a in Act}
    assert [s.value for s in Relation] == STANDINGS
    assert [s.value for s in Stage] == STAGES
    assert len(TABLE) == len(Act) * len(Relation) * len(Stage) == 504


@pytest.mark.parametrize(("who", "act", "now"), list(product(Relation, Act, Stage)))
def test_every_cell(who, act, now):
    expected = TABLE[act.value, who.value, now.value]
    assert allowed(who, act, now) is expected
    make, point = READS_AT[now.value]
    locks = make()
    locks.reader = "me" if who is Relation.OWN_READER else "somebody"
    state = ReadState(study=study(), locks=locks)
    assert stage(state, point) is now
    person = Person("me", "M. E.", frozenset({Role(ROLE.get(who.value, who.value))}))
    assert standings(person, state) == {who}
    if expected:
        require(person, act, state, point)
    else:
        with pytest.raises(AccessError, match=r"M\. E\."):
            require(person, act, state, point)


def test_two_roles_add_up():
    state = ReadState(study=study(), locks=Locks(ReadOrder.SEQUENTIAL, "me"))
    person = Person("me", "M. E.", frozenset({Role.READER, Role.MANAGER}))
    assert require(person, Act.DECIDE, state, BASELINE) == "reader"
    assert require(person, Act.ASSIGN, state) == "manager"


@pytest.mark.parametrize(
    ("order", "locked", "expected"),
    [
        (ReadOrder.SEQUENTIAL, set(), [Stage.OPEN, Stage.WAITING]),
        (ReadOrder.SEQUENTIAL, {BASELINE}, [Stage.LOCKED, Stage.OPEN]),
        (ReadOrder.SEQUENTIAL, {BASELINE, FOLLOW_UP}, [Stage.LOCKED, Stage.LOCKED]),
        (ReadOrder.HYBRID, {BASELINE}, [Stage.LOCKED, Stage.OPEN]),
        (ReadOrder.HYBRID, {BASELINE, FOLLOW_UP}, [Stage.REVIEW, Stage.REVIEW]),
        (ReadOrder.UNLOCKED, set(), [Stage.OPEN, Stage.OPEN]),
        (ReadOrder.UNLOCKED, {BASELINE}, [Stage.REVIEW, Stage.OPEN]),
    ],
)
def test_the_order_of_reading_says_what_is_open(order, locked, expected):
    state = ReadState(study=study(), locks=Locks(order, "me", locked=locked))
    assert [stage(state, p) for p in (BASELINE, FOLLOW_UP)] == expected
