"""Writes typed values in the words of the interface: decimals and dates as strings, None as null."""

from datetime import date
from decimal import Decimal

from HCCResponseLib.response.numbers import length_text


def number(value: Decimal | None) -> str | None:
    """A length or change as a decimal string."""
    return None if value is None else length_text(value)


def percent(value: Decimal | None) -> str | None:
    """A percentage with two decimals."""
    return None if value is None else f"{value:.2f}"


def day(value: date | None) -> str | None:
    """An ISO date."""
    return None if value is None else value.isoformat()


def yes_no(value: bool) -> str:
    """Y or N."""
    return "Y" if value else "N"
