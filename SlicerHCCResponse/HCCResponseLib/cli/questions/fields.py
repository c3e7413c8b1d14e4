"""Reads the plain values of a case and names the field in every error."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from HCCResponseLib.base.errors import RuleError

_Enum = TypeVar("_Enum", bound=StrEnum)
_MOST_DIGITS = 20
_DECIMAL_STRING = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_NO_FINITE = re.compile(r"\s*[+-]?(nan|inf|infinity)\s*", re.IGNORECASE)


class Fields:
    """A mapping whose values are read as what they should be; ``null`` and an absent key both read as None."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self.values, self.where = values, where

    @classmethod
    def of(cls, values: object, where: str) -> "Fields":
        """Wrap a value that must be a JSON object.

        Raises:
            RuleError: it is something else.
        """
        if not isinstance(values, Mapping):
            raise RuleError(f"'{where}' must be an object.")
        return cls(values, where)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def only(self, *known: str) -> "Fields":
        """Itself, once it holds nothing but these entries: one that nobody reads may be one that somebody meant.

        Raises:
            RuleError: another entry; the message names it.
        """
        unknown = next((name for name in self.values if name not in known), None)
        if unknown is not None:
            raise RuleError(
                f"Unknown entry '{unknown}' in '{self.where}'; it must be one of {', '.join(known)}."
            )
        return self

    def _name(self, name: str) -> str:
        return f"{self.where}.{name}"

    def text(self, name: str) -> str | None:
        """A text, or a whole number taken as one (ids)."""
        value = self.values.get(name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise RuleError(f"'{self._name(name)}' must be a text, not {value!r}.")

    def needed_text(self, name: str) -> str:
        """A text that must be there."""
        value = self.text(name)
        if not value:
            raise RuleError(f"'{self._name(name)}' is missing.")
        return value

    def flag(self, name: str) -> bool | None:
        """true or false."""
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise RuleError(f"'{self._name(name)}' must be true or false, not {value!r}.")

    def length(self, name: str) -> Decimal | None:
        """A length of 0 or more, mm, from a number or a decimal string; exact."""
        return to_length(self.values.get(name), self._name(name))

    def day(self, name: str) -> date | None:
        """An ISO date."""
        return to_day(self.values.get(name), self._name(name))

    def needed_day(self, name: str) -> date:
        """An ISO date that must be there."""
        value = self.day(name)
        if value is None:
            raise RuleError(f"'{self._name(name)}' is missing; a full date is needed.")
        return value

    def choice(self, name: str, kind: type[_Enum]) -> _Enum | None:
        """One of the values of an enumeration."""
        return to_choice(self.values.get(name), kind, self._name(name))

    def items(self, name: str) -> list[Any]:
        """A list; empty when absent."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise RuleError(f"'{self._name(name)}' must be a list.")
        return value

    def needed(self, name: str) -> "Fields":
        """Itself, once the field is there and not null; an empty list counts as given.

        Raises:
            RuleError: it is not there.
        """
        if self.values.get(name) is None:
            raise RuleError(f"'{self._name(name)}' is missing.")
        return self

    def objects(self, name: str) -> Iterator["Fields"]:
        """The objects of a list."""
        for index, value in enumerate(self.items(name)):
            yield Fields.of(value, f"{self._name(name)}[{index}]")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self.items(name)
        wrong = [value for value in values if not isinstance(value, str | int) or isinstance(value, bool)]
        if wrong:
            raise RuleError(f"'{self._name(name)}' must hold texts, not {wrong[0]!r}.")
        return tuple(str(value) for value in values)


def to_length(value: object, name: str) -> Decimal | None:
    """An exact number of 0 or more, or None.

    Raises:
        RuleError: negative, not finite, or no number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise RuleError(f"'{name}' must be a number, not {value!r}.")
    if isinstance(value, str) and not (_DECIMAL_STRING.fullmatch(value) or _NO_FINITE.fullmatch(value)):
        raise RuleError(f"'{name}' must be a number, not {value!r}.")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise RuleError(f"'{name}' must be a finite number.")
    if number < 0:
        raise RuleError(f"'{name}' cannot be negative: {number}.")
    if len(number.as_tuple().digits) > _MOST_DIGITS or abs(number.adjusted()) > _MOST_DIGITS:
        raise RuleError(f"'{name}' is out of range: {value}.")
    return number


def to_day(value: object, name: str) -> date | None:
    """A full ISO date, or None; nothing is imputed.

    Raises:
        RuleError: no full date.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise RuleError(f"'{name}' must be an ISO date such as 2026-03-12, not {value!r}.")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise RuleError(f"'{name}' must be a full ISO date such as 2026-03-12, not {value!r}.") from None


def to_choice(value: object, kind: type[_Enum], name: str) -> _Enum | None:
    """A member of an enumeration by its value, or None.

    Raises:
        RuleError: an unknown value.
    """
    if value is None:
        return None
    try:
        return kind(str(value))
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise RuleError(f"'{name}' is {value!r}; it must be one of {known}.") from None
