"""Exact numbers: reading them and writing them for a trace. Decisions never use the rounded forms."""

from decimal import ROUND_HALF_UP, Decimal

_TENTH = Decimal("0.1")
_HUNDREDTH = Decimal("0.01")
ZERO = Decimal(0)
HUNDRED = Decimal(100)


def tenths(length_mm: float | Decimal) -> Decimal:
    """A length in mm as an exact number of tenths, halves rounded up: the one rounding of what is measured or typed.

    Decisions are taken on this value, and tables and reports show it. Formatting a decimal with ``.1f`` rounds halves
    to the even digit instead, so that 27.25 would be 27.2 in one place and 27.3 in another.

    Rounding of a binary number starts from its sixth decimal, so that 12.25 stored as 12.2499999999 still becomes 12.3.
    """
    exact = length_mm if isinstance(length_mm, Decimal) else Decimal(f"{length_mm:.6f}")
    return exact.quantize(_TENTH, ROUND_HALF_UP)


def length_text(value: Decimal) -> str:
    """A length (mm, mm², mm³) as written, with at least one decimal: ``27`` becomes ``27.0``."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent > -1:
        value = value.quantize(_TENTH)
    return f"{value:f}"


def percent_change(change: Decimal, reference: Decimal) -> Decimal | None:
    """``change`` in per cent of ``reference``, two decimals, half up; None when the reference is 0."""
    if not reference:
        return None
    return (change * HUNDRED / reference).quantize(_HUNDREDTH, ROUND_HALF_UP)


def signed(value: Decimal) -> str:
    """A change with its sign: ``+5.0``, ``-4.3``."""
    return ("+" if value >= 0 else "") + length_text(value)


def round_to(value: Decimal, step: Decimal | None) -> Decimal:
    """``value`` rounded half up to a multiple of ``step`` (profile field ``length_rounding_mm``); None keeps it."""
    if not step:
        return value
    return (value / step).quantize(Decimal(1), ROUND_HALF_UP) * step
