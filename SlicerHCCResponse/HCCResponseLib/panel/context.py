"""What the sections of the panel share: the presenter, the scene, the views, the job, and the selected lesion."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import qt
import slicer

from HCCResponseLib.base.errors import HCCResponseError, InputError

if TYPE_CHECKING:
    # The front of the panel uses the helpers below, and loads no databases.
    from HCCResponseLib.panel.jobs import JobRunner
    from HCCResponseLib.panel.scene.bridge import SceneView
    from HCCResponseLib.panel.scene.slices import SliceViews
    from HCCResponseLib.presenter.presenter import Presenter
    from HCCResponseLib.review.people.people import People


@dataclass
class Context:
    """Shared by all sections of one panel.

    Attributes:
        selected: time point and lesion that actions work on.
        leave: finishes what was drawn elsewhere than at the selected row; the editor's section sets it.
        at_end: what sections have to stop when the panel goes away, also one that was built half.
        figures: whether the figures behind the words of a row are shown.
        by_line: begins a new lesion of a time point by its long axis where a network contours from one; else false.
        end_showing: ends that network, when the read is closed.
    """

    ui: Any
    presenter: Presenter
    people: Callable[[], People]
    scene_view: SceneView
    slices: SliceViews
    jobs: JobRunner
    refresh: Callable[[], None]
    selected: tuple[str, str] | None = None
    leave: Callable[[], None] = lambda: None
    at_end: list[Callable[[], None]] = field(default_factory=list)
    figures: bool = False
    by_line: Callable[[str], bool] = lambda _: False
    end_showing: Callable[[], None] = lambda: None

    def selection(self) -> tuple[str, str]:
        """Time point and lesion. Raises ``InputError`` (shown to the reader) when nothing is selected."""
        if self.selected is None:
            raise InputError("Select a lesion in the table first.")
        return self.selected

    def select(self, time_point: str, name: str) -> None:
        """Select a row and bring the slice views to it."""
        moved = (time_point, name) != self.selected
        self.selected = (time_point, name)
        rows = {p: self.presenter.state.row(p, name) for p in self.slices.points}
        self.slices.go_to(rows, time_point)
        if moved:
            self.leave()
        self.refresh()

    def show_words(self, label: Any, words: str, figures: str) -> None:
        """Words of a row with a link to the figures behind them, which are the label's tool tip too."""
        text = html.escape(words, quote=False)
        if figures:
            link = "hide figures" if self.figures else "figures"
            more = "\n" + html.escape(figures, quote=False) if self.figures else ""
            text += f' <a href="figures">{link}</a>{more}'
        label.setText(text.replace("\n", "<br>"))
        label.setToolTip(figures)

    def turn_figures(self) -> None:
        """Show the figures, or words alone."""
        self.figures = not self.figures
        self.refresh()


def soon(action: Callable[[], object]) -> None:
    """Once the application is done with what it is doing: no dialog opens, and no node changes, inside an observer."""
    qt.QTimer.singleShot(0, guarded(action))


def tell_soon(problem: str) -> None:
    """A problem in a dialog, outside of any observer."""
    soon(lambda: slicer.util.errorDisplay(problem, windowTitle="HCC Response"))


def guarded(action: Callable[[], object]) -> Callable[[], None]:
    """A slot without arguments whose problems reach the reader as one clear sentence."""

    def slot() -> None:
        try:
            action()
        except HCCResponseError as problem:
            slicer.util.errorDisplay(str(problem), windowTitle="HCC Response")
        except Exception:
            with slicer.util.tryWithErrorDisplay("HCC Response: unexpected problem.", waitCursor=False):
                raise

    return slot


def offer(combo: Any, names: Iterable[str]) -> None:
    """Fill a combo box; one that shows these names already keeps its choice."""
    names = list(names)
    if [combo.itemText(i) for i in range(combo.count)] != names:
        combo.clear()
        for name in names:
            combo.addItem(name)


def choose_folder(edit: Any, title: str) -> None:
    """Let the reader choose a folder for a line of text."""
    found = qt.QFileDialog.getExistingDirectory(None, title)
    if found:
        edit.setText(found)


def table_item(text: str, tip: str = "") -> Any:
    """A table item that shows a text."""
    item = qt.QTableWidgetItem(text)
    item.setToolTip(tip)
    return item


def fill(table: Any, rows: Sequence[Sequence[str]]) -> None:
    """Fill a table of plain texts; the last cell's text is also its tool tip."""
    table.setRowCount(len(rows))
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            table.setItem(number, column, table_item(text, text))
    fit_columns(table)
    fit_height(table, len(rows))


def fit_height(table: Any, rows: int, most: int = 12) -> None:
    """As high as its rows, so that nothing is hidden in a table within a page that scrolls anyway."""
    table.setFixedHeight(line_height(table) * (1 + max(1, min(rows, most))) + 4)


def line_height(table: Any) -> int:
    """Let all lines of a table be of one height in pixels that fits its font; returns it."""
    line = int(qt.QFontMetrics(table.font).height()) + 8
    table.verticalHeader().setDefaultSectionSize(line)
    table.horizontalHeader().setFixedHeight(line)
    return line


def fit_columns(table: Any) -> None:
    """Each column as wide as its words, the last one as far as there is room."""
    header = table.horizontalHeader()
    header.setStretchLastSection(False)
    table.resizeColumnsToContents()
    header.setStretchLastSection(True)


def fit_rows(table: Any, rows: int) -> None:
    """For the tables that are always in sight: the room of two or three rows, more where the panel has it."""
    table.setMinimumHeight(line_height(table) * (1 + max(2, min(rows, 3))) + 4)
