"""Folded below the lesions: what else the reader knows of a lesion, of its row, and of a time point."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from HCCResponseLib.panel.context import Context, guarded, offer
from HCCResponseLib.presenter.facts import NOT_SAID, answer_words, answered, compared, with_marker
from HCCResponseLib.presenter.view import PanelView
from HCCResponseLib.review.decisions.reader_rows import kinds

_NO_KIND = "none"
# Name of the box in the form, and the field of a site that it shows.
_ANSWERS = {
    "hilarCombo": "hilar",
    "treatedCombo": "treated",
    "irradiatedCombo": "irradiated",
    "grownCombo": "grown_since_treatment",
    "enhancementCombo": "arterial_enhancement",
    "delineatedCombo": "well_delineated",
    "reproducibleCombo": "reproducible",
}


class FactsSection:
    """Two folded forms; what they hold is stored by their buttons, never by unfolding or looking."""

    def __init__(self, context: Context) -> None:
        self._context, self._ui = context, context.ui
        ui = self._ui
        ui.factsStoreButton.connect("clicked()", guarded(self.store_lesion))
        ui.rowFactsStoreButton.connect("clicked()", guarded(self.store_row))
        ui.markerStoreButton.connect("clicked()", guarded(self.store_marker))
        ui.visitStoreButton.connect("clicked()", guarded(self.store_visit))

    def show(self, _: PanelView) -> None:
        """Show what is known of the selected lesion and of its time point."""
        ui, selected, presenter = self._ui, self._context.selected, self._context.presenter
        free = selected is not None and selected[0] not in presenter.state.locked
        for button in (
            ui.factsStoreButton,
            ui.rowFactsStoreButton,
            ui.markerStoreButton,
            ui.visitStoreButton,
        ):
            button.setEnabled(free)
        if selected is None:
            return
        time_point, name = selected
        site = presenter.state.site(name)
        offer(ui.kindCombo, [_NO_KIND, *kinds(presenter.profile)])
        ui.kindCombo.setCurrentText(site.kind or _NO_KIND)
        ui.stationEdit.setText(site.station)
        for box, field in _ANSWERS.items():
            getattr(ui, box).setCurrentText(answer_words(getattr(site, field)))
        self._show_row(time_point, name)
        self._show_visit(time_point)

    def _show_row(self, time_point: str, name: str) -> None:
        row = self._context.presenter.state.row(time_point, name)
        decision = None if row is None else row.decision
        viable = None if decision is None else decision.viable
        versus = None if decision is None else decision.versus_last
        self._ui.viableCombo.setCurrentText(answer_words(viable))
        self._ui.versusCombo.setCurrentText(NOT_SAID if versus is None else versus.value)

    def _show_visit(self, time_point: str) -> None:
        visit = self._context.presenter.state.visit(time_point)
        versus = visit.non_target_versus_last
        self._ui.markersNormalCombo.setCurrentText(answer_words(visit.markers_normal))
        self._ui.nonTargetVersusCombo.setCurrentText(NOT_SAID if versus is None else versus.value)
        self._ui.visitLabel.setText(f"{time_point}: {visit.words or 'nothing said'}")

    # -- actions ----------------------------------------------------------------------------------------------

    def store_lesion(self) -> None:
        """Kind, station and history of the selected lesion."""
        _, name = self._context.selection()
        ui, presenter = self._ui, self._context.presenter
        said: dict[str, Any] = {
            field: answered(getattr(ui, box).currentText) for box, field in _ANSWERS.items()
        }
        kind = ui.kindCombo.currentText
        presenter.set_site(
            name,
            replace(
                presenter.state.site(name),
                kind="" if kind == _NO_KIND else kind,
                station=ui.stationEdit.text.strip(),
                **said,
            ),
        )

    def store_row(self) -> None:
        """Whether the selected contour is the viable part, and how the lesion compares with the last time point."""
        viable, versus = (
            answered(self._ui.viableCombo.currentText),
            compared(self._ui.versusCombo.currentText),
        )
        self._context.presenter.set_row_facts(*self._context.selection(), viable, versus)

    def store_marker(self) -> None:
        """One tumour marker of the selected time point."""
        time_point, _ = self._context.selection()
        ui, presenter = self._ui, self._context.presenter
        edits = (ui.markerNameEdit, ui.markerValueEdit, ui.markerLimitEdit, ui.markerUnitEdit)
        name, value, limit, unit = (edit.text.strip() for edit in edits)
        presenter.set_visit(
            time_point, with_marker(presenter.state.visit(time_point), name, value, limit, unit)
        )

    def store_visit(self) -> None:
        """Markers in one word, and non-target disease against the last time point."""
        time_point, _ = self._context.selection()
        ui, presenter = self._ui, self._context.presenter
        visit = replace(
            presenter.state.visit(time_point),
            markers_normal=answered(ui.markersNormalCombo.currentText),
            non_target_versus_last=compared(ui.nonTargetVersusCombo.currentText),
        )
        presenter.set_visit(time_point, visit)
