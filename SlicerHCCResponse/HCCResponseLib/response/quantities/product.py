"""Sum of products: long axis times short axis (Miller 1981, Cancer 47:207-214)."""

from decimal import Decimal

from HCCResponseLib.response.numbers import round_to
from HCCResponseLib.response.quantities import Quantity
from HCCResponseLib.response.types import LesionFinding


def _measured(finding: LesionFinding, rounding: Decimal | None) -> Decimal | None:
    if finding.long_mm is None or finding.short_mm is None:
        return None
    return round_to(finding.long_mm, rounding) * round_to(finding.short_mm, rounding)


QUANTITY = Quantity("product", "mm²", "Sum of products", _measured, lambda mm: mm**2)
