"""Sum of volumes, as contoured; what is too small counts as a sphere of that diameter."""

from decimal import Decimal

from HCCResponseLib.response.quantities import Quantity
from HCCResponseLib.response.types import LesionFinding

_PI = Decimal("3.14159265358979")


def _measured(finding: LesionFinding, rounding: Decimal | None) -> Decimal | None:  # noqa: ARG001  # lengths alone
    return finding.volume_mm3


QUANTITY = Quantity("volume", "mm³", "Sum of volumes", _measured, lambda mm: _PI * mm**3 / 6)
