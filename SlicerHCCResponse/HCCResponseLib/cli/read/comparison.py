"""The reads of a subject side by side as a table in words, one line for each variable that adjudication may look at."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import console

if TYPE_CHECKING:
    from HCCResponseLib.cli.sign_in import SignedIn
    from HCCResponseLib.review.committee.adjudication import AdjudicationCase

_NAMES = {
    "best-response": "best overall response",
    "response-date": "date of first response",
    "progression-date": "date of progression",
    "progression": "progression",
    "time-point-response": "response at each follow-up",
}


def compared(signed: SignedIn, subject: str) -> tuple[AdjudicationCase, Mapping[str, Mapping[str, object]]]:
    """The reads of a subject and the values that this person may see of them; that they were compared is in the log."""
    from HCCResponseLib.review.committee.adjudication import case_for
    from HCCResponseLib.review.read.workflow import COMPARED, note

    found, values = case_for(signed.store, signed.person, subject)
    details = {"reads": [a.read_id for a in found.reads]}
    note(signed.store, signed.person.name, COMPARED, f"subject {subject}", details)
    return found, values


def asked_choice(signed: SignedIn, subject: str, accept: str | None, reason: str | None) -> tuple[str, str]:
    """The read that is to count and why: what was not given is asked for below the comparison.

    Raises:
        InputError: there is no terminal to ask in, or nothing to choose.
    """
    if not sys.stdin.isatty():
        raise InputError("Name the read that is to count with --accept, and why with --reason.")
    found, values = compared(signed, subject)
    console.print(comparison_words(found, values), soft_wrap=True, markup=False)
    if not found.needs_adjudication:
        raise InputError(f"There is nothing to choose for subject '{subject}'.")
    names = ", ".join(a.read_id for a in found.reads)
    accept = accept or str(typer.prompt(f"The read that is to count ({names})", err=True))
    return accept, reason or str(typer.prompt("Why", err=True))


def comparison_words(found: AdjudicationCase, values: Mapping[str, Mapping[str, object]]) -> str:
    """What 'read compare' says.

    Args:
        values: per read the value of each variable, of the reads that this person may see.
    """
    lines = [f"Subject {found.subject}"]
    if not found.finished:
        lines.append("Not finished: " + ", ".join(f"{a.read_id} ({a.stream})" for a in found.reads))
    shown = [a for a in found.reads if a.read_id in values]
    if shown:
        head = ("", *(f"{a.read_id} ({a.stream})" for a in shown), "")
        variables = list(values[shown[0].read_id])
        rows = [
            (
                _NAMES.get(variable, variable),
                *(variable_words(values[a.read_id][variable]) for a in shown),
                "differs" if variable in found.differing else "",
            )
            for variable in variables
        ]
        lines += _columns([head, *rows])
    if found.differing:
        lines.append("The readers differ in: " + ", ".join(_NAMES.get(v, v) for v in found.differing))
    elif found.finished and len(found.reads) > 1:
        lines.append("The readers agree in everything that the profile adjudicates.")
    if found.needs_adjudication:
        lines.append("No read counts yet: an adjudicator has to choose.")
    if found.accepted:
        why = f" ({found.reason})" if found.reason else ""
        lines.append(f"The read that counts: {found.accepted}{why}")
    return "\n".join(lines)


def variable_words(value: object) -> str:
    """A value as people write it: a date, yes or no, "none" for what there is not, each follow-up's response."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):  # of all time points; the baseline has no response
        return ", ".join("open" if one is None else str(one) for one in value[1:]) or "baseline only"
    return str(value)


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
