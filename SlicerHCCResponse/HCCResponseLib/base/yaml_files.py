"""Files that people write in YAML (or JSON, which is YAML), checked against a pydantic model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import in_words, unread
from HCCResponseLib.base.text import in_one_line

_Model = TypeVar("_Model", bound=BaseModel)


def yaml_fault(problem: Exception) -> str:
    """What keeps a file from being read, with the line where YAML has stumbled."""
    mark, what = getattr(problem, "problem_mark", None), getattr(problem, "problem", None)
    if mark is not None:
        return f"line {mark.line + 1}: {what or problem}"
    return in_words(problem).splitlines()[0]


def _as_it_is(content: Any) -> Any:
    return content


def load_checked_yaml(
    path: Path, model: type[_Model], what: str, counted: Callable[[Any], Any] = _as_it_is
) -> _Model:
    """Read a file and check it.

    Args:
        model: what the file must hold.
        what: what the file is, for the error ("Account rules").
        counted: from the content to what the model counts the entries of its lists in, where it leaves some out.

    Raises:
        InputError: missing, not YAML, an unknown, missing or impossible value; the message names it.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        raise InputError(unread(f"{what} '{path}'", problem)) from problem
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise InputError(f"{what} '{path}' cannot be read: {yaml_fault(problem)}.") from problem
    try:
        return model.model_validate(content)
    except ValidationError as problem:
        fault = in_one_line(problem, "file", counted(content))
        raise InputError(f"{what} '{path}', {fault}.") from problem
