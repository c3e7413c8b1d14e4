"""The report of an adjudicated read says which read counts, who chose it by role, when and why; HTML and PDF alike."""

import re
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
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.committee.adjudication import adjudicate
from HCCResponseLib.review.read.category import category
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
        ("ann", "S1-1", "this read counts", "this read (S1-1) counts"),
        ("bob", "S1-2", "read S1-1 counts", "read S1-1 counts for this subject, not this read"),
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
