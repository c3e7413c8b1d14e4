"""What the keys do while a table of the panel has the focus: one list for the shortcuts, the help and the documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import qt

LESIONS, CANDIDATES = "lesionTable", "candidateTable"
_BOTH = (LESIONS, CANDIDATES)


@dataclass(frozen=True)
class Key:
    """One key and its one action.

    Attributes:
        does: name of the button that it presses, or of an action of the panel.
        words: for the reader.
        tables: where it works.
    """

    key: str
    does: str
    words: str
    tables: tuple[str, ...] = _BOTH


KEYS = (
    Key("Space", "nextButton", "next row that waits for your decision, over all time points"),
    Key("Shift+Space", "previous", "the one before it"),
    Key("Return", "look", "move the views to the selected row again"),
    Key("A", "acceptButton", "accept the proposal, or the contour just drawn", (LESIONS,)),
    Key("R", "rejectButton", "reject, for the reason in the box", (LESIONS,)),
    Key("W", "newCandidateButton", "the candidate is a new lesion", (CANDIDATES,)),
    Key("Q", "equivocalButton", "the candidate is equivocal", (CANDIDATES,)),
    Key("D", "dismissButton", "dismiss the candidate, for the reason in the box", (CANDIDATES,)),
    Key("E", "editButton", "edit the contour"),
    Key("L", "relinkButton", "link the contour to the lesion in the box"),
    Key("M", "mergeButton", "merged with the lesion in the box", (LESIONS,)),
    Key("N", "newLesionButton", "add a lesion and draw it"),
    Key("B", "byLineButton", "contour the lesion from its long axis*"),
    Key("K", "keepLineButton", "keep the line that you drew as the long axis*"),
    Key("I", "addHereButton", "click on what is missing in the contour*"),
    Key("O", "removeHereButton", "click on what is too much in the contour*"),
    Key("U", "undoButton", "undo your latest decision"),
    Key("Ctrl+Z", "undoButton", "the same"),
)
# The key of the number pad does what Return does; it is no entry of its own in the help.
_SAME = {"Return": ("Return", "Enter")}


def connect_keys(ui: Any, actions: Mapping[str, Callable[[], None]]) -> list[Any]:
    """Make the shortcuts; they live as long as somebody holds them.

    Args:
        actions: by name, what is done by keys that press no button.
    """
    return [
        _shortcut(getattr(ui, table), name, actions.get(key.does) or getattr(ui, key.does).click)
        for key in KEYS
        for table in key.tables
        for name in _SAME.get(key.key, (key.key,))
    ]


def _shortcut(table: Any, key: str, action: Callable[[], None]) -> Any:
    shortcut = qt.QShortcut(qt.QKeySequence(key), table)
    shortcut.setContext(qt.Qt.WidgetWithChildrenShortcut)
    shortcut.connect("activated()", action)
    return shortcut


def help_words() -> str:
    """The keys, as lines of plain text."""
    blocks = (
        ("In both tables", _BOTH),
        ("In the table of lesions", (LESIONS,)),
        ("In the table of candidates", (CANDIDATES,)),
    )
    lines = ["The keys work while a table has the focus (click into it once)."]
    for title, tables in blocks:
        lines += ["", f"{title}:", *_lines([k for k in KEYS if k.tables == tables])]
    lines += ["", "* where the network that contours from lines and clicks is installed."]
    return "\n".join([*lines, "", "Arrow keys go from cell to cell, Tab to the boxes and buttons."])


def _lines(keys: Sequence[Key]) -> list[str]:
    return [f"{k.key}: {k.words}" for k in keys]
