"""Text on one line: what people type, so that it cannot disguise itself anywhere, and what pydantic found wrong."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from HCCResponseLib.base.errors import InputError

if TYPE_CHECKING:
    from pydantic import ValidationError

#: What pydantic found, by its names of faults, in words that need no programmer. What is not here says its own.
SAID = {
    "missing": "is missing",
    "extra_forbidden": "is not known here (misspelt?)",
    "invalid_key": "is no name; names are text",
    "unexpected_keyword_argument": "is not known here (misspelt?)",
    "string_type": "must be text",
    "string_unicode": "must be text",
    "string_too_short": "needs {min_length} or more characters",
    "string_too_long": "may have at most {max_length} characters",
    "string_pattern_mismatch": "may hold letters, digits, blanks, '.', '_' and '-', and begins with a letter or digit",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number of usual size",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "decimal_parsing": "must be a number",
    "decimal_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "date_type": "must be a day such as 2024-01-31",
    "date_parsing": "must be a day such as 2024-01-31",
    "date_from_datetime_inexact": "must be a day such as 2024-01-31, without a time",
    "date_from_datetime_parsing": "must be a day such as 2024-01-31",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "too_short": "needs {min_length} or more entries",
    "too_long": "may have at most {max_length} entries",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "path_type": "must be the path of a file",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
}


def one_line(value: str, what: str, longest: int = 200, *, required: bool = True) -> str:
    """The text without outer spaces, in composed form (NFC).

    Line breaks, control characters and characters that reverse or hide text are refused: a name must look in a
    log exactly as it is.

    Args:
        what: what the text is, for the error ("the reason").

    Raises:
        InputError: empty although required, too long, or with characters that cannot be printed.
    """
    text = unicodedata.normalize("NFC", value).strip()
    if required and not text:
        raise InputError(f"Please give {what}; it is empty.")
    if len(text) > longest:
        raise InputError(f"Please shorten {what}: {len(text)} characters, at most {longest} are possible.")
    if not text.isprintable():
        raise InputError(f"Please retype {what} on one line; it holds characters that cannot be printed.")
    return text


def in_one_line(problem: "ValidationError", whole: str, content: Any = None) -> str:
    """Every fault with its place.

    Args:
        whole: names what was checked, for faults of the whole.
        content: what was checked; entries of its lists are then called by their names, not by their numbers.
    """
    return "; ".join(
        f"{_place(error['loc'], content) or whole}: {_in_our_words(error)}" for error in problem.errors()
    )


def _place(steps: Sequence[int | str], content: Any) -> str:
    """Where in a file something is: ``image.path``, or ``decisions, baseline L3, action``."""
    place = ""
    for step in steps:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            content = None
        if isinstance(step, int):
            named = content if isinstance(content, dict) else {}
            names = [named[key] for key in ("time_point", "name") if isinstance(named.get(key), str)]
            place += f", {' '.join(names) or f'entry {step + 1}'}, "
        else:
            place += step if not place or place.endswith(" ") else f".{step}"
    return place.strip(", ")


def _in_our_words(error: Mapping[str, Any]) -> str:
    """One fault of pydantic's as a sentence for people, with what was given where that is short."""
    said, more = SAID.get(error["type"]), error.get("ctx", {})
    if said is None:
        return str(error["msg"]).removeprefix("Value error, ")
    given = error["input"]
    shown = repr(given) if isinstance(given, str | int | float | bool) else ""
    tell = shown and len(shown) <= 60 and error["type"] not in ("missing", "extra_forbidden")
    return said.format(**more) + (f", not {shown}" if tell else "")
