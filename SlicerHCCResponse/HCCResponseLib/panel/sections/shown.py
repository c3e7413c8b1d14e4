"""Lesions that the reader shows by a line or a click: a network that waits contours them, the reader decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import slicer

from HCCResponseLib.base.errors import HCCResponseError, InputError
from HCCResponseLib.base.jobs import Outcome
from HCCResponseLib.engines.environments import weights_at_hand
from HCCResponseLib.engines.prompting.question import Contoured
from HCCResponseLib.engines.prompting.spare import Spare
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.prompt import Click, Line, Prompts
from HCCResponseLib.panel.context import Context, guarded, soon
from HCCResponseLib.panel.scene.places import middle_of
from HCCResponseLib.panel.scene.placing import Lps, Placing
from HCCResponseLib.pipeline.engines import PROMPT, engine_named
from HCCResponseLib.presenter.evidence import shown_line
from HCCResponseLib.presenter.prompts import corrected_facts, correction, first_line
from HCCResponseLib.presenter.view import PanelView
from HCCResponseLib.presenter.worklist import Place
from HCCResponseLib.review.decisions.decide import require_one_slice
from HCCResponseLib.review.read.records import ReaderLine

# Often enough that nobody waits for the look itself.
LOOK_MS = 25
_MOVE = "Move the ends of the line to the border of the lesion and press Contour it."


@dataclass(frozen=True)
class _Target:
    """What is shown: the row of a time point, or without a name a new lesion."""

    point: str
    name: str = ""

    @property
    def words(self) -> str:
        return f"{self.name or 'the new lesion'} at {self.point}"


class ShownSection:
    """By line, Keep line, Add here, Remove here, and a line of words while a lesion is shown or contoured.

    Where no weights of the network are there none of it is seen, and New works as without it.

    Args:
        make_timer: as of :class:`HCCResponseLib.panel.jobs.JobRunner`.
    """

    def __init__(self, context: Context, scene: Any, make_timer: Callable[[Callable[[], None]], Any]) -> None:
        self._context, self._ui = context, context.ui
        self._spare: Spare | None = None
        self._timer = make_timer(guarded(self._look))
        self._placing = Placing(scene, soon, self.stop)
        self._target: _Target | None = None
        self._words = ""
        self._then: Callable[[Contoured], None] | None = None
        context.by_line = self.new_lesion
        context.end_showing = self.close
        ui = self._ui
        ui.byLineButton.connect("clicked()", guarded(self.by_line))
        ui.keepLineButton.connect("clicked()", guarded(self.keep_line))
        ui.addHereButton.connect("clicked()", guarded(partial(self.click, True)))
        ui.removeHereButton.connect("clicked()", guarded(partial(self.click, False)))
        ui.shownGoButton.connect("clicked()", guarded(self.contour_line))
        ui.shownStopButton.connect("clicked()", guarded(self.stop))

    @property
    def there(self) -> bool:
        """Whether lesions can be shown: the weights of the network are there, and a read is open."""
        return self._spare is not None

    # -- a study is opened or closed --------------------------------------------------------------------------

    def open(self) -> None:
        """Start the network beforehand, where its weights are there, so that the first line is answered at once."""
        self.close()
        weights = weights_at_hand(engine_named(PROMPT))
        if weights is None:
            return
        self._spare = Spare(weights)
        try:
            self._spare.prepare()
        except HCCResponseError as problem:
            # Whoever asks for it is told again; nobody else needs it.
            slicer.util.showStatusMessage(str(problem), 5000)

    def close(self) -> None:
        """Show nothing, and end the network's process."""
        self._forget()
        if self._spare is not None:
            self._spare.end()
            self._spare = None
        self._ui.shownTools.setVisible(False)
        self._ui.shownFrame.setVisible(False)

    # -- showing ----------------------------------------------------------------------------------------------

    def show(self, view: PanelView) -> None:
        """What can be done with the selected row, and what is going on."""
        ui, selected, target = self._ui, self._context.selected, self._target
        if target is not None and (
            target.point not in view.points or (target.name and _place(target) != selected)
        ):
            # What comes for a row that nobody looks at any more would be a contour unseen.
            self._forget()
        ui.shownTools.setVisible(self.there)
        ui.shownFrame.setVisible(bool(self._words))
        ui.shownLabel.setText(self._words)
        ui.shownGoButton.setVisible(self._placing.line is not None and self._then is None)
        self._enable(selected)

    def _enable(self, selected: Place | None) -> None:
        ui, presenter = self._ui, self._context.presenter
        row = presenter.shown().row(*selected) if selected else None
        open_row = row is not None and selected is not None and selected[0] not in presenter.state.locked
        free = open_row and self.there
        drawn = bool(free and row is not None and row.is_sized and row.contour)
        # A line stays the reader's where the network is gone.
        lined = bool(open_row and row is not None and row.is_sized and shown_line(row))
        own = row is not None and row.decision is not None and row.decision.long_axis_mm is not None
        ui.byLineButton.setEnabled(bool(free))
        ui.addHereButton.setEnabled(drawn)
        ui.removeHereButton.setEnabled(drawn)
        ui.keepLineButton.setVisible(lined and not own)
        ui.keepLineButton.setEnabled(lined and not own)

    def _say(self, words: str) -> None:
        self._words = words
        self._context.refresh()

    # -- what the reader does ---------------------------------------------------------------------------------

    def new_lesion(self, time_point: str) -> bool:
        """Ask for the long axis of a new lesion; whether it was. Pressed again the lesion is drawn by hand."""
        if not self.there or not self._context.presenter.reader.strip():
            return False
        asked = self._target is not None and not self._target.name
        self.stop()
        if asked:
            return False
        self._ask_for_line(_Target(time_point), "Press New again to draw its contour by hand.")
        return True

    def by_line(self) -> None:
        """Contour the selected row from its long axis: the line that is known, to be moved, else one to be drawn."""
        target = _Target(*self._context.selection())
        self.stop()
        presenter = self._context.presenter
        known = first_line(presenter.shown(), *_place(target), presenter.image(target.point).geometry)
        if known is None:
            self._ask_for_line(target, "")
            return
        view = self._context.slices.node_of(target.point)
        self._target = target
        self._placing.show_line(view, known.line)
        self._context.slices.look_at(target.point, middle_of(known.line))
        carried = " It was carried here from the visit before and can be off." if known.carried else ""
        self._say(f"{target.words}: {_MOVE}{carried}")

    def _ask_for_line(self, target: _Target, more: str) -> None:
        view = self._context.slices.node_of(target.point)
        self._target = target
        self._placing.ask_line(view, partial(self._contour, target))
        words = f"Draw the long axis of {target.words}: click on both its ends in the view of {target.point}."
        self._say(f"{words} {more}".strip())

    def contour_line(self) -> None:
        """The line lies where the reader wants it."""
        line = self._placing.line
        if line is None or self._target is None:
            raise InputError("No line is shown.")
        self._contour(self._target, line)

    def keep_line(self) -> None:
        """The reader's line is the long axis of the selected row."""
        self._context.presenter.keep_line(*self._context.selection())

    def click(self, inside: bool) -> None:
        """Ask for a click on what is missing in the contour of the selected row, or on what is too much."""
        target = _Target(*self._context.selection())
        self.stop()
        view = self._context.slices.node_of(target.point)
        self._target = target
        self._placing.ask_point(view, partial(self._correct, target, inside))
        what = "is missing in" if inside else "does not belong to"
        self._say(f"Click on what {what} {target.words}, in the view of {target.point}.")

    def stop(self) -> None:
        """Take line and words away; a contour that is being made is given up."""
        self._forget()
        self._context.refresh()

    def _forget(self) -> None:
        self._placing.stop()
        self._timer.stop()
        if self._spare is not None:
            self._spare.cancel()
        self._then, self._target, self._words = None, None, ""

    # -- asking and answers -----------------------------------------------------------------------------------

    def _contour(self, target: _Target, line: ReaderLine) -> None:
        """From a line; what is wrong with it leaves it where it is, to be moved."""
        geometry = self._context.presenter.image(target.point).geometry
        self._say(f"{target.words}: {_MOVE}")
        require_one_slice(line, target.name or "the new lesion", target.point, geometry)
        then = partial(self._draw, target) if target.name else partial(self._add, target.point)
        self._ask(target, Prompts(Line(line.start_lps, line.end_lps)), None, then)

    def _correct(self, target: _Target, inside: bool, at: Lps) -> None:
        presenter = self._context.presenter
        row, click = presenter.shown().row(*_place(target)), Click(at, inside)
        self._words = ""
        if row is None or not row.contour:
            raise InputError(f"{target.words} has no contour that could be corrected.")

        def then(found: Contoured) -> None:
            presenter.draw(*_place(target), found.contour, corrected_facts(row, click, found.facts))

        prompts = correction(row, click, presenter.image(target.point).geometry)
        try:
            self._ask(target, prompts, row.contour, then)
        except HCCResponseError:
            self.stop()
            raise

    def _ask(
        self, target: _Target, prompts: Prompts, prior: Lesion | None, then: Callable[[Contoured], None]
    ) -> None:
        assert self._spare is not None
        self._spare.ask(self._context.presenter.image(target.point), prompts, prior)
        self._then = then
        self._timer.start(LOOK_MS)
        loading = "" if self._spare.ready else " The network is loaded first."
        self._say(f"Contouring {target.words} ...{loading}")

    def _look(self) -> None:
        found = self._spare.poll() if self._spare is not None else None
        if found is not None:
            self._timer.stop()
            self._answered(found)

    def _answered(self, found: Outcome[Contoured]) -> None:
        then, self._then = self._then, None
        if found.result is not None and then is not None:
            self._forget()
            then(found.result)
            self._context.refresh()
            return
        if self._placing.line is None:
            self._forget()
        self._say(self._words and _MOVE)
        raise InputError(found.message)

    def _add(self, time_point: str, found: Contoured) -> None:
        name = self._context.presenter.add_contoured(time_point, found.contour, found.facts)
        self._context.select(time_point, name)

    def _draw(self, target: _Target, found: Contoured) -> None:
        self._context.presenter.draw(*_place(target), found.contour, found.facts)


def _place(target: _Target) -> Place:
    return target.point, target.name
