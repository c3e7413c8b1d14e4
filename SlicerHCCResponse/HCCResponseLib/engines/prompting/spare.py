"""The caller's side: keeps one process ready, asks it, and starts another where it is gone."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from HCCResponseLib.base.errors import InputError, JobOutOfMemoryError
from HCCResponseLib.base.jobs import Outcome
from HCCResponseLib.base.jobs.waiting import WaitingWorker
from HCCResponseLib.engines.available.prompt import INFO
from HCCResponseLib.engines.memory import free_system_mib
from HCCResponseLib.engines.prompting.question import Contoured, Loading, Question, write_part
from HCCResponseLib.imaging.boxes import Box
from HCCResponseLib.imaging.geometry import box_geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.prompt import Prompts
from HCCResponseLib.nets.prompts.place import needed

_WORKER = "HCCResponseLib.engines.prompting.worker"
IDLE_S = 600.0


class Spare:
    """A prompt network that waits for lines and clicks; one question at a time, and no call waits.

    spare.prepare()                      # as soon as a study is open
    spare.ask(image, prompts, prior)
    while (found := spare.poll()) is None: ...
    spare.end()
    """

    def __init__(self, weights: Path, device: str = "auto", idle_s: float = IDLE_S) -> None:
        """Start nothing yet.

        Args:
            idle_s: the process ends when nothing was asked for so long; the next question starts another.
        """
        self._loading = Loading(weights=weights, device=device, idle_s=idle_s)
        self._worker: WaitingWorker | None = None
        self._numbers = count()
        self._asked: tuple[Question, Box, Volume] | None = None
        self._since = 0.0
        self.cost: Mapping[str, float | None] = {}
        """Of the latest answer: ``cpu_seconds`` of the processor, ``peak_memory_mib`` of the process so far."""

    @property
    def ready(self) -> bool:
        """Whether the network is loaded."""
        return self._worker is not None and self._worker.ready

    @property
    def busy(self) -> bool:
        """Whether a question waits for its answer."""
        return self._asked is not None

    def prepare(self) -> None:
        """Start the process where none waits.

        Raises:
            JobOutOfMemoryError: there is no memory for it. StorageError: no room for its files.
        """
        if self._worker is not None and not self._worker.over:
            return
        free = free_system_mib()
        if free < INFO.system_mib:
            raise JobOutOfMemoryError(
                f"Contouring from a line needs about {INFO.system_mib / 1024:.1f} GiB of memory, but only "
                f"{free / 1024:.1f} GiB are free. Close other programs, or draw the contour by hand."
            )
        self._worker = WaitingWorker(_WORKER, self._loading)

    def ask(self, image: Volume, prompts: Prompts, prior: Lesion | None = None) -> None:
        """Ask for the contour of what is shown; the answer comes by :meth:`poll`.

        Args:
            image: the scan; only the part around the prompts is handed on.
            prior: contour that is to be corrected, on the grid of the scan.

        Raises:
            InputError: another question waits, or a prompt lies outside of the scan.
            JobOutOfMemoryError, StorageError: as :meth:`prepare`.
        """
        if self._asked is not None:
            raise InputError("A contour is being made; wait for it or cancel it.")
        box = needed(image.geometry, prompts, prior)
        self._look()
        self.prepare()
        assert self._worker is not None
        folder, number = self._worker.folder, next(self._numbers)
        part = Volume(np.ascontiguousarray(image.hu[box]), box_geometry(image.geometry, box))
        question = Question(
            scan=folder / f"scan-{number}.npz",
            contour=folder / f"contour-{number}.npz",
            prompts=prompts,
            corrects=bool(prior),
        )
        write_part(question.scan, part, prior.window(box) if prior else None)
        self._asked, self._since = (question, box, image), time.monotonic()
        self._worker.ask(question)

    def _look(self) -> None:
        """Notice a process that has ended while nobody asked; why does not matter, another one is started."""
        if self._worker is not None:
            self._worker.poll()

    def poll(self) -> Outcome[Contoured] | None:
        """How the question was answered; ``None`` while it waits, or where none was put."""
        if self._worker is None:
            return None
        found = self._worker.poll()
        if found is None or self._asked is None:
            return None
        (question, box, image), self._asked = self._asked, None
        if found.result is None:
            return Outcome(found.ending, None, _again(found, self._worker.over), found.offers, found.kind)
        self.cost = {name: found.result[name] for name in ("cpu_seconds", "peak_memory_mib")}
        return Outcome.done(self._contoured(question, box, image, found.result["facts"]))

    def _contoured(self, question: Question, box: Box, image: Volume, facts: Mapping[str, Any]) -> Contoured:
        with np.load(question.contour) as stored:
            z, y, x = (int(a) + b.start for a, b in zip(stored["start"], box, strict=True))
            contour = Lesion(image.geometry.size, (z, y, x), stored["voxels"])
        question.contour.unlink()
        shown = question.prompts
        return Contoured(
            contour,
            {
                **facts,
                "line": asdict(shown.line) if shown.line else None,
                "clicks": [asdict(click) for click in shown.clicks],
                "corrected": question.corrects,
                "waited_seconds": round(time.monotonic() - self._since, 3),
            },
        )

    def cancel(self) -> None:
        """Give a question up; the process that works at it ends, and the next question starts another."""
        if self._asked is not None:
            self.end()

    def end(self) -> None:
        """End the process with everything that it started."""
        self._asked = None
        if self._worker is not None:
            self._worker.end()
            self._worker = None


def _again(found: Outcome[Any], over: bool) -> str:
    """Why there is no contour; where the process has ended, that the next try starts another."""
    if not over:
        return found.message
    return f"{found.message} No contour was made; the next line or click starts the network anew."
