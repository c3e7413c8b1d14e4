"""The panel in a dark application and at its smallest width: every page can be read, and nothing is cut."""

import qt
import slicer

from walks.walk import BASELINE, FOLLOW_UP, close_the_read, require, select_the_module

VISITS = {
    BASELINE: ("2024-01-01", {"L1": 30.0, "L2": 16.0}),
    FOLLOW_UP: ("2024-03-01", {"L1": 24.0, "L2": 14.0, "C1": 10.0}),
}
WIDTH, NO_LIMIT = 420, 16777215
PAGES = ("study", "propose", "lesion", "view", "response", "sign")
TABLES = ("lesionTable", "candidateTable", "timePointTable", "sumTable", "criteriaTable")
# As the application's own dark style has them.
DARK = {
    "Window": "#353535",
    "WindowText": "#f0f0f0",
    "Base": "#232323",
    "AlternateBase": "#2d2d2d",
    "Text": "#f0f0f0",
    "Button": "#454545",
    "Light": "#5a5a5a",
    "Midlight": "#505050",
    "Mid": "#3a3a3a",
    "Dark": "#202020",
    "ButtonText": "#f0f0f0",
    "Highlight": "#2a82da",
    "HighlightedText": "#000000",
    "Link": "#6fb4ff",
}
# Of WCAG 2.1, 1.4.3: text of usual size.
LEAST_CONTRAST = 4.5


def open_a_drawn_case(walk):
    walk.open_drawn(VISITS)
    walk.accept_all(BASELINE)
    walk.accept_all(FOLLOW_UP)
    walk.answer_candidates("D")
    walk.select("L1", FOLLOW_UP)
    require("Overall" not in walk.ui.missingLabel.text, walk.ui.missingLabel.text)


def every_page_at_its_smallest_width(walk):
    _look_at_every_page(walk, "narrow")


def every_page_in_the_dark(walk):
    before = qt.QPalette(slicer.app.palette())
    slicer.app.setPalette(_dark())
    try:
        # As with a dark application from its start: words with links take their colours when they are set.
        open_a_drawn_case(walk)
        for name in TABLES:
            _require_contrast(getattr(walk.ui, name))
        _look_at_every_page(walk, "dark")
    finally:
        slicer.app.setPalette(before)
        walk.turn(5)


def _look_at_every_page(walk, name):
    """With a picture of each."""
    panel, ui = walk.widget.parent, walk.ui
    panel.setFixedWidth(WIDTH)
    try:
        for page in PAGES:
            area = getattr(ui, f"{page}Tab")
            ui.stepTabs.setCurrentWidget(area)
            walk.turn(5)
            panel.grab().save(str(walk.pictures / f"{name}-{page}.png"))
            inside, shown = area.widget().width, area.viewport().width
            require(inside <= shown, f"the page {page} is {inside} pixels wide in {shown}")
        bar = ui.lesionTable.horizontalScrollBar()
        require(bar.maximum == 0, "the table of lesions has to be scrolled sideways")
    finally:
        panel.setMinimumWidth(0)
        panel.setMaximumWidth(NO_LIMIT)
        ui.stepTabs.setCurrentWidget(ui.lesionTab)


def _dark():
    palette = qt.QPalette(slicer.app.palette())
    for role, colour in DARK.items():
        palette.setColor(getattr(qt.QPalette, role), qt.QColor(colour))
    return palette


def _require_contrast(table):
    """Where a cell has a colour of its own, its text has one that can be read on it."""
    for row in range(table.rowCount):
        for column in range(table.columnCount):
            item = table.item(row, column)
            if item is None or item.background().style() == qt.Qt.NoBrush:
                continue
            light, dark = _luminance(item.background().color()), _luminance(item.foreground().color())
            ratio = (max(light, dark) + 0.05) / (min(light, dark) + 0.05)
            require(ratio >= LEAST_CONTRAST, f"{item.text()}: contrast {ratio:.1f}")


def _luminance(colour):
    """Relative luminance as WCAG 2.1 defines it."""
    parts = [int(colour.name()[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


STEPS = (
    select_the_module,
    open_a_drawn_case,
    every_page_at_its_smallest_width,
    every_page_in_the_dark,
    close_the_read,
)
