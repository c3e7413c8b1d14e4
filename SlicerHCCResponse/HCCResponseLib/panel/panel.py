"""The reader's panel: puts the sections together and keeps them, the scene and the read in step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer

from HCCResponseLib.base.errors import HCCResponseError, StorageError
from HCCResponseLib.imaging.study import Study
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.panel.context import Context, guarded, soon, tell_soon
from HCCResponseLib.panel.jobs import JobRunner
from HCCResponseLib.panel.scene.bridge import SceneView
from HCCResponseLib.panel.scene.slices import SliceViews
from HCCResponseLib.panel.sections.candidates import CandidateSection
from HCCResponseLib.panel.sections.decisions import DecisionSection
from HCCResponseLib.panel.sections.dicom_export import DicomExportSection
from HCCResponseLib.panel.sections.dicom_study import DicomStudySection
from HCCResponseLib.panel.sections.editor import EditorSection
from HCCResponseLib.panel.sections.facts import FactsSection
from HCCResponseLib.panel.sections.lesions import LesionSection
from HCCResponseLib.panel.sections.response import ResponseSection
from HCCResponseLib.panel.sections.run import RunSection
from HCCResponseLib.panel.sections.shown import ShownSection
from HCCResponseLib.panel.sections.sign import SignSection
from HCCResponseLib.panel.sections.study import StudySection
from HCCResponseLib.panel.sections.thumbnails import ThumbnailSection
from HCCResponseLib.panel.sections.view import ViewSection
from HCCResponseLib.presenter.open_read import Why
from HCCResponseLib.presenter.presenter import Presenter
from HCCResponseLib.review.people.people import People, local_people, people_of
from HCCResponseLib.review.read.records import ReaderLine


class ReaderPanel:
    """One panel on one scene.

    Args:
        ui: widgets of ``HCCResponse.ui`` by name.
        scene: the MRML scene.
        remember: called with study file and folder of the read that is open, empty when none is.
        people: opens the accounts of this computer.
    """

    def __init__(
        self,
        ui: Any,
        scene: Any,
        remember: Callable[[str, str], None],
        people: Callable[[], People] = local_people,
    ) -> None:
        self._ui, self._scene, self._remember = ui, scene, remember
        self.presenter = Presenter()
        self._people: People | None = None
        self._open_people = people
        self.scene_view = SceneView(scene, self, soon)
        self.presenter.collect = self.scene_view.look
        self.slices = SliceViews(slicer.app.layoutManager(), soon)
        self.jobs = JobRunner(_qt_timer, self._job_changed)
        self._context = Context(
            ui, self.presenter, self._accounts, self.scene_view, self.slices, self.jobs, self.refresh
        )
        self._refreshing = self._restoring = False
        self._points = 0
        try:
            self._build(self._context)
        except Exception:
            # Nobody else could stop what watches the scene already.
            self.shut_down()
            raise

    def _build(self, context: Context) -> None:
        self._study = StudySection(context, self.open, self.show_assigned, self.close)
        self.dicom = DicomStudySection(context, self._study.open_in)
        self._run = RunSection(context)
        self.lesions = LesionSection(context)
        self.editor = EditorSection(context, self._scene)
        self.shown = ShownSection(context, self._scene, _qt_timer)
        self._facts = FactsSection(context)
        self._candidates = CandidateSection(context)
        self.response = ResponseSection(context)
        self._sign = SignSection(context)
        self._dicom_export = DicomExportSection(context)
        self.view = ViewSection(context)
        self.decisions = DecisionSection(context)
        self._thumbnails = ThumbnailSection(context)
        self.presenter.reason = lambda: str(self._ui.changeReasonEdit.text).strip()
        self.presenter.on_change(self._changed)
        # Unfolding shows all that is inside; what has no place now is hidden again.
        for section in (self._ui.moreSection, self._ui.visitSection):
            section.connect("contentsCollapsed(bool)", guarded(self.refresh))
        self.refresh()

    def _accounts(self) -> People:
        """Who can sign: the accounts of an assigned read's store, else those of this computer."""
        if self.presenter.session is not None and self.presenter.assigned is not None:
            return people_of(self.presenter.session.store)
        if self._people is None:
            self._people = self._open_people()
        return self._people

    # -- open, close ------------------------------------------------------------------------------------------

    def open(self, study: Study, folder: Path, why: Why = lambda _: "") -> None:
        """Open a read and show it in the scene; what cannot be opened leaves read and job as they were.

        Args:
            why: as of :meth:`HCCResponseLib.presenter.presenter.Presenter.open`.
        """
        self.presenter.reader = str(self._ui.readerEdit.text)
        self.scene_view.look()
        self.presenter.open(study, folder, why)
        self.jobs.cancel()
        self.show_read()
        self._remember(str(self._ui.studyEdit.text), str(folder))

    def show_assigned(self) -> None:
        """Show an assigned read; it is not opened again by itself, because that needs its reader's password."""
        self.jobs.cancel()
        self._remember("", "")
        self.show_read()

    def show_read(self) -> None:
        """Show the read that the presenter has open, at an unfinished contour where there is one."""
        self._context.selected = None
        self.scene_view.open(self.presenter.shown(), self.presenter.image)
        self.view.forget()
        self._dicom_export.forget()
        self.shown.open()
        self.refresh()
        found = self.presenter.drafts.latest()
        if found is not None:
            self._context.select(*found.draft.place)

    def close(self) -> None:
        """Close the read: everything decided is in its store, an unfinished contour waits for the next opening.

        The nodes stay in the scene, hidden.
        """
        self._close_read()
        self._remember("", "")
        self.refresh()

    def shut_down(self) -> None:
        """Stop the job and all observers, as when the widget goes away."""
        self._close_read()
        for end in self._context.at_end:
            end()

    def _close_read(self) -> None:
        self.jobs.cancel()
        self._context.end_showing()
        self.scene_view.look()
        self.slices.close()
        self.scene_view.close()
        self.presenter.close()
        self._context.selected = None

    def scene_closed(self) -> None:
        """The user closed the scene: the read stays in its store, one press on Open brings it back."""
        self._close_read()
        self.editor.set_up()
        self.refresh()

    # -- showing ----------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        # A reason is for one change.
        self._ui.changeReasonEdit.setText("")
        if self.presenter.session is not None:
            self.scene_view.show(self.presenter.shown())
        self.refresh()

    def refresh(self) -> None:
        """Show the panel anew."""
        if self._refreshing:
            return
        self._refreshing = True
        try:
            self._refresh()
        finally:
            self._refreshing = False

    def _refresh(self) -> None:
        opened = self.presenter.session is not None
        view = self.presenter.view() if opened else None
        self._study.show(view)
        self.dicom.show()
        self._dicom_export.show()
        self.editor.show(view)
        for name in ("segment", "lesion", "view", "adapt", "candidate", "response", "sign"):
            getattr(self._ui, f"{name}Section").setEnabled(opened)
        self._ui.decisionFrame.setEnabled(opened)
        if view is not None:
            for section in (
                self._run, self.lesions, self._facts, self._candidates, self.decisions, self.response, self._sign,
                self.view, self._thumbnails, self.shown,
            ):  # fmt: skip
                section.show(view)

    def _job_changed(self, job: Any) -> None:
        self._run.job_changed(job)
        self.refresh()

    # -- what the reader changes in the scene -------------------------------------------------------------------

    def contour_edited(self, time_point: str, name: str, contour: Lesion) -> None:
        """A stroke in a segment: kept as a draft, or refused with the reason and put back."""
        self._edited(time_point, name, lambda: self.presenter.draw(time_point, name, contour))

    def line_edited(self, time_point: str, name: str, line: ReaderLine, short: bool) -> None:
        """A long or short axis was dragged: a decision, or refused and put back."""
        self._edited(time_point, name, lambda: self.presenter.edit_line(time_point, name, line, short))

    def _edited(self, time_point: str, name: str, action: Callable[[], None]) -> None:
        self._context.selected = (time_point, name)
        try:
            action()
        except HCCResponseError as problem:
            if not isinstance(problem, StorageError):
                self.scene_view.invalidate(time_point, name)
            self._restore_soon()
            tell_soon(str(problem))

    def nodes_lost(self) -> None:
        """Something of ours was deleted in the scene: it comes back from the read."""
        message = "A node of the open read was deleted; it is put back from the read."
        slicer.util.showStatusMessage(message, 5000)
        self._restore_soon()

    def contour_kept(self, time_point: str, name: str) -> None:
        """A tool on another lesion would have changed this one, at which nobody looked: it comes back."""
        words = (
            f"{name} at {time_point} keeps its contour: a tool works on one lesion only. The two overlap now."
        )
        slicer.util.showStatusMessage(words, 5000)
        self._restore()

    def _restore_soon(self) -> None:
        """Once the application is done with what it is doing to the node."""
        if not self._restoring:
            self._restoring = True
            soon(self._restore)

    def _restore(self) -> None:
        self._restoring = False
        if self.presenter.session is not None:
            self.scene_view.show(self.presenter.shown())
            self.refresh()


def _qt_timer(tick: Callable[[], None]) -> Any:
    timer = qt.QTimer()
    timer.connect("timeout()", tick)
    return timer
