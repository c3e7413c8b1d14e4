"""The criteria. Every module here defines ``CRITERION``; a new criterion is one new file (and its profile in YAML)."""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import ReadEvaluation, TimePointFindings


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion: its name, its profile, and how it evaluates a whole read.

    Attributes:
        name: as written in profiles and cases.
        profile: name of the shipped profile with its defaults.
        evaluate: from the findings of a read to its evaluation.
        immune: True for criteria whose progression needs confirmation (iRECIST).
    """

    name: str
    profile: str
    evaluate: Callable[[Sequence[TimePointFindings], Profile], ReadEvaluation]
    immune: bool = False


@cache
def criteria() -> dict[str, Criterion]:
    """All criteria by name, in the order of their file names."""
    found: dict[str, Criterion] = {}
    for module in pkgutil.iter_modules(__path__):
        entry: Criterion = importlib.import_module(f"{__name__}.{module.name}").CRITERION
        found[entry.name] = entry
    return found


def criterion(name: str) -> Criterion:
    """The criterion called ``name`` ("RECIST 1.1", "mRECIST", "iRECIST", ...).

    Raises:
        RuleError: there is no such criterion.
    """
    try:
        return criteria()[name]
    except KeyError:
        known = ", ".join(criteria())
        raise RuleError(f"Unknown criterion '{name}'; it must be one of {known}.") from None
