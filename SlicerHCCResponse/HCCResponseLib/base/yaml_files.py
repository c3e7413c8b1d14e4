"""Files that people write in YAML (or JSON, which is YAML), checked against a pydantic model."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.text import in_one_line

_Model = TypeVar("_Model", bound=BaseModel)


def yaml_fault(problem: Exception) -> str:
    """What keeps a file from being read, with the line where YAML has stumbled."""
    mark, what = getattr(problem, "problem_mark", None), getattr(problem, "problem", None)
    if mark is not None:
        return f"line {mark.line + 1}: {what or problem}"
    return str(problem).splitlines()[0] if str(problem) else type(problem).__name__


def load_checked_yaml(path: Path, model: type[_Model], what: str) -> _Model:
    """Read a file and check it.

    Args:
        model: what the file must hold.
        what: what the file is, for the error ("Account rules").

    Raises:
        InputError: missing, not YAML, an unknown, missing or impossible value; the message names it.
    """
    try:
        return model.model_validate(yaml.safe_load(Path(path).read_text(encoding="utf-8")))
    except FileNotFoundError as problem:
        raise InputError(f"{what} '{path}' does not exist.") from problem
    except ValidationError as problem:
        raise InputError(f"{what} '{path}', {in_one_line(problem, 'file')}.") from problem
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise InputError(f"{what} '{path}' cannot be read: {yaml_fault(problem)}.") from problem
