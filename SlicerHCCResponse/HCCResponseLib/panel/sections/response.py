"""Section 6: what is still missing, or the category by every criterion with sums and trace."""

from __future__ import annotations

import html
from dataclasses import astuple

import slicer

from HCCResponseLib.base.errors import HCCResponseError
from HCCResponseLib.panel.context import Context, fill, guarded, offer
from HCCResponseLib.panel.scene.tables import show_sums
from HCCResponseLib.presenter.responses import ResponseView, build_responses
from HCCResponseLib.presenter.view import PanelView
from HCCResponseLib.response.types import ReaderQuestion, Response
from HCCResponseLib.review.read.category import Gap

_SHOWN_GAPS = 6
_SUM_ROWS = (
    "Change from baseline (%)",
    "Change from nadir (%)",
    "Target",
    "Non-target",
    "New lesion",
    "Overall",
)


class ResponseSection:
    """Missing decisions, category, sums, plot, trace and the judgement of non-target disease."""

    def __init__(self, context: Context) -> None:
        self._context, self._ui = context, context.ui
        self.responses: ResponseView | None = None
        self._question: ReaderQuestion | None = None
        self._ui.nonTargetButton.connect("clicked()", guarded(self.set_non_target))
        self._ui.questionButton.connect("clicked()", guarded(self.answer))
        self._ui.plotButton.connect("clicked()", guarded(self.plot))
        self._ui.missingLabel.connect("linkActivated(QString)", self._jump)
        self._gaps: tuple[Gap, ...] = ()
        self._ui.traceButton.connect("toggled(bool)", guarded(self._toggle_trace))

    def show(self, view: PanelView) -> None:
        """Show the category, or what it still needs."""
        ui, presenter = self._ui, self._context.presenter
        self.responses, problem = None, ""
        if not view.gaps:
            try:
                self.responses = build_responses(presenter.state, presenter.profile)
            except HCCResponseError as why:
                problem = str(why)
        found = self.responses
        self._gaps = view.gaps
        ui.missingLabel.setText(_gap_links(view.gaps) if view.gaps else html.escape(problem))
        ui.missingLabel.setVisible(bool(view.gaps or problem))
        for widget in (ui.categoryLabel, ui.criteriaTable, ui.criteriaNotesLabel, ui.sumTable):
            widget.setVisible(found is not None)
        for widget in (ui.plotButton, ui.traceButton):
            widget.setEnabled(found is not None)
        self._show_parallel()
        self._show_points(view)
        self._show_question()
        self._toggle_trace()
        if found is None:
            ui.traceText.setPlainText("")
            return
        own = found.criteria[0]
        note = f"<br>{html.escape(own.note)}" if own.note else ""
        ui.categoryLabel.setText(f"<b>{html.escape(own.criterion)}: {own.category}</b>{note}")
        fill(ui.criteriaTable, [(line.criterion, line.category) for line in found.criteria])
        notes = [f"{line.criterion}: {line.note}" for line in found.criteria if line.note]
        ui.criteriaNotesLabel.setText("\n".join(notes))
        ui.criteriaNotesLabel.setVisible(bool(notes))
        self._show_sums(found)
        ui.traceText.setPlainText(found.trace)

    def _show_sums(self, found: ResponseView) -> None:
        """One column for each visit, as on a tumour worksheet: two visits fit whatever the words are."""
        table, unit = self._ui.sumTable, self._context.presenter.profile.unit
        headers = ["", *(line.time_point for line in found.sums)]
        table.setColumnCount(len(headers))
        table.setHorizontalHeaderLabels(headers)
        names = (f"Sum ({unit})", *_SUM_ROWS)
        columns = [astuple(line)[1:] for line in found.sums]
        fill(table, [(name, *(c[n] for c in columns)) for n, name in enumerate(names)])

    def _jump(self, link: str) -> None:
        """To the row, or to the button that is pressed next."""
        guarded(lambda: self._jump_to(self._gaps[int(link)]))()

    def _jump_to(self, gap: Gap) -> None:
        if gap.name:
            self._context.select(gap.time_point, gap.name)
            return
        ui = self._ui
        ui.stepTabs.setCurrentWidget(ui.proposeTab)
        (ui.adaptButton if ui.adaptButton.enabled else ui.proposeButton).setFocus()

    def _show_parallel(self) -> None:
        """Criteria that the profile wants read in parallel, in lines that nobody takes for the category."""
        lines = () if self.responses is None else self.responses.parallel
        self._ui.parallelLabel.setVisible(bool(lines))
        start = "Read in parallel, as the profile asks. Not the category of this read:"
        self._ui.parallelLabel.setText("\n".join([start, *lines]) if lines else "")

    def _show_points(self, view: PanelView) -> None:
        later = [p.name for p in view.time_points[1:]]
        offer(self._ui.nonTargetPointCombo, later)
        self._ui.nonTargetButton.setEnabled(bool(later))

    def _show_question(self) -> None:
        """A question that only the reader can answer, with its possible answers."""
        ui, found = self._ui, self.responses
        asked = [q for q in found.evaluation.questions if q.blocking] if found is not None else []
        for widget in (ui.questionLabel, ui.questionCombo, ui.questionButton):
            widget.setVisible(bool(asked))
        self._question = asked[0] if asked else None
        if self._question is None:
            return
        ui.questionLabel.setText(f"{self._question.time_point}: {self._question.text}")
        ui.questionCombo.clear()
        offer(ui.questionCombo, self._question.choices)

    def answer(self) -> None:
        """Store the answer in the box."""
        if self._question is not None:
            self._context.presenter.answer(self._question.time_point, self._ui.questionCombo.currentText)

    def _toggle_trace(self) -> None:
        self._ui.traceText.setVisible(bool(self._ui.traceButton.checked))

    def set_non_target(self) -> None:
        """Store the judgement of the non-target lesions as a whole."""
        point, words = self._ui.nonTargetPointCombo.currentText, self._ui.nonTargetCombo.currentText
        self._context.presenter.set_non_target(point, Response(words))

    def plot(self) -> None:
        """Bring table and chart into the scene and show the chart."""
        if self.responses is None:
            return
        presenter = self._context.presenter
        study = presenter.state.study
        assert study is not None
        chart = show_sums(slicer.mrmlScene, study.subject, self.responses.evaluation, presenter.profile)
        self._context.slices.show_chart(chart)


def _gap_links(gaps: tuple[Gap, ...]) -> str:
    shown = "".join(
        f'<li><a href="{n}">{html.escape(gap.words, quote=False)}</a></li>'
        for n, gap in enumerate(gaps[:_SHOWN_GAPS])
    )
    more = f"<li>and {len(gaps) - _SHOWN_GAPS} more</li>" if len(gaps) > _SHOWN_GAPS else ""
    return f"No category yet. Still missing:<ul>{shown}{more}</ul>"
