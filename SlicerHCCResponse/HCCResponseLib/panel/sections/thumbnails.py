"""The selected lesion at each visit, as small pictures on the Lesion page; drawn only while that page is looked at."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from HCCResponseLib.panel.context import Context, guarded, soon
from HCCResponseLib.presenter.view import PanelView
from HCCResponseLib.review.read.state import Row

if TYPE_CHECKING:
    from HCCResponseLib.presenter.thumbnails import Thumbnail


class ThumbnailSection:
    """A strip with a picture for each visit; where they do not fit beside each other it scrolls, and not the panel."""

    def __init__(self, context: Context) -> None:
        self._context, self._ui = context, context.ui
        self._rows: tuple[str, tuple[Row | None, ...]] | None = None
        self._drawn: list[Thumbnail] = []
        self._marked: tuple[str, str] | None = None
        self._ui.stepTabs.connect("currentChanged(int)", guarded(context.refresh))

    def show(self, view: PanelView) -> None:
        """Draw anew where another lesion is selected, or one of its rows has changed."""
        ui, selected = self._ui, self._context.selected
        on_show = ui.stepTabs.currentWidget() == ui.lesionTab and selected is not None
        ui.thumbnailArea.setVisible(on_show)
        if not on_show or selected is None:
            return
        state, name = self._context.presenter.shown(), selected[1]
        known = (name, tuple(state.row(point, name) for point in view.points))
        if known != self._rows:
            self._rows = known
            # Only who looks at pictures waits for the library that writes them.
            from HCCResponseLib.presenter.thumbnails import thumbnails

            self._drawn = thumbnails(state, name, list(view.points), self._context.presenter.image)
        elif selected == self._marked:
            return
        self._marked = selected
        ui.thumbnailLabel.setText(_table(selected, self._drawn))
        self._fit_height()
        soon(self._bring_into_sight)

    def _fit_height(self) -> None:
        """As high as the pictures, and their scroll bar where they need one."""
        area = self._ui.thumbnailArea
        needed = self._ui.thumbnailLabel.property("sizeHint")
        bar = area.horizontalScrollBar().property("sizeHint").height()
        area.setFixedHeight(needed.height() + (bar if needed.width() > area.viewport().width else 0))

    def _bring_into_sight(self) -> None:
        """The picture of the selected visit, in the middle where there is room on both sides."""
        points = [one.point for one in self._drawn]
        selected = self._context.selected
        if selected is None or selected[0] not in points:
            return
        self._fit_height()
        area = self._ui.thumbnailArea
        middle = (points.index(selected[0]) + 0.5) / len(points) * self._ui.thumbnailLabel.width
        area.horizontalScrollBar().setValue(round(middle - area.viewport().width / 2))


def _table(selected: tuple[str, str], drawn: list[Thumbnail]) -> str:
    """Rich text: pictures beside each other with their words below, the selected visit in bold."""
    cells = "".join(f'<td align="center" valign="bottom">{_cell(selected, one)}</td>' for one in drawn)
    return f'<table cellspacing="4"><tr>{cells}</tr></table>'


def _cell(selected: tuple[str, str], one: Thumbnail) -> str:
    point, name = selected
    picture = f'<img src="{one.data}">' if one.data else "place not known"
    words = html.escape(one.point).replace(" ", "&nbsp;")
    words = f"<b>{words}</b>" if one.point == point else words
    return f"{picture}<br>{words}<br>{html.escape(f'{name} {one.words}')}"
