"""What a report looks like: first page, what was rejected or not looked at, PDF."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from html import unescape

import numpy as np
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepInFrame, Paragraph

from committees import FIRST, SmallCommittee
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.report.subject import pdf
from HCCResponseLib.report.subject.content import report_content
from HCCResponseLib.report.subject.html import write_html
from HCCResponseLib.report.subject.output import write_result
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.decisions.decide import accept_all, decide
from HCCResponseLib.review.read.category import category
from HCCResponseLib.review.read.records import Action, Decision
from reads import BASELINE, FOLLOW_UP, GRID, candidate, disc, lesion, make_read

PROFILE = load_profile("recist-1.1")


def image(_: str = "") -> Volume:
    hu = np.full(GRID.size, -1000, np.int16)
    hu[:, 5:-5, 5:-5] = 100
    hu[disc(30)] = 40
    return Volume(hu, GRID, "ct")


def say(store, state, point, name, action=Action.ACCEPT, reason=""):
    decide(store, state, Decision("Dr A", point, name, action, reason=reason))


@pytest.fixture
def read(tmp_path):
    """Two lesions, one of them called none by the reader, and a candidate that is dismissed."""
    proposals = [lesion(BASELINE, "L1", 40), lesion(BASELINE, "L2", 20)]
    proposals += [lesion(FOLLOW_UP, "L1", 24), lesion(FOLLOW_UP, "L2", 20), candidate()]
    store, state = make_read(tmp_path / "read.sqlite", proposals)
    yield store, state
    store.close()


def content_of(state, profile=PROFILE):
    return report_content(state, profile, category(state, profile), image, read_id="read-1")


def html_of(tmp_path, content):
    write_html(tmp_path / "r.html", content)
    return (tmp_path / "r.html").read_text(encoding="utf-8")


def test_rows_that_nobody_looked_at_look_so_everywhere(tmp_path, read):
    store, state = read
    say(store, state, BASELINE, "L1")
    accept_all(store, state, "Dr A")
    content = content_of(state)
    assert content.state == "Not signed, not reviewed"
    cells = {line.name: line.cells for group in content.groups for line in group.lines}
    assert [(c.status, c.tag) for c in cells["L1"]] == [("accepted", "seen"), ("accepted unseen", "open")]
    assert {(c.status, c.tag) for c in cells["L2"]} == {("accepted unseen", "open")}
    assert [(n.said, n.seen) for n in content.new_lesions] == [("new, accepted unseen", False)]
    assert content.who[:2] == ("Decided by Dr A.", "4 rows accepted unseen in the name of Dr A.")
    html = html_of(tmp_path, content)
    assert html.count('class="tag seen accepted"') == 1
    assert 'class="category open"' in html
    assert "L1</b>: 40" not in html
    assert "mm, accepted unseen</figcaption>" in html
    rows = write_result(tmp_path, state, PROFILE, category(state, PROFILE))["time_points"][1]["rows"]
    assert {row["seen"] for row in rows} == {False}


def test_what_was_rejected_is_one_line_and_no_picture_and_no_warning(tmp_path, read):
    store, state = read
    say(store, state, BASELINE, "L1")
    say(store, state, BASELINE, "L2", Action.REJECT, "a cyst")
    row = state.row(FOLLOW_UP, "C1")
    doubtful = replace(row.proposal, evidence={"confidence": 0.1, "registration_remark": "far off"})
    say(store, state, FOLLOW_UP, "L1")
    say(store, state, FOLLOW_UP, "C1", Action.DISMISS, "a <vessel>")
    state.rows[FOLLOW_UP]["L2"] = replace(
        state.rows[FOLLOW_UP]["L2"],
        proposal=replace(state.rows[FOLLOW_UP]["L2"].proposal, evidence=doubtful.evidence),
    )
    content = report_content(state, PROFILE, None, image)
    assert content.rejected.line == "2 proposals rejected by Dr A: L2 at baseline, C1 at follow-up 1."
    assert [card.title for card in content.cards] == ["Lesion L1"]
    assert [line.name for group in content.groups for line in group.lines] == ["L1"]
    assert content.new_lesions == ()
    assert not [line for line in content.cautions if "L2" in line or "C1" in line]
    assert not [level for level in content.levels if "L2" in level.names or "C1" in level.names]
    html = re.sub(r"data:[^\"]+", "", html_of(tmp_path, content))
    assert html.count("C1") == 2, "the line, and its reason behind it"
    assert "C1 at follow-up 1: a &lt;vessel&gt;" in html


def test_a_contour_that_was_rejected_at_a_follow_up_leaves_its_lesion_not_evaluable_and_undrawn(read):
    store, state = read
    for point, name in ((BASELINE, "L1"), (BASELINE, "L2"), (FOLLOW_UP, "L1")):
        say(store, state, point, name)
    say(store, state, FOLLOW_UP, "L2", Action.REJECT, "motion")
    say(store, state, FOLLOW_UP, "C1", Action.DISMISS, "vessel")
    content = content_of(state)
    (line,) = [one for group in content.groups for one in group.lines if one.name == "L2"]
    assert (line.cells[1].text, line.cells[1].status, line.cells[1].note) == ("not evaluable", "rejected", "")
    (card,) = [card for card in content.cards if card.title == "Lesion L2"]
    assert card.pictures[0].data is not None
    assert (card.pictures[1].data, card.pictures[1].words) == (None, "not-evaluable, rejected")


def test_the_first_page_says_category_sums_new_lesions_who_and_research_use_before_any_picture(
    tmp_path, read
):
    store, state = read
    accept_all(store, state, "Dr A")
    row = state.row(FOLLOW_UP, "C1")
    places = {"place_lps": [20, 20, 10], "place_at_baseline_lps": [20, 20, 10]}
    state.rows[FOLLOW_UP]["C1"] = replace(row, proposal=replace(row.proposal, evidence=places))
    html = html_of(tmp_path, content_of(state))
    body = html[html.index("<body>") :]
    order = [
        "Not signed", "<b>PD</b>", "Target lesions", "Sum of diameters", "Change from baseline", "Change from nadir",
        "New lesions", "Who and when", "For research use; not cleared", "</div>\n\n<section>\n<h2>Side by side",
        "<img", "Key slices", "Why: the trace", "How the proposals were made",
    ]  # fmt: skip
    places = [body.index(words) for words in order]
    assert places == sorted(places)
    assert "break-after: page" in html, "pictures begin on a page of their own in print"


@pytest.mark.parametrize(
    ("profile", "figure", "note"),
    [
        ("recist-1.1", "{long} mm", "x {short} mm"),
        ("who", "{product} mm²", "{long} x {short} mm"),
        ("volume", "{volume} mm³", "{long} x {short} mm"),
    ],
)
def test_figures_of_a_lesion_have_the_unit_of_the_quantity_that_adds_up(read, profile, figure, note):
    store, state = read
    accept_all(store, state, "Dr A")
    row, chosen = state.row(BASELINE, "L1"), load_profile(profile)
    cell = content_of(state, chosen).groups[0].lines[0].cells[0]
    product = (row.long_mm * row.short_mm).quantize(Decimal("0.1"), "ROUND_HALF_UP")
    known = {
        "long": row.long_mm,
        "short": row.short_mm,
        "product": product,
        "volume": f"{row.measurement.volume_mm3:.1f}",
    }
    assert cell.text == figure.format(**known)
    assert cell.note.startswith(note.format(**known))


def words_of(flowables):
    """Every text in the PDF's flowables, tables and frames too."""
    for one in flowables:
        if isinstance(one, Paragraph):
            yield one.getPlainText(identify=True)
        elif isinstance(one, (list, tuple)):
            yield from words_of(one)
        else:
            for inner in ("_content", "_cellvalues"):
                yield from words_of(getattr(one, inner, ()) or ())


def plain(words):
    return re.sub(r"\s+", "", words)


def test_html_and_pdf_say_every_sentence_of_the_content(tmp_path, read):
    store, state = read
    say(store, state, BASELINE, "L1")
    accept_all(store, state, "Dr <A>")
    say(store, state, FOLLOW_UP, "C1", Action.DISMISS, "a <vessel>")
    state.provenance[FOLLOW_UP]["registration"] = {"trustworthy": False, "cycle_error_mm": 0.9}
    content = content_of(state)
    lines = [line for group in content.groups for line in (*group.lines, *group.sums)]
    said = [
        content.title,
        content.profile,
        content.state,
        content.measured,
        content.rejected.line,
        *content.who,
    ]
    said += [*content.signed_lines, *content.cautions, *content.rejected.reasons]
    said += [text for c in content.follow_ups for text in (str(c.overall), str(c.date), *c.trace)]
    said += [
        text
        for line in lines
        for cell in line.cells
        for text in (line.name, cell.text, cell.status, cell.note)
    ]
    said += [f"{p.point}: {p.words}" for card in content.cards for p in card.pictures]
    said += [text for one in content.provenance for text in one.sentences]
    assert len(said) > 60 and "error there and back 0.9 mm" in " ".join(said)
    printed = plain(" ".join(words_of(pdf.story(content)))) + plain(content.state)  # which is in the head
    shown = plain(unescape(re.sub(r"<[^>]+>", "", html_of(tmp_path, content))))
    assert [text for text in said if plain(text) not in printed] == []
    assert [text for text in said if plain(text) not in shown] == []


def test_every_page_of_the_pdf_names_subject_read_state_and_its_number(tmp_path, read, monkeypatch):
    store, state = read
    accept_all(store, state, "Dr A")
    drawn = []
    for name in ("drawString", "drawRightString"):
        real = getattr(Canvas, name)
        monkeypatch.setattr(
            Canvas, name, lambda c, x, y, text, real=real: (drawn.append(text), real(c, x, y, text))[1]
        )
    path = tmp_path / "report.pdf"
    pages = pdf.write_pdf(path, content_of(state))
    data = path.read_bytes()
    assert data.startswith(b"%PDF") and len(re.findall(rb"/Type /Page\b", data)) == pages >= 3
    last = [text for text in drawn if text][-4 * pages :]
    assert last.count("Treatment response: S1") == pages
    assert last.count("Not signed, not reviewed") == pages
    assert [text for text in last if text.startswith("page ")] == [
        f"page {n} of {pages}" for n in range(1, pages + 1)
    ]
    assert all("For research use" in text for text in last[2::4])


def test_the_head_of_a_page_says_in_words_who_has_read_whom(tmp_path, read):
    store, state = read
    accept_all(store, state, "Dr A")
    assert content_of(state).head == "Treatment response: S1", "nobody has looked"
    say(store, state, BASELINE, "L1")
    assert content_of(state).head == "Treatment response: S1, read by Dr A"
    small = SmallCommittee(tmp_path / "reads.sqlite")
    small.assign("ann", FIRST)
    _, state = small.read("ann", "S1-1")
    found = report_content(state, PROFILE, category(state, PROFILE), image, read_id="S1-1")
    assert found.head == "Treatment response: S1, read by Dr Ann (read S1-1)"
    small.store.close()


def test_a_long_head_ends_before_the_state_begins(tmp_path, read, monkeypatch):
    store, state = read
    drawn = []
    real = Canvas.drawString
    monkeypatch.setattr(
        Canvas, "drawString", lambda c, x, y, text: (drawn.append((x, text)), real(c, x, y, text))[1]
    )
    accept_all(store, state, "Dr A")
    found = content_of(state)
    pdf.write_pdf(tmp_path / "r.pdf", replace(found, head="Treatment response: " + "Ä" * 200))
    [(x, head), *_] = [one for one in drawn if one[1].startswith("Treatment response: Ä")]
    assert head.endswith("…")
    words = pdfmetrics.stringWidth(head, "DejaVuSans", 8) + pdfmetrics.stringWidth(
        found.state, "DejaVuSans", 8
    )
    assert x + words < A4[0] - x


def test_the_first_page_of_the_pdf_is_one_page_however_many_lesions_there_are(tmp_path):
    proposals = [lesion(point, f"L{n}", 12 + n) for point in (BASELINE, FOLLOW_UP) for n in range(45)]
    store, state = make_read(tmp_path / "read.sqlite", proposals)
    accept_all(store, state, "Dr A")
    bare = replace(content_of(state), cards=(), levels=(), plot=None, follow_ups=(), provenance=())
    store.close()
    first = pdf.story(bare)[0]
    assert isinstance(first, KeepInFrame)
    assert pdf.write_pdf(tmp_path / "r.pdf", bare) == 2, "the first, and what is left of the others"
    assert sum("L44" in text for text in words_of([first])) == 1


def test_result_json_holds_the_criteria_that_are_read_in_parallel(tmp_path, read):
    store, state = read
    accept_all(store, state, "Dr A")
    asked = PROFILE.with_overrides({"parallel_criteria": ["mRECIST", "iRECIST"]}, "charter, 4")
    write_result(tmp_path, state, asked, category(state, asked))
    viable, other = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["parallel_criteria"]
    assert other == {"criterion": "iRECIST", "categories": {FOLLOW_UP: "iUPD"}, "why_none": None}
    assert viable["categories"] == {} and "one measures the whole tumour" in viable["why_none"]
    assert write_result(tmp_path, state, PROFILE, None)["parallel_criteria"] == []


# -- a report that follows its read --------------------------------------------------------------------------
