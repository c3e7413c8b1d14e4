"""What a worker is asked: a model that the caller builds and that the child checks before it does anything."""

from typing import Protocol, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.text import in_one_line


class Request(Protocol):
    """Whatever can be written to ``request.json``."""

    def to_text(self) -> str:
        """As JSON."""


class JobRequest(BaseModel):
    """Base of the requests: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def to_text(self) -> str:
        """As JSON."""
        return self.model_dump_json()

    @classmethod
    def read(cls, text: str) -> Self:
        """Back from :meth:`to_text`. Raises ``InputError`` for what is unknown, missing or of another type."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as problem:
            raise InputError(
                f"The job cannot be started as asked: {in_one_line(problem, 'request')}."
            ) from problem
