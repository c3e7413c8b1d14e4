"""Section 3: decide on every lesion at every time point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.panel.context import Context, guarded, offer
from HCCResponseLib.panel.scene.neighbours import let_overlap
from HCCResponseLib.panel.sections.lesion_table import LesionTable
from HCCResponseLib.presenter.evidence import row_figures, row_words
from HCCResponseLib.presenter.view import STATE_WORDS, PanelView
from HCCResponseLib.presenter.worklist import Place
from HCCResponseLib.response.types import LesionRole, LesionState
from HCCResponseLib.review.read.state import Row, RowStatus

_STATES = {"gone": LesionState.DISAPPEARED} | {w: s for s, w in STATE_WORDS.items()}
_STATES["not evaluable"] = LesionState.NOT_EVALUABLE
_COUNTED = (LesionState.MEASURED, LesionState.SPLIT)
# States that no choice in the box makes; the box shows them while they are so.
_MADE_ELSEWHERE = {LesionState.SPLIT: "split", LesionState.MERGED: "merged"}


class LesionSection:
    """Table, buttons and the contour editor."""

    def __init__(self, context: Context) -> None:
        self._context, self._ui = context, context.ui
        self._table = LesionTable(context.ui.lesionTable, context.ui.columnsButton)
        table, combo = context.ui.lesionTable, context.ui.stateCombo
        self._states = [combo.itemText(i) for i in range(combo.count)]
        actions: dict[str, Callable[[], None]] = {
            "acceptButton": self.accept,
            "rejectButton": self.reject,
            "editButton": self.edit,
            "relinkButton": self.relink,
            "mergeButton": self.merge,
            "newLesionButton": self.new_lesion,
            "undoButton": self.undo,
            "siteButton": self.store_site,
        }
        for name, action in actions.items():
            getattr(self._ui, name).connect("clicked()", guarded(action))
        table.connect("currentCellChanged(int,int,int,int)", guarded(self._clicked))
        table.connect("cellClicked(int,int)", guarded(self._clicked))
        self._ui.cellLabel.connect("linkActivated(QString)", guarded(context.turn_figures))
        self._ui.roleCombo.connect("activated(int)", guarded(self.set_role))
        self._ui.stateCombo.connect("activated(int)", guarded(self.set_state))

    # -- showing ----------------------------------------------------------------------------------------------

    def show(self, view: PanelView) -> None:
        """Show the table and what can be done with the selected cell."""
        self._table.show(view)
        selected = self._context.selected
        if selected is not None:
            self._table.mark(*selected)
        self._show_selected(view)

    def _show_selected(self, view: PanelView) -> None:
        ui, selected = self._ui, self._context.selected
        presenter = self._context.presenter
        row = presenter.shown().row(*selected) if selected else None
        locked = selected is not None and selected[0] in presenter.state.locked
        free = row is not None and not locked
        for button in (ui.acceptButton, ui.rejectButton):
            button.setEnabled(bool(free and row and not row.is_candidate))
        ui.editButton.setEnabled(free)
        ui.relinkButton.setEnabled(bool(free and row and row.contour is not None))
        later = selected is not None and selected[0] != view.points[0]
        ui.mergeButton.setEnabled(bool(free and later and row and not row.is_candidate))
        ui.newLesionButton.setEnabled(bool(view.time_points) and not locked)
        latest = presenter.state.decided[-1:]
        undoable = any(d[0] not in presenter.state.locked for d in latest)
        ui.undoButton.setEnabled(undoable or bool(presenter.drafts.rows))
        for widget in (ui.roleCombo, ui.stateCombo, ui.siteButton):
            widget.setEnabled(free)
        if selected is None:
            words = "Select a lesion: the views move to it at every time point shown."
            self._context.show_words(ui.cellLabel, words, "")
        elif row is None:
            self._context.show_words(
                ui.cellLabel, f"{selected[1]}, {selected[0]}: {_absent(view, selected)}.", ""
            )
        else:
            lock = "signed and locked; " if locked else ""
            draft = selected in presenter.drafts.rows
            words = f"{selected[1]}, {selected[0]}: {lock}{row_words(row, draft)}"
            self._context.show_words(ui.cellLabel, words, row_figures(row))
        self._show_state(row)
        if selected is not None and row is not None:
            self._show_choices(view, *selected)

    def _show_state(self, row: Row | None) -> None:
        """The state as it is; a lesion that is merged or split is not shown as measured."""
        combo = self._ui.stateCombo
        made = _MADE_ELSEWHERE.get(row.state) if row is not None else None
        offer(combo, [*self._states, made] if made else self._states)
        if row is None:
            combo.setCurrentIndex(-1)
            return
        words = made or next((w for w, s in _STATES.items() if s is row.state), "measured")
        combo.setCurrentText("not evaluable" if words == "no contour" else words)

    def _show_choices(self, view: PanelView, time_point: str, name: str) -> None:
        ui = self._ui
        line = next((x for x in view.lesions if x.name == name), None)
        if line is not None and line.role in ("target", "non-target"):
            ui.roleCombo.setCurrentText(line.role)
        site = self._context.presenter.state.site(name)
        ui.organEdit.setText(site.organ)
        ui.segmentNameEdit.setText(site.segment)
        ui.nodeCheck.setChecked(site.lymph_node)
        others = [n for n in self._context.presenter.state.rows[time_point] if n != name]
        offer(ui.linkCombo, others)

    def _clicked(self) -> None:
        found = self._table.clicked()
        if found is None:
            return
        time_point, name = found
        point = time_point or self._first_open(name)
        if (point, name) != self._context.selected:
            self._context.select(point, name)

    def _first_open(self, name: str) -> str:
        """The first time point at which a lesion waits for a decision, else the last."""
        points, state = self._context.presenter.points(), self._context.presenter.state
        rows = ((point, state.row(point, name)) for point in points)
        return next((p for p, row in rows if row and row.status is RowStatus.PROPOSED), points[-1])

    # -- actions ----------------------------------------------------------------------------------------------

    def accept(self) -> None:
        """Accept and go on to the next lesion that waits at this time point."""
        time_point, name = self._context.selection()
        self._context.presenter.accept(time_point, name)
        self._go_on(time_point)

    def reject(self) -> None:
        """Reject for the reason in the box."""
        time_point, name = self._context.selection()
        self._context.presenter.reject(time_point, name, self._ui.rejectReasonCombo.currentText)
        self._go_on(time_point)

    def _go_on(self, time_point: str) -> None:
        rows = self._context.presenter.state.rows.get(time_point, {})
        waiting = [n for n, r in rows.items() if not r.is_candidate and r.status is RowStatus.PROPOSED]
        if waiting:
            self._context.select(time_point, waiting[0])

    def edit(self) -> None:
        """Open the segment editor on the selected contour."""
        time_point, name = self._context.selection()
        if time_point in self._context.presenter.state.locked:
            raise InputError(f"{time_point} is signed and locked; amend it with a reason first.")
        view, editor = self._context.scene_view, self._ui.segmentEditor
        self._ui.stepTabs.setCurrentWidget(self._ui.lesionTab)
        self._ui.editorSection.collapsed = False
        editor.setSegmentationNode(view.contour_node(time_point))
        editor.setSourceVolumeNode(view.volume_node(time_point))
        editor.setCurrentSegmentID(name)
        let_overlap(editor.mrmlSegmentEditorNode())
        editor.setActiveEffectByName("Paint")

    def relink(self) -> None:
        """The selected contour is the lesion in the box."""
        time_point, name = self._context.selection()
        lesion = self._ui.linkCombo.currentText
        if not lesion:
            raise InputError(f"There is no other lesion at {time_point} to link {name} to.")
        self._context.presenter.relink(time_point, name, lesion)
        self._context.select(time_point, lesion)

    def merge(self) -> None:
        """The selected lesion and the one in the box are one now; its contour has to show the whole, so look there."""
        time_point, name = self._context.selection()
        lesion = self._ui.linkCombo.currentText
        if not lesion:
            raise InputError(f"There is no other lesion at {time_point} into which {name} could have merged.")
        self._context.presenter.merge(time_point, name, lesion)
        self._context.select(time_point, lesion)

    def new_lesion(self) -> None:
        """Add a lesion at the selected time point: by its long axis where a network contours from one, else drawn."""
        points = self._context.presenter.points()
        time_point = self._context.selected[0] if self._context.selected else points[0]
        if self._context.by_line(time_point):
            return
        name = self._context.presenter.add_lesion(time_point)
        self._context.select(time_point, name)
        self.edit()

    def undo(self) -> None:
        """Take the latest decision back and show its row."""
        self._context.select(*self._context.presenter.undo())

    def set_role(self) -> None:
        """Target or non-target."""
        _, name = self._context.selection()
        self._context.presenter.set_role(name, LesionRole(self._ui.roleCombo.currentText))

    def set_state(self) -> None:
        """The reader's state of the lesion; 'measured' brings its contour back."""
        time_point, name = self._context.selection()
        words = self._ui.stateCombo.currentText
        row = self._context.presenter.row(time_point, name)
        if words in _STATES:
            self._context.presenter.set_state(time_point, name, _STATES[words])
        elif words == "measured" and row.proposal.state is LesionState.MERGED:
            raise InputError(
                f"{name} is proposed as merged with another lesion at {time_point}. To measure it by itself, draw its "
                "own contour (Edit)."
            )
        elif words == "measured" and row.state not in _COUNTED:
            # Choosing what is so already must not take the reader's own contour back.
            self._context.presenter.accept(time_point, name)

    def store_site(self) -> None:
        """Organ, segment, lymph node."""
        _, name = self._context.selection()
        organ, segment = self._ui.organEdit.text.strip(), self._ui.segmentNameEdit.text.strip()
        node = bool(self._ui.nodeCheck.checked)
        known = self._context.presenter.state.site(name)
        site = replace(known, organ=organ, segment=segment, lymph_node=node)
        self._context.presenter.set_site(name, site)


def _absent(view: PanelView, place: Place) -> str:
    """Why a cell has no row, in words."""
    cells = (c for line in view.lesions if line.name == place[1] for c in line.cells)
    return next((c.note for c in cells if c.time_point == place[0]), "no proposal here")
