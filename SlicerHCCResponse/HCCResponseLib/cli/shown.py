"""Options with which a lesion is shown: a line, clicks, a box; positions in millimetres."""

from typing import TYPE_CHECKING, Annotated

import typer

from HCCResponseLib.base.errors import InputError

if TYPE_CHECKING:
    from HCCResponseLib.lesions.prompt import Lps, Prompts

#: The engine that contours what is shown.
SHOWN_ENGINE = "prompt"
LineOption = Annotated[
    str | None,
    typer.Option(
        help="Both ends of the long axis, X,Y,Z,X,Y,Z in mm (LPS): contour the lesion that lies there."
    ),
]
PointOption = Annotated[
    list[str] | None,
    typer.Option("--point", help="A point inside the lesion, X,Y,Z in mm (LPS); may be repeated."),
]
NotPointOption = Annotated[
    list[str] | None,
    typer.Option("--not-point", help="A point outside the lesion, written like --point; may be repeated."),
]
BoxOption = Annotated[
    str | None, typer.Option(help="Two opposite corners of a box around the lesion, X,Y,Z,X,Y,Z in mm (LPS).")
]


def read_prompts(
    line: str | None, points: list[str], not_points: list[str], box: str | None
) -> "Prompts | None":
    """What was shown; ``None`` where nothing was.

    Raises:
        InputError: no numbers, too few of them, a line beside a box, or points outside alone.
    """
    from HCCResponseLib.lesions.prompt import Click, Line, Prompts

    if not (line or points or not_points or box):
        return None
    if line and box:
        raise InputError("Show the lesion by --line or by --box, not by both.")
    clicks = tuple(Click(p, True) for text in points for p in _positions("--point", text, 1))
    clicks += tuple(Click(p, False) for text in not_points for p in _positions("--not-point", text, 1))
    drawn = Line(*_positions("--line", line, 2)) if line else None
    if box:
        drawn = Prompts.of_box(*_positions("--box", box, 2)).line
    return Prompts(drawn, clicks)


def _positions(option: str, text: str, count: int) -> "list[Lps]":
    try:
        values = [float(v) for v in text.split(",")]
    except ValueError:
        values = []
    if len(values) != 3 * count:
        wanted = ",".join(["X,Y,Z"] * count)
        raise InputError(f"'{option} {text}' is not {wanted} in mm (LPS), numbers with commas between them.")
    return [(values[i], values[i + 1], values[i + 2]) for i in range(0, 3 * count, 3)]
