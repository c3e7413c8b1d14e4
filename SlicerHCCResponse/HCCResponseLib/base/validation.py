"""What pydantic found wrong, as one line for a user."""

from pydantic import ValidationError


def in_one_line(problem: ValidationError, whole: str) -> str:
    """Every fault with its place; ``whole`` names what was checked, for faults of the whole."""
    parts = []
    for error in problem.errors():
        place = ".".join(str(p) for p in error["loc"]) or whole
        parts.append(f"{place}: {error['msg'].removeprefix('Value error, ')}")
    return "; ".join(parts)
