"""What the child process of an engine is asked: to segment, to fetch its weights, or only to check them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.engines.contract import STRICT, Request
from HCCResponseLib.lesions.prompt import Click, Line


@dataclass(frozen=True)
class EngineJob:
    """One job of an engine.

    A plain dataclass, because an engine's own environment has no pydantic; where there is pydantic, it checks names and
    types, elsewhere the names alone are checked.

    Attributes:
        engine: full name of the engine's module.
        request: what to segment; ``None``: only load ``weights`` and say facts about them.
        work: folder for the result files of a segmentation.
        weights: of a check; ``None`` is the engine's own place for them.
        fetch: download the weights; ``source``: address of a mirror, ``None``: where they come from by default.
    """

    engine: str
    request: Request | None = None
    work: Path | None = None
    weights: Path | None = None
    fetch: bool = False
    source: str | None = None

    __pydantic_config__ = STRICT

    def to_text(self) -> str:
        """As JSON; paths absolute, since the engine may run elsewhere."""
        return json.dumps(asdict(self), default=lambda path: str(path.absolute()))

    @staticmethod
    def read(text: str) -> "EngineJob":
        """Back from :meth:`to_text`. Raises ``InputError`` for what is unknown, missing or of another type."""
        try:
            from pydantic import TypeAdapter, ValidationError
        except ImportError:
            return _by_names(json.loads(text))
        from HCCResponseLib.base.text import in_one_line

        try:
            return TypeAdapter(EngineJob).validate_json(text)
        except ValidationError as problem:
            raise InputError(
                f"The job cannot be started as asked: {in_one_line(problem, 'request')}."
            ) from problem


def _by_names(values: dict[str, Any]) -> EngineJob:
    """Checked by the names alone."""
    try:
        request = values["request"] and _with_paths(values["request"], "image", "prior", "weights")
        if request:
            request["clicks"] = tuple(Click(tuple(c["lps"]), c["inside"]) for c in request["clicks"])
            line = request["line"]
            request["line"] = line and Line(tuple(line["start"]), tuple(line["end"]))
        job = {**_with_paths(values, "work", "weights"), "request": request and Request(**request)}
        return EngineJob(**job)
    except (KeyError, TypeError) as problem:
        raise InputError(f"The job cannot be started as asked: {problem}.") from problem


def _with_paths(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**values, **{n: values[n] and Path(values[n]) for n in names}}
