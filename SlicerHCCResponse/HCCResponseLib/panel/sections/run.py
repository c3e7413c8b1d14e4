"""Sections 2 and 4: find lesions at baseline, adapt and follow; the job with its progress and cancel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import slicer

from HCCResponseLib.adapt.recipe import RECIPES
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Ending, Job, Offer, Outcome, Progress
from HCCResponseLib.engines.contract import Gives
from HCCResponseLib.engines.environments import weights_at_hand
from HCCResponseLib.panel.context import Context, choose_folder, guarded, offer
from HCCResponseLib.pipeline.default_engine import default_engine, why_default
from HCCResponseLib.pipeline.engines import PROMPT, engine_named, engines, how_to_install
from HCCResponseLib.pipeline.request import OURS, WORKER, Options, ProposalRequest
from HCCResponseLib.presenter.view import PanelView

_PROPOSE = "Segment the baseline; proposals wait for your decision"
_NEW_ONLY = "look for new lesions (the baseline shows none) at"
_GIVEN = (
    "The study brings baseline contours. They count as accepted; the same run adapts to them and proposes the "
    "follow-ups, which takes minutes."
)
# What docs/benchmark.md measured of the reader's line at the follow-up.
_BETTER_BY_LINE = (
    "Where a contour is not right, By line draws it anew from its long axis: on test pairs nearer to the truth than "
    "the adapted network below 20 mm, farther from it from 40 mm on."
)


class RunSection:
    """Starts the proposals and shows how they go."""

    def __init__(self, context: Context) -> None:
        self._context, self._ui = context, context.ui
        self._ui.proposeButton.connect("clicked()", guarded(self.start))
        self._ui.adaptButton.connect("clicked()", guarded(self.start))
        self._ui.cancelButton.connect("clicked()", guarded(context.jobs.cancel))
        self._ui.jobFrame.setVisible(False)
        self._ui.offerFrame.setVisible(False)
        self._ui.offerButton.connect("clicked()", guarded(self._start_lighter))
        self._ui.dismissOfferButton.connect("clicked()", guarded(self._dismiss_offers))
        self._asked: ProposalRequest | None = None
        self._stage = self._head = ""
        self._offers: tuple[Offer, ...] = ()
        self._ui.engineCombo.connect("currentIndexChanged(int)", guarded(self._engine_chosen))
        self._ui.weightsBrowseButton.connect("clicked()", guarded(self._browse_weights))
        self._engines = [e for e in engines() if Gives.TUMOUR in e.gives and not e.needs_prior]
        self._default = default_engine()
        names, shown = [engine.name for engine in self._engines], self._ui.engineCombo.count
        offer(self._ui.engineCombo, names)
        if not shown:  # a choice that a reader has made stays
            self._ui.engineCombo.setCurrentIndex(names.index(self._default))
        offer(self._ui.recipeCombo, RECIPES)

    def _engine_chosen(self) -> None:
        """Say what the engine is and what it still needs."""
        info = self._engines[self._ui.engineCombo.currentIndex]
        ui, own = self._ui, info.name == OURS
        for widget in (ui.weightsLabel, ui.weightsEdit, ui.weightsBrowseButton):
            widget.setVisible(not own)
        for widget in (ui.settingsLabel, ui.settingsEdit):
            widget.setVisible(bool(info.parameters) and not own)
        ui.settingsEdit.setToolTip("\n".join(f"{p.name}={p.default}: {p.help}" for p in info.parameters))
        unasked = info.name == self._default and not own
        words = f"{why_default(info.name) if unasked else info.title + '.'} Licence: {info.licence}."
        install = how_to_install(info)
        if install:
            words += f" Not installed; on your request: {install} (about {info.download_mib} MiB)."
        ui.engineNoteLabel.setText(words)

    def _browse_weights(self) -> None:
        choose_folder(self._ui.weightsEdit, "Folder of the weights")

    def show(self, view: PanelView) -> None:
        """What can be run now."""
        busy = self._context.jobs.busy
        ui = self._ui
        first = view.time_points[0].name
        ui.proposeButton.setEnabled(not busy and first in view.waiting)
        later = [n for n in view.waiting if n != first]
        ui.adaptButton.setEnabled(not busy and bool(later) and view.baseline_decided)
        if not later:
            words = "Every follow-up has its proposals."
            if weights_at_hand(engine_named(PROMPT)):
                words = f"{words} {_BETTER_BY_LINE}"
        elif view.baseline_decided:
            first_words = (
                "adapt to the accepted baseline and to propose" if view.baseline_has_lesions else _NEW_ONLY
            )
            words = f"Ready to {first_words} {', '.join(later)}."
        else:
            waits = next(point.waits for point in view.time_points if point.name in later)
            words = f"{', '.join(later)}: {waits}."
        ui.adaptLabel.setText(words)
        self._engine_chosen()
        self._say_what_propose_does(first in view.waiting)

    def _say_what_propose_does(self, waits: bool) -> None:
        """Contours that the study brings need no proposal: the run goes on to the follow-ups at once."""
        session, ui = self._context.presenter.session, self._ui
        given = waits and session is not None and session.study.timepoints[0].contour is not None
        ui.proposeButton.setText("Take given contours and go on" if given else "Propose baseline lesions")
        ui.proposeButton.setToolTip(_GIVEN if given else _PROPOSE)
        if given:
            ui.engineNoteLabel.setText(f"{_GIVEN} {ui.engineNoteLabel.text}")

    def start(self) -> None:
        """Make the proposals that can be made now, in a process of its own."""
        presenter = self._context.presenter
        session = presenter.session
        if session is None:
            raise InputError("Open a study first.")
        self._run(
            ProposalRequest(
                study=session.study,
                folder=session.folder,
                options=self._options(),
                assigned=presenter.assigned,
            )
        )

    def _run(self, request: ProposalRequest) -> None:
        self._context.jobs.start(WORKER, request)
        self._asked = request
        self._context.refresh()

    def _start_lighter(self) -> None:
        """The same job again, with the setting that the reader has chosen."""
        if self._asked is not None and self._offers:
            self._run(self._asked.lighter(self._offers[self._ui.offerCombo.currentIndex]))

    def _dismiss_offers(self) -> None:
        self._offers = ()
        self._ui.offerFrame.setVisible(False)

    def _options(self) -> Options:
        info, ui = self._engines[self._ui.engineCombo.currentIndex], self._ui
        own = info.name == OURS
        weights = "" if own else ui.weightsEdit.text.strip()
        options = Options(
            recipe=ui.recipeCombo.currentText,
            engine=info.name,
            weights=Path(weights) if weights else None,
            device=ui.deviceCombo.currentText,
            parameters={} if own else _settings(ui.settingsEdit.text),
        )
        options.require_known()
        return options

    def job_changed(self, job: Job) -> None:
        """Show progress; at the end show the new proposals, or why there are none."""
        ui = self._ui
        running = job.outcome is None
        self._dismiss_offers()
        ui.jobFrame.setVisible(running)
        session = self._context.presenter.session
        points = () if session is None else (p.name for p in session.study.timepoints)
        ui.jobLabel.setText(busy_words(job.progress, points))
        ui.jobProgress.setValue(int(job.progress.fraction * 100))
        if job.outcome is None:
            self._show_what_is_ready(job.progress.stage)
            return
        if self._context.presenter.session is not None:
            self._context.presenter.reload()
        if job.outcome.offers:
            self._show_offers(job.outcome)
        elif job.outcome.ending in (Ending.FAILED, Ending.OUT_OF_MEMORY):
            slicer.util.errorDisplay(job.outcome.message, windowTitle="HCC Response")

    def _show_what_is_ready(self, stage: str) -> None:
        """With a new step rows may have come into the read; nobody waits for the last to look at the first."""
        session = self._context.presenter.session
        if stage == self._stage or session is None:
            return
        # Most steps write nothing, and some jobs have a hundred a second.
        head = session.store.head()
        if head != self._head:
            self._context.presenter.reload()
        self._stage, self._head = stage, head

    def _show_offers(self, outcome: Outcome[dict[str, Any]]) -> None:
        """What happened, and the lighter settings to choose from."""
        ui = self._ui
        self._offers = outcome.offers
        ui.offerLabel.setText(outcome.message)
        ui.offerCombo.clear()
        offer(ui.offerCombo, (lighter.title for lighter in outcome.offers))
        ui.offerFrame.setVisible(True)


def busy_words(progress: Progress, points: Iterable[str]) -> str:
    """What is running, "Proposing follow-up 1: aligning livers ... (about 20 s left)"."""
    point, mark, step = progress.stage.partition(": ")
    stage = progress.stage
    if mark and point in set(points):
        stage = f"Proposing {point}: {step[:1].lower()}{step[1:]}"
    return replace(progress, stage=f"{stage} ...").words


def _settings(text: str) -> dict[str, str]:
    """``name=value; name=value`` as a mapping. Raises ``InputError`` for a part without '='."""
    found: dict[str, str] = {}
    for part in (p.strip() for p in text.split(";") if p.strip()):
        name, sign, value = part.partition("=")
        if not sign:
            raise InputError(f"Setting '{part}' has no '='; write name=value; name=value.")
        found[name.strip()] = value.strip()
    return found
