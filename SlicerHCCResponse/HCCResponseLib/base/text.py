"""Text on one line: what people type, so that it cannot disguise itself anywhere, and what pydantic found wrong."""

import unicodedata
from typing import TYPE_CHECKING

from HCCResponseLib.base.errors import InputError

if TYPE_CHECKING:
    from pydantic import ValidationError


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


def in_one_line(problem: "ValidationError", whole: str) -> str:
    """Every fault with its place; ``whole`` names what was checked, for faults of the whole."""
    parts = []
    for error in problem.errors():
        place = ".".join(str(p) for p in error["loc"]) or whole
        parts.append(f"{place}: {error['msg'].removeprefix('Value error, ')}")
    return "; ".join(parts)
