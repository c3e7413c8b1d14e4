"""The panel at 420 pixels: nothing is cut, its width is steady, tables and decision buttons are always in sight."""

from dataclasses import replace

import pytest

from HCCResponseLib.response.types import LesionState
from panel_case import decide_everything, make_case, open_case, select
from reads import BASELINE, FOLLOW_UP, candidate, lesion
from slicer_host.pictures import grab

WIDTH, PAGES = 420, ("study", "propose", "lesion", "view", "response", "sign")
ALWAYS = (
    "lesionTable",
    "acceptButton",
    "rejectButton",
    "editButton",
    "newLesionButton",
    "undoButton",
    "nextButton",
)


def shown(panel, tmp_path, page="lesion", width=WIDTH, height=620):
    panel.ui.stepTabs.setCurrentWidget(getattr(panel.ui, f"{page}Tab"))
    grab(panel.parent, tmp_path / "panel.png", width=width, height=height)


def unfold(panel):
    for name in ("more", "visit", "editor", "scene", "assigned", "account"):
        getattr(panel.ui, f"{name}Section").collapsed = False


def test_every_page_fits_into_420_pixels_with_all_unfolded(slicer_app, case, tmp_path):
    """The page's own scroll area hides what is wider, without a bar."""
    decide_everything(case)
    for page in PAGES:
        shown(case, tmp_path, page)
        unfold(case)
        shown(case, tmp_path, page)
        area = getattr(case.ui, f"{page}Tab")
        assert area.widget().width == area.viewport().width, page


@pytest.mark.parametrize("page", PAGES)
def test_the_width_is_steady_whatever_is_folded(slicer_app, case, tmp_path, page):
    """Before, it jumped between 290 and 520 pixels."""
    shown(case, tmp_path, page)
    folded = case.parent.layout().minimumSize().width()
    unfold(case)
    slicer_app.process()
    assert case.parent.layout().minimumSize().width() == folded <= WIDTH


@pytest.mark.parametrize("page", PAGES)
def test_table_and_decision_buttons_are_in_sight_on_every_page(slicer_app, case, tmp_path, page):
    """620 pixels: what is left of a screen of 1000 with Data Probe open."""
    shown(case, tmp_path, page)
    inside = case.parent.rect
    for name in ALWAYS:
        widget = getattr(case.ui, name)
        corner = widget.mapTo(case.parent, widget.rect.bottomRight())
        assert widget.isVisible(), name
        assert inside.contains(corner), name


def test_long_words_on_a_row_cover_neither_table_nor_buttons(slicer_app, case, tmp_path):
    """They scroll by themselves; before, the first line lay under the border of the table."""
    select(case, "L1", FOLLOW_UP)
    shown(case, tmp_path, "view")
    ui = case.ui
    places = [ui.acceptButton.mapTo(case.parent, ui.acceptButton.rect.topLeft()).y()]
    ui.cellLabel.setText("<br>".join(["A caution that a reader has to know."] * 12))
    slicer_app.process()
    shown(case, tmp_path, "view")
    places.append(ui.acceptButton.mapTo(case.parent, ui.acceptButton.rect.topLeft()).y())
    assert places[0] == places[1], "the buttons stay under the mouse"
    table, words = ui.lesionTable.geometry, ui.cellArea.geometry
    assert table.bottom() < words.top()
    assert table.height() >= 3 * table_line(ui.lesionTable), "header and two rows"
    assert ui.cellArea.verticalScrollBar().maximum > 0


def table_line(table):
    return table.verticalHeader().defaultSectionSize


def needed(widget):
    """Width in pixels that a widget asks for, however the host gives it."""
    hint = widget.sizeHint
    return (hint() if callable(hint) else hint).width()


@pytest.mark.parametrize("page", PAGES)
def test_no_word_on_a_button_or_beside_a_box_is_cut(slicer_app, long_words, tmp_path, page):
    from PySide6 import QtWidgets

    select(long_words, "L1", FOLLOW_UP)
    for decided in (False, True):
        if decided:
            decide_everything(long_words)
        shown(long_words, tmp_path, page)
        unfold(long_words)
        shown(long_words, tmp_path, page)
        for kind in (QtWidgets.QPushButton, QtWidgets.QCheckBox, QtWidgets.QLabel):
            for widget in long_words.parent.findChildren(kind):
                if widget.isVisible() and not (kind is QtWidgets.QLabel and widget.wordWrap):
                    assert widget.width >= needed(widget) - 1, (widget.objectName, widget.text)
    for name in ("stepTabs", "tableTabs"):
        bar = getattr(long_words.ui, name).tabBar()
        assert bar.width >= sum(bar.tabRect(n).width() for n in range(bar.count)), name
        assert all(
            bar.tabRect(n).width() >= bar.fontMetrics().horizontalAdvance(bar.tabText(n))
            for n in range(bar.count)
        )


def columns(table):
    """Header, width, and the width that its longest word needs, of every column on show."""
    for column in range(table.columnCount):
        if not table.isColumnHidden(column):
            header = table.horizontalHeader()
            need = max(table.sizeHintForColumn(column), header.sectionSizeHint(column))
            yield table.horizontalHeaderItem(column).text(), table.columnWidth(column), need


@pytest.fixture
def long_words(slicer_app, panel, tmp_path):
    """Cells with the longest words: gone, merged, two lengths of three digits, a candidate that is equivocal."""
    followed = replace(lesion(FOLLOW_UP, "L1", 24), state=LesionState.MERGED, merged_into="L2")
    make_case(
        tmp_path,
        [
            lesion(BASELINE, "L1", 70),
            lesion(BASELINE, "L2", 24),
            followed,
            lesion(FOLLOW_UP, "L2", 30),
            candidate(),
        ],
    )
    open_case(panel, tmp_path, make=False)
    return panel


@pytest.mark.parametrize(
    "table", ["lesionTable", "candidateTable", "timePointTable", "sumTable", "criteriaTable"]
)
def test_no_column_is_cut_with_two_visits(slicer_app, long_words, tmp_path, table):
    """Before, "Chang", "Overa" and "no proposals ye"."""
    pages = {"timePointTable": "study", "sumTable": "response", "criteriaTable": "response"}
    select(long_words, "L1", BASELINE)
    decide_everything(long_words)
    long_words.ui.tableTabs.setCurrentIndex(1 if table == "candidateTable" else 0)
    shown(long_words, tmp_path, pages.get(table, "lesion"))
    widget = getattr(long_words.ui, table)
    found = list(columns(widget))
    assert found
    assert [name for name, width, need in found if width < need] == []
    assert sum(width for _, width, _ in found) <= widget.viewport().width, "no bar below it"


def test_columns_can_be_chosen_and_the_choice_is_kept(slicer_app, case, tmp_path):
    table = case.ui.lesionTable
    names = [table.horizontalHeaderItem(c).text() for c in range(table.columnCount)]
    assert [n for c, n in enumerate(names) if table.isColumnHidden(c)] == ["Site"]
    actions = {action.text: action for action in case.ui.columnsButton.menu().actions()}
    assert list(actions) == names[1:], "the name of the lesion always stays"
    assert [a.text for a in table.horizontalHeader().actions()] == names[1:], "the header has the same menu"
    actions["Site"].trigger()
    actions["Role"].trigger()
    assert [n for c, n in enumerate(names) if table.isColumnHidden(c)] == ["Role"]
    case.onReload()
    import slicer

    again = slicer.util.getModuleWidget("HCCResponse").ui.lesionTable
    assert [n for c, n in enumerate(names) if again.isColumnHidden(c)] == ["Role"]


def test_the_state_box_does_not_call_a_merged_lesion_measured(slicer_app, long_words):
    box = long_words.ui.stateCombo
    select(long_words, "L1", FOLLOW_UP)
    assert box.currentText == "merged"
    box.setCurrentText("measured")
    box.activated.emit(0)
    assert "proposed as merged" in slicer_app.record.take_error_box()
    select(long_words, "L1", BASELINE)
    assert box.currentText == "measured"
    assert box.findText("merged") == -1, "a state that no choice makes is offered only while it is so"


def test_figures_are_shown_on_demand(slicer_app, case):
    select(case, "L1", FOLLOW_UP)
    assert "volume" not in case.ui.cellLabel.text
    assert "volume" in case.ui.cellLabel.toolTip
    case.ui.cellLabel.linkActivated.emit("figures")
    assert "volume" in case.ui.cellLabel.text
    case.ui.cellLabel.linkActivated.emit("figures")
    assert "volume" not in case.ui.cellLabel.text


def test_the_lesion_at_each_visit_is_drawn_only_while_its_page_is_looked_at(slicer_app, case, tmp_path):
    shown(case, tmp_path, "view")
    select(case, "L1", FOLLOW_UP)
    assert case.ui.thumbnailLabel.text == ""
    shown(case, tmp_path, "lesion")
    slicer_app.process()
    assert case.ui.thumbnailLabel.text.count("data:image/png") == 2
    assert "L1 25.0 mm" in case.ui.thumbnailLabel.text


def test_every_visit_has_a_picture_and_the_strip_alone_scrolls(slicer_app, panel, tmp_path):
    """Before, the first and the two latest were shown: of a visit between them no picture."""
    points = [BASELINE, *(f"follow-up {n}" for n in range(1, 8))]
    make_case(tmp_path, [lesion(point, "L1", 40 - 2 * n) for n, point in enumerate(points)])
    open_case(panel, tmp_path, make=False)
    ui, area = panel.ui, panel.ui.thumbnailArea
    seen = []
    for point in (BASELINE, "follow-up 4", "follow-up 7"):
        select(panel, "L1", point)
        shown(panel, tmp_path)
        slicer_app.process()
        assert ui.thumbnailLabel.text.count("data:image/png") == 8
        assert f"<b>{point.replace(' ', '&nbsp;')}</b>" in ui.thumbnailLabel.text
        seen.append(area.horizontalScrollBar().value)
    assert seen[0] == 0 < seen[1] < seen[2] == area.horizontalScrollBar().maximum
    page = ui.lesionTab
    assert page.widget().width == page.viewport().width, "the page is not wider for it"
    needed = ui.thumbnailLabel.property("sizeHint").height()
    assert area.height >= needed + area.horizontalScrollBar().height


def test_two_visits_need_no_scroll_bar(slicer_app, case, tmp_path):
    select(case, "L1", FOLLOW_UP)
    shown(case, tmp_path)
    slicer_app.process()
    assert case.ui.thumbnailArea.horizontalScrollBar().maximum == 0
    assert case.ui.thumbnailArea.height == case.ui.thumbnailLabel.property("sizeHint").height()
