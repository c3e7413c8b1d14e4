"""What a reader shows of a lesion before it is contoured: a line, clicks, a box; positions in LPS mm (x, y, z)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from HCCResponseLib.base.errors import InputError

Lps = tuple[float, float, float]
# Read by pydantic where a request is checked: unknown keys are refused.
_STRICT: Mapping[str, str] = {"extra": "forbid"}
SHORTEST_LINE_MM = 2.0


@dataclass(frozen=True)
class Click:
    """A point inside or outside of what is wanted."""

    lps: Lps
    inside: bool = True

    __pydantic_config__ = _STRICT


@dataclass(frozen=True)
class Line:
    """The long axis as a reader draws it on one slice, from one border of the lesion to the other."""

    start: Lps
    end: Lps

    __pydantic_config__ = _STRICT

    @property
    def length_mm(self) -> float:
        """Distance between both ends."""
        return float(np.linalg.norm(np.subtract(self.end, self.start)))

    @property
    def middle(self) -> Lps:
        """The point halfway."""
        x, y, z = (np.add(self.start, self.end) / 2).tolist()
        return x, y, z


@dataclass(frozen=True)
class Prompts:
    """All that was shown of one lesion.

    Attributes:
        line: at most one; clicks: any number.

    Raises:
        InputError: nothing is shown, or a line without length.
    """

    line: Line | None = None
    clicks: tuple[Click, ...] = ()

    __pydantic_config__ = _STRICT

    def __post_init__(self) -> None:
        if self.line is None and not any(c.inside for c in self.clicks):
            raise InputError("Show the lesion by a line or by at least one click inside of it.")
        if self.line is not None and self.line.length_mm < SHORTEST_LINE_MM:
            raise InputError(
                f"The line is {self.line.length_mm:.1f} mm long; draw it from border to border of the lesion, "
                f"at least {SHORTEST_LINE_MM:.0f} mm."
            )

    @staticmethod
    def of_box(low: Lps, high: Lps) -> "Prompts":
        """A box around the lesion, by two opposite corners: the middle of its longest in-plane side to side.

        Its longest side within the axial plane becomes the line, through the middle of the box.
        """
        middle, half = np.add(low, high) / 2, np.abs(np.subtract(high, low)) / 2
        along = np.zeros(3)
        axis = int(np.argmax(half[:2]))
        along[axis] = half[axis]
        return Prompts(Line(_point(middle - along), _point(middle + along)))

    def points(self) -> list[Lps]:
        """Every position that was shown."""
        ends = [self.line.start, self.line.end] if self.line else []
        return [*ends, *(c.lps for c in self.clicks)]


def prompt_words(facts: Mapping[str, Any]) -> str:
    """How a contour was made from what its reader has shown, for people.

    Args:
        facts: as kept with the contour: ``line``, ``clicks``, and ``then_by_hand`` where it was drawn on afterwards.
    """
    clicks = len(facts.get("clicks") or ())
    said = [f"{clicks} click{'' if clicks == 1 else 's'}"] if clicks else []
    if facts.get("line"):
        words = " and ".join(["contoured from the reader's line", *said])
    elif facts.get("corrected"):
        words = f"corrected by {' and '.join(said)} of the reader"
    else:
        words = f"contoured from {' and '.join(said)} of the reader"
    return f"{words}, then by hand" if facts.get("then_by_hand") else words


def _point(values: Any) -> Lps:
    x, y, z = (float(v) for v in values)
    return x, y, z
