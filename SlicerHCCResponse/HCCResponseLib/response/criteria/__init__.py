"""The criteria. Every module here defines ``CRITERION``; a new criterion is one new file (and its profile in YAML)."""

import importlib
import pkgutil
from functools import cache

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.criteria.base import Criterion

__all__ = ["Criterion", "criteria", "criterion"]


@cache
def criteria() -> dict[str, Criterion]:
    """All criteria by name, in the order of their file names."""
    found: dict[str, Criterion] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name == "base":
            continue
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
