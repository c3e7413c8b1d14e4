"""What a run of proposals is asked: the study, the folder of its read, and how proposals are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from HCCResponseLib.adapt.recipe import QUICK
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Offer
from HCCResponseLib.base.jobs.request import JobRequest
from HCCResponseLib.base.result_cache import ResultCache, users_cache
from HCCResponseLib.imaging.study import Study
from HCCResponseLib.pipeline.engines import ADAPTED, engine_named
from HCCResponseLib.review.committee.assignments import open_read
from HCCResponseLib.review.people.person import Person
from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.store import ReadStore

OURS = "fcd"
WORKER = "HCCResponseLib.pipeline.worker"


@dataclass(frozen=True)
class Options:
    """How proposals are made. ``base`` and ``steps`` of ``None`` mean the shipped model and the recipe's own.

    Attributes:
        engine: what looks for lesions in whole scans; ``weights`` are that engine's.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        parameters: of that engine by name; of the adapted network as ``adapted.NAME``.
        unasked: nobody has chosen the engine; see :mod:`HCCResponseLib.pipeline.default_engine`.
        results: folder in which results of networks are kept and looked for; ``None``: the user's own cache.
    """

    recipe: str = QUICK.name
    steps: int | None = None
    seed: int = 0
    base: Path | None = None
    engine: str = OURS
    weights: Path | None = None
    device: str = "auto"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    unasked: bool = False
    results: Path | None = None

    __pydantic_config__ = ConfigDict(extra="forbid")

    def looks_with(self) -> Path | None:
        """Weights of the engine; our own engine looks with the base model."""
        return self.weights or (self.base if self.engine == OURS else None)

    def cache(self) -> ResultCache | None:
        """Where results are kept; ``None``: nowhere. Raises ``InputError`` for a limit that is no number."""
        return ResultCache(self.results) if self.results else users_cache()

    def settings_of(self, engine: str) -> dict[str, Any]:
        """The parameters that are meant for one engine."""
        whose = {name: name.rpartition(".") for name in self.parameters}
        return {
            short: self.parameters[name]
            for name, (owner, _, short) in whose.items()
            if (owner or self.engine) == engine
        }

    def require_known(self) -> None:
        """Raises ``InputError`` for an engine or a parameter that does not exist."""
        engines = (self.engine, ADAPTED)
        for name in self.parameters:
            owner = name.rpartition(".")[0]
            if owner and owner not in engines:
                raise InputError(
                    f"'{name}' sets an engine that does not run here; those are {', '.join(engines)}."
                )
        for engine in engines:
            engine_named(engine).settings(self.settings_of(engine))

    def lighter(self, offer: Offer) -> "Options":
        """The same with the setting of an offer."""
        return replace(
            self, device=offer.device or self.device, parameters={**self.parameters, **offer.parameters}
        )


class AssignedRead(BaseModel):
    """A read of a committee, and the person who has signed in for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: str
    read_id: str
    person: Person

    def open(self) -> tuple[ReadStore, ReadState]:
        """The store and the read in it. Raises ``AccessError`` where it is not this person's."""
        return open_read(ReadStore(self.store), self.person, self.read_id)


class ProposalRequest(JobRequest):
    """One run of proposals.

    Attributes:
        folder: of the read.
        assigned: for a read that was assigned to somebody.
    """

    study: Study
    folder: Path
    options: Options
    assigned: AssignedRead | None = None

    def lighter(self, offer: Offer) -> "ProposalRequest":
        """The same with the setting of an offer."""
        return self.model_copy(update={"options": self.options.lighter(offer)})
