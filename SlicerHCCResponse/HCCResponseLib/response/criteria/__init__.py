"""The criteria. Every module here defines ``CRITERION``; a new criterion is one new file.

The file may lie in the user's own folder, too: :mod:`HCCResponseLib.base.extensions`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.base.extensions import entries, own_folder
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import ReadEvaluation, TimePointFindings


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion: its name, its profile, and how it evaluates a whole read.

    Attributes:
        name: as written in profiles and cases.
        profile: name of the shipped profile with its defaults: its own, or that of the criterion that it varies.
        evaluate: from the findings of a read to its evaluation.
        immune: True for criteria whose progression needs confirmation (iRECIST).
    """

    name: str
    profile: str
    evaluate: Callable[[Sequence[TimePointFindings], Profile], ReadEvaluation]
    immune: bool = False


def criteria() -> dict[str, Criterion]:
    """All criteria by name, in the order of their file names, this software's first.

    Raises:
        InputError: a file of the user's own cannot be used.
    """
    return _found(own_folder("criteria"))


@cache
def _found(folder: Path) -> dict[str, Criterion]:
    return entries(__name__, __path__, folder, "CRITERION", Criterion)


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
