"""The selected lesion at each visit, as small pictures on the Lesion page; drawn only while that page is looked at."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from HCCResponseLib.panel.context import Context, guarded
from HCCResponseLib.presenter.view import PanelView
from HCCResponseLib.review.read.state import Row

if TYPE_CHECKING:
    from HCCResponseLib.presenter.thumbnails import Thumbnail

# What fits beside each other; the first visit and the latest ones.
_MOST = 3


class ThumbnailSection:
    """One label with a picture for each visit."""

    def __init__(self, context: Context) -> None:
        self._context, self._ui = context, context.ui
        self._drawn: tuple[str, tuple[Row | None, ...]] | None = None
        self._ui.stepTabs.connect("currentChanged(int)", guarded(context.refresh))

    def show(self, view: PanelView) -> None:
        """Draw anew where another row is selected, or one of its rows has changed."""
        ui, selected = self._ui, self._context.selected
        on_show = ui.stepTabs.currentWidget() == ui.lesionTab and selected is not None
        ui.thumbnailLabel.setVisible(on_show)
        if not on_show or selected is None:
            return
        points = [*view.points[:1], *view.points[1:][-(_MOST - 1) :]]
        state, name = self._context.presenter.shown(), selected[1]
        known = (name, tuple(state.row(point, name) for point in points))
        if known != self._drawn:
            self._drawn = known
            # Only who looks at pictures waits for the library that writes them.
            from HCCResponseLib.presenter.thumbnails import thumbnails

            drawn = thumbnails(state, name, points, self._context.presenter.image)
            ui.thumbnailLabel.setText(_table(name, drawn))


def _table(name: str, drawn: list[Thumbnail]) -> str:
    """Rich text: pictures beside each other with their words below."""
    cells = "".join(f'<td align="center" valign="bottom">{_cell(name, one)}</td>' for one in drawn)
    return f'<table cellspacing="4"><tr>{cells}</tr></table>'


def _cell(name: str, one: Thumbnail) -> str:
    picture = f'<img src="{one.data}">' if one.data else "place not known"
    return f"{picture}<br>{html.escape(one.point)}<br>{html.escape(f'{name} {one.words}')}"
