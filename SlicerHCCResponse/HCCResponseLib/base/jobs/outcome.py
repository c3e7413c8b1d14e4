"""How a job ended: done, failed, cancelled or out of memory; the last with lighter settings to choose from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar, cast

from HCCResponseLib.base.errors import (
    AccessError,
    HCCResponseError,
    InputError,
    InUseError,
    JobCancelledError,
    JobFailedError,
    JobOutOfMemoryError,
    ModelError,
    StorageError,
)

R = TypeVar("R")
# Kinds of error that keep their kind on the way from one process to another; others become a failed job.
_KINDS: dict[str, type[HCCResponseError]] = {
    kind.__name__: kind
    for kind in (ModelError, InputError, StorageError, AccessError, InUseError, JobFailedError)
}


class Ending(StrEnum):
    """How a job ended."""

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OUT_OF_MEMORY = "out of memory"


@dataclass(frozen=True)
class Offer:
    """A setting that needs less memory, to be shown as a choice: what it says and what it changes.

    Attributes:
        title: for the reader.
        device: the device to take instead, or ``None``.
        parameters: values of the engine's parameters to take instead.
    """

    title: str
    device: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> str:
        """The same on the command line, such as ``--set patch=48``."""
        words = [f"--device {self.device}"] if self.device else []
        return " ".join([*words, *(f"--set {name}={value}" for name, value in self.parameters.items())])


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """How a job ended: its result if done, a message for the reader if not, offers if memory ran out.

    Attributes:
        kind: the error to raise for a job that failed.
    """

    ending: Ending
    result: R | None = None
    message: str = ""
    offers: tuple[Offer, ...] = ()
    kind: type[HCCResponseError] = JobFailedError

    @classmethod
    def done(cls, result: R) -> Self:
        """A job that has given its result."""
        return cls(Ending.DONE, result)

    @classmethod
    def of(cls, problem: HCCResponseError) -> Self:
        """The ending that an error stands for."""
        if isinstance(problem, JobCancelledError):
            return cls(Ending.CANCELLED, message=str(problem))
        if isinstance(problem, JobOutOfMemoryError):
            return cls(Ending.OUT_OF_MEMORY, message=problem.message, offers=problem.offers)
        return cls(Ending.FAILED, message=str(problem), kind=_KINDS[_kind_name(problem)])

    def require(self) -> R:
        """The result of a job that must have succeeded.

        Raises:
            JobCancelledError, JobOutOfMemoryError, JobFailedError: as it ended; bad input, missing weights and full
                disks keep their own kind.
        """
        if self.ending is Ending.CANCELLED:
            raise JobCancelledError(self.message)
        if self.ending is Ending.OUT_OF_MEMORY:
            raise JobOutOfMemoryError(self.message, self.offers)
        if self.ending is Ending.FAILED:
            raise self.kind(self.message)
        return cast(R, self.result)


def _kind_name(problem: HCCResponseError) -> str:
    return next((k.__name__ for k in type(problem).__mro__ if k.__name__ in _KINDS), JobFailedError.__name__)


def error_to_json(problem: HCCResponseError) -> dict[str, Any]:
    """An error as the last line that a worker writes."""
    if isinstance(problem, JobOutOfMemoryError):
        offers = [asdict(offer) for offer in problem.offers]
        return {"error": problem.message, "kind": JobOutOfMemoryError.__name__, "offers": offers}
    return {"error": str(problem), "kind": _kind_name(problem)}


def error_from_json(line: Mapping[str, Any]) -> HCCResponseError:
    """Back from :func:`error_to_json`."""
    if line["kind"] == JobOutOfMemoryError.__name__:
        return JobOutOfMemoryError(line["error"], tuple(Offer(**offer) for offer in line["offers"]))
    return _KINDS[line["kind"]](line["error"])
