"""One call of ``hcc-response engines install``: what it would do, doing it, and what came of it in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import console, working_in
from HCCResponseLib.cli.options import require_there
from HCCResponseLib.engines.environments import engine_folder, missing, weights_words

if TYPE_CHECKING:
    from HCCResponseLib.engines.contract import EngineInfo


@dataclass(frozen=True)
class Installation:
    """What was asked.

    Attributes:
        with_weights: the weights, too; then packages that are there stay as they are.
        weights: folder or archive of the user's; ``source``: address of a mirror.
        wheels, index: where packages come from, as of :func:`HCCResponseLib.engines.install.install`.
    """

    info: "EngineInfo"
    with_weights: bool
    weights: Path | None
    source: str | None
    wheels: Path | None
    index: str | None

    @property
    def _packages(self) -> bool:
        return not self.with_weights or missing(self.info)

    @property
    def all_there(self) -> bool:
        """Whether nothing is left to be installed, so that nothing need be asked."""
        from HCCResponseLib.engines.registry import load_engine, module_of

        fetched = self.with_weights and self.info.fetches is not None
        return fetched and not self._packages and bool(load_engine(module_of(self.info.name)).ready())

    def require_possible(self) -> None:
        """Raises ``InputError`` for what cannot be done, before anything is said or asked."""
        from HCCResponseLib.engines.weights.request import require_possible

        if not self.with_weights:
            if self.weights or self.source:
                raise InputError("To install weights, too, add --with-weights.")
            return
        require_possible(self.info, self.weights, self.source, self.wheels is not None)
        if self.weights:
            require_there(self.weights)

    def plan(self) -> Iterator[str]:
        """What it would do, line by line."""
        from HCCResponseLib.engines.install import plan
        from HCCResponseLib.engines.weights.request import weights_plan

        if self._packages:
            yield from plan(self.info, self.wheels)
        else:
            yield f"Engine: {self.info.title} ({self.info.licence}), whose packages are installed"
        if self.with_weights:
            yield from weights_plan(self.info, self.weights, self.source)
        else:
            yield f"Weights are not installed: {weights_words(self.info)}"

    def run(self) -> dict[str, Any]:
        """Install. Weights of the user's come first: they are checked in seconds, packages take minutes.

        Returns:
            facts of the packages, and in ``weights`` those of the weights.
        """
        from HCCResponseLib.engines.install import install

        facts: dict[str, Any] = {}
        with working_in(engine_folder(self.info.name), f"engines install {self.info.name}"):
            taken = self._take() if self.with_weights and self.weights else None
            if self._packages:
                facts = install(self.info, self.wheels, self.index, _tell)
            if self.with_weights:
                facts["weights"] = taken or self._fetch()
        return facts

    def _take(self) -> dict[str, Any]:
        from HCCResponseLib.cli.progress import job_progress
        from HCCResponseLib.engines.registry import load_engine, module_of

        with job_progress("Checking the weights") as report:
            taken: dict[str, Any] = load_engine(module_of(self.info.name)).take(self.weights, report)
        return taken

    def _fetch(self) -> dict[str, Any]:
        from HCCResponseLib.cli.progress import job_progress
        from HCCResponseLib.pipeline.engines import fetch_weights

        try:
            with job_progress("Looking for the weights") as report:
                return fetch_weights(self.info.name, self.source, report)
        except KeyboardInterrupt as stop:
            console.print("cancelled; the same command goes on from here", style="yellow")
            raise typer.Exit(130) from stop

    def words(self, facts: dict[str, Any]) -> Iterator[str]:
        """What was installed, line by line."""
        if "versions" in facts:
            versions = ", ".join(f"{k} {v}" for k, v in sorted(facts["versions"].items()))
            yield f"Installed {self.info.name}: {versions}"
        weights = facts.get("weights")
        if weights is None:
            return
        yield f"Weights: {weights['folder']}"
        for name, digest in {**weights.get("fetched", {}), **weights.get("checkpoints", {})}.items():
            yield f"{name}: SHA-256 {digest}"
        if "labels" in weights:
            yield "Labels: " + ", ".join(f"{name} {value}" for name, value in weights["labels"].items())
        if weights.get("were_there") and not weights.get("fetched"):
            yield "All of them were there; nothing was downloaded."


def _tell(stage: str) -> None:
    console.print(stage, markup=False)
