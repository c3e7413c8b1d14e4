"""What a criterion adds up. Every module here defines ``QUANTITY``; a new quantity is one new file.

The file may lie in the user's own folder, too: :mod:`HCCResponseLib.base.extensions`.

``viable-`` before a name means the same of the viable (arterially enhancing) part of a tumour: ``viable-diameter``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.extensions import entries, own_folder
from HCCResponseLib.response.types import LesionFinding

VIABLE = "viable-"


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a lesion adds to a sum.

    Attributes:
        name: as profiles write it, "diameter".
        unit: of the sum, "mm".
        sum_title: what the sum is called, "Sum of diameters".
        measured: from a finding and the profile's ``length_rounding_mm`` to its value in the unit; ``None`` when the
            finding lacks a length that it needs.
        too_small: from the profile's ``too_small_mm`` to the value of a lesion that is too small to measure.
        normal_nodes: whether a node is gone when its value is below the normal short axis (sums of diameters).
    """

    name: str
    unit: str
    sum_title: str
    measured: Callable[[LesionFinding, Decimal | None], Decimal | None]
    too_small: Callable[[Decimal], Decimal]
    normal_nodes: bool = False


def quantities() -> dict[str, Quantity]:
    """All quantities by name, this software's first.

    Raises:
        InputError: a file of the user's own cannot be used.
    """
    return _found(own_folder("quantities"))


@cache
def _found(folder: Path) -> dict[str, Quantity]:
    found = entries(__name__, __path__, folder, "QUANTITY", Quantity)
    for name in found:
        if name.startswith(VIABLE):
            raise InputError(f"'{VIABLE}' is said in profiles; no quantity is named so: '{name}'.")
    return found


@cache
def quantity_named(name: str) -> Quantity:
    """The quantity of a profile, ``viable-`` or not; the same for the life of the process once it was found.

    Raises:
        InputError: there is none of this name.
    """
    known = quantities()
    try:
        return known[name.removeprefix(VIABLE)]
    except KeyError:
        listed = ", ".join(f"{one}, {VIABLE}{one}" for one in known)
        raise InputError(f"'{name}' is no quantity; it must be one of {listed}.") from None
