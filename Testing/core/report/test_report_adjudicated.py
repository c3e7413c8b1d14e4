"""The report of an adjudicated read says which read counts, who chose it by role, when and why; HTML and PDF alike."""

import json
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from reportlab.platypus import KeepInFrame, Paragraph

from committees import FIRST, PD, PR, SECOND, SmallCommittee
from HCCResponseLib.base.errors import AccessError
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.report.subject import pdf
from HCCResponseLib.report.subject.content import report_content
from HCCResponseLib.report.subject.html import write_html
from HCCResponseLib.report.subject.output import write_result
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.committee.adjudication import adjudicate
from HCCResponseLib.review.read.category import category
from HCCResponseLib.review.read.choice import adjudication
from HCCResponseLib.review.read.lifecycle import amend, close
from reads import FOLLOW_UP, GRID

PROFILE = load_profile("recist-1.1")


@pytest.fixture
def two(tmp_path):
    """A subject read as PR (S1-1) and as PD (S1-2)."""
    committee = SmallCommittee(tmp_path / "reads.sqlite")
    for name, stream, sizes in (("ann", FIRST, PR), ("bob", SECOND, PD)):
        committee.read(name, committee.assign(name, stream).read_id, sizes)
    yield committee
    committee.store.close()


def choose(two):
    adjudicate(two.store, two.people, two.credentials("judge"), "S1", "S1-1", "shrinks on all slices")


def content_of(two, name, read_id):
    _, state = two.open(name, read_id)

    def image(_):
        return Volume(np.zeros(GRID.size, np.int16), GRID, "ct")

    return report_content(state, PROFILE, category(state, PROFILE), image, read_id=read_id)


def printed_words(content):
    """All words of the PDF's first page."""
    first = pdf.story(content)[0]
    assert isinstance(first, KeepInFrame)
    return " ".join(p.text for p in first._content if isinstance(p, Paragraph))


@pytest.mark.parametrize(
    ("name", "read_id", "short", "counts"),
    [
        ("ann", "S1-1", "this read counts", "this read (S1-1, RADIOLOGIST 1) counts"),
        (
            "bob",
            "S1-2",
            "read S1-1 counts",
            "read S1-1 (RADIOLOGIST 1) counts for this subject, not this read",
        ),
    ],
)
def test_it_says_which_read_counts_by_whom_when_and_why(two, tmp_path, name, read_id, short, counts):
    assert "djudicated" not in " ".join(
        (content_of(two, name, read_id).state, *content_of(two, name, read_id).who)
    )
    choose(two)
    content = content_of(two, name, read_id)
    assert content.state == f"Signed by Dr {name.title()}; adjudicated, {short}"
    (when,) = {
        e.utc[:16].replace("T", " ") for e in two.store.other(read_id).events() if e.action == "adjudicated"
    }
    write_html(tmp_path / "r.html", content)
    html = unescape((tmp_path / "r.html").read_text(encoding="utf-8"))
    for text in (html[html.index("Who and when") :], printed_words(content)):
        said = re.search(r"Adjudicated by the adjudicator, (.{16}) UTC.*?: (.*?)\. Reason: (.*?)\.", text)
        assert said is not None
        assert said.groups() == (when, counts, "shrinks on all slices")
    assert "Judge" not in html, "readers do not learn who else takes part"
    assert f"adjudicated, {short}" in html


def test_the_result_names_the_choice_for_programs(two, tmp_path):
    def written(name, read_id):
        _, state = two.open(name, read_id)
        return write_result(tmp_path, state, PROFILE, None, read_id)["adjudication"]

    assert written("ann", "S1-1") is None
    choose(two)
    mine, other = written("ann", "S1-1"), written("bob", "S1-2")
    (event,) = (e for e in two.store.other("S1-1").events() if e.action == "adjudicated")
    assert mine == {
        "chosen": "S1-1",
        "stream": FIRST,
        "this_read": True,
        "decided_by": "the adjudicator",
        "utc": event.utc,
        "local": event.local,
        "reason": "shrinks on all slices",
    }
    assert (other["chosen"], other["this_read"], other["reason"]) == ("S1-1", False, mine["reason"])
    assert json.loads((tmp_path / "result.json").read_text())["adjudication"] == other
    assert written("eve", "S1-2")["decided_by"] == "the adjudicator Dr Judge", "auditors know names"


def test_a_choice_of_an_earlier_version_has_no_stream(two):
    choose(two)
    _, state = two.open("bob", "S1-2")
    state.locks.choice = replace(state.locks.choice, stream="")
    assert ": read S1-1 counts for this subject, not this read. " in adjudication(state, "S1-2").words


def test_why_an_adjudicated_read_cannot_be_opened_again_is_said(two):
    choose(two)
    store, state = two.open("ann", "S1-1")
    why = (
        r"was adjudicated on \d{4}-\d\d-\d\d \(S1-1 counts\).*queries have to be settled before adjudication"
    )
    with pytest.raises(AccessError, match=why):
        amend(store, state, two.people, two.credentials("boss"), FOLLOW_UP, "query 17")


def test_a_read_that_a_manager_closed_says_the_manager_s_reason(two):
    store, state = two.open("ann", "S1-1")
    close(store, state, two.people, two.credentials("boss"), "database lock")
    with pytest.raises(AccessError, match=r"closed for good \(database lock\)"):
        amend(store, state, two.people, two.credentials("boss"), FOLLOW_UP, "query 17")
