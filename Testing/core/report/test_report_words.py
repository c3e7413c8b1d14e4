"""What a report says in a few words is so: nobody has looked yet, a length was typed or drawn."""

from decimal import Decimal

import numpy as np
import pytest

from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.report.subject import pdf
from HCCResponseLib.report.subject.content import ReportContent, report_content
from HCCResponseLib.report.subject.html import write_html
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.decisions.decide import accept_all, decide
from HCCResponseLib.review.read.records import Action, Decision, ReaderLine
from reads import BASELINE, FOLLOW_UP, GRID, candidate, lesion, make_read, study

PROFILE = load_profile("recist-1.1")
THREE = (BASELINE, FOLLOW_UP, "follow-up 2")


def image(_: str = "") -> Volume:
    return Volume(np.full(GRID.size, 40, np.int16), GRID, "ct")


def content_of(state) -> ReportContent:
    return report_content(state, PROFILE, None, image)


@pytest.mark.parametrize(
    ("points", "proposed", "found", "says"),
    [
        (THREE[:2], (), False, "Not looked for yet: follow-up 1."),
        (THREE[:1], (), False, "Not looked for yet: there is no follow-up."),
        (THREE[:2], (FOLLOW_UP,), False, "None."),
        (THREE[:2], (FOLLOW_UP,), True, ""),
        (THREE, (FOLLOW_UP,), False, "None so far. Not looked for yet: follow-up 2."),
        (THREE, (FOLLOW_UP,), True, "Not looked for yet: follow-up 2."),
    ],
)
def test_that_there_is_no_new_lesion_is_said_only_where_somebody_looked(
    tmp_path, points, proposed, found, says
):
    rows = [lesion(point, "L1", 40) for point in (BASELINE, *proposed)]
    store, state = make_read(tmp_path / "read.sqlite", [*rows, *([candidate()] if found else [])])
    state.study = study(points)
    content = content_of(state)
    assert content.no_new_lesions == says
    write_html(tmp_path / "r.html", content)
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    section = html[html.index("<h2>New lesions</h2>") : html.index("<h2>Who and when</h2>")]
    assert ("None" in section) is ("None" in says)
    assert says in section
    pdf._know_fonts()
    assert [p.getPlainText() for p in pdf._new_lesions(content) if hasattr(p, "getPlainText")] == [says][
        : bool(says)
    ]
    store.close()


@pytest.mark.parametrize(
    ("own", "length", "how"),
    [
        ({"long_axis_mm": Decimal("27.5")}, "27.5 mm", "entered"),
        ({"long_line": ReaderLine((20.0, 40.0, 10.0), (50.0, 40.0, 10.0))}, "30.0 mm", "drawn"),
    ],
)
def test_a_length_that_was_typed_is_not_called_drawn(tmp_path, own, length, how):
    store, state = make_read(tmp_path / "read.sqlite", [lesion(p, "L1", 40) for p in (BASELINE, FOLLOW_UP)])
    accept_all(store, state, "Dr A")
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", Action.EDIT, **own))
    cell = content_of(state).groups[0].lines[0].cells[1]
    known = state.row(FOLLOW_UP, "L1").measurement.long_axis.length_mm
    assert (cell.text, cell.status) == (length, "edited")
    assert f"{how} by the reader; contour: {known} mm" in cell.note
    store.close()
