"""Section 7: sign and lock a time point, report, export."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import qt
import slicer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.panel.context import Context, guarded, offer, soon
from HCCResponseLib.presenter.view import PanelView
from HCCResponseLib.report.subject.worker import WORKER, OutputRequest
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.signing.signatures import Signature
from HCCResponseLib.review.signing.signing import sign_and_lock


class SignSection:
    """Signature with name and password, accounts of this computer, and the files that leave the panel."""

    def __init__(self, context: Context) -> None:
        self._context, self._ui = context, context.ui
        self._written: Path | None = None
        self._signed: Path | None = None
        self._ui.signButton.connect("clicked()", guarded(self.sign))
        self._ui.accountButton.connect("clicked()", guarded(self.make_account))
        self._ui.reportButton.connect("clicked()", guarded(self.report))
        self._ui.exportButton.connect("clicked()", guarded(self.export))
        self._ui.passwordEdit.connect("returnPressed()", guarded(self.sign))

    def show(self, view: PanelView) -> None:
        """Offer the time points that are not locked, and the signatures given."""
        ui, state = self._ui, self._context.presenter.state
        offer(ui.signPointCombo, [p.name for p in view.time_points if p.name not in state.locked])
        offer(ui.accountCombo, [a.name for a in self._context.people().accounts() if a.active])
        ui.accountSection.collapsed = ui.accountCombo.count > 0
        ui.signButton.setEnabled(ui.signPointCombo.count > 0 and ui.accountCombo.count > 0)
        for button in (ui.reportButton, ui.exportButton):
            button.setEnabled(not self._context.jobs.busy)
        lines = list(map(_words, state.signatures)) or ["Nothing is signed yet."]
        session = self._context.presenter.session
        if session is not None and self._written == session.folder:
            lines.append(f"Written to {html.escape(str(session.folder))}")
        ui.signatureLabel.setText("<br>".join(lines))
        if self._signed is not None and not self._context.jobs.busy:
            soon(self._renew)

    def _renew(self) -> None:
        """The report says who has signed; where a job runs it waits for its end."""
        session, due = self._context.presenter.session, self._signed
        if due is None or self._context.jobs.busy:
            return
        self._signed = None
        if session is not None and session.folder == due:
            self._write(lambda _: None)

    def sign(self) -> None:
        """Sign and lock; the password leaves the box whatever happens.

        Nobody signs a category that was not on the screen: an unfinished contour is stored, and the category that it
        makes is looked at before the next press.
        """
        ui, presenter = self._ui, self._context.presenter
        password = ui.passwordEdit.text
        ui.passwordEdit.setText("")
        point = ui.signPointCombo.currentText
        if not point:
            raise InputError("Every time point is signed and locked.")
        finished = presenter.finish_all()
        if finished:
            rows = ", ".join(f"{d.draft.name} at {d.draft.time_point} ({d.row.size_words})" for d in finished)
            raise InputError(
                f"Not signed yet: unfinished contours were stored as your edits now: {rows}. Look at the category and "
                "sign again."
            )
        credentials = (ui.accountCombo.currentText, password)
        assert presenter.session is not None
        sign_and_lock(presenter.session.store, presenter.state, self._context.people(), credentials, point)
        self._signed = presenter.session.folder
        presenter.tell()

    def make_account(self) -> None:
        """An account for a radiologist on this computer: reader, and manager of the own accounts."""
        ui = self._ui
        password, again = ui.newPasswordEdit.text, ui.repeatPasswordEdit.text
        if password != again:
            raise InputError("The two passwords differ; type them again.")
        people = self._context.people()
        if people.accounts():
            raise InputError(
                "There are accounts on this computer already; their manager adds others with "
                "'hcc-response read users add'."
            )
        name = ui.accountNameEdit.text.strip()
        people.add(name, ui.printedNameEdit.text, {Role.READER, Role.MANAGER}, password)
        for box in (ui.newPasswordEdit, ui.repeatPasswordEdit):
            box.setText("")
        if not ui.readerEdit.text:
            ui.readerEdit.setText(name)
        self._context.presenter.tell()

    def export(self) -> None:
        """Write contours, result and report beside the read; unfinished contours are finished first.

        Who hands on a read that is not signed, or has rows that nobody looked at, says so.
        """
        presenter = self._context.presenter
        presenter.finish_all()
        doubt = presenter.doubt()
        words = f"{doubt}\n\nExport it as it is? Report and result say this too."
        if not doubt or slicer.util.confirmYesNoDisplay(words, windowTitle="HCC Response"):
            self._write(lambda _: None)

    def report(self) -> None:
        """Write the same and open the report in the browser."""
        self._context.presenter.finish_all()
        self._write(lambda path: qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(path)))

    def _write(self, then: Callable[[str], object]) -> None:
        presenter = self._context.presenter
        session = presenter.session
        assert session is not None
        request = OutputRequest(
            study=session.study,
            folder=session.folder,
            by=presenter.reader.strip(),
            assigned=presenter.assigned,
        )

        def written(result: Mapping[str, Any]) -> None:
            self._written = session.folder
            self._context.refresh()
            then(str(result["report"]))

        self._context.jobs.start(WORKER, request, written)
        self._context.refresh()


def _words(signature: Signature) -> str:
    """A signature for a label that takes rich text; names are text and never markup."""
    category = f", {signature.category}" if signature.category else ""
    return html.escape(
        f"{signature.time_point}: {signature.printed_name}, {signature.meaning}, {signature.when}{category}, "
        f"{signature.under_key}"
    )
