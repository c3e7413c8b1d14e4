"""Sum of diameters: the long axis, of a node the short axis (Eisenhauer 2009, 4.1 and 4.3.1)."""

from decimal import Decimal

from HCCResponseLib.response.numbers import round_to
from HCCResponseLib.response.quantities import Quantity
from HCCResponseLib.response.types import LesionFinding


def _measured(finding: LesionFinding, rounding: Decimal | None) -> Decimal | None:
    axis = finding.short_mm if finding.nodal else finding.long_mm
    return None if axis is None else round_to(axis, rounding)


QUANTITY = Quantity("diameter", "mm", "Sum of diameters", _measured, lambda mm: mm, normal_nodes=True)
