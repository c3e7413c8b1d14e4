"""``hcc-response rules CASES.jsonl``: the rule engine on its own, one JSON object a line in and out."""

import json
import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from HCCResponseLib.base.errors import HCCResponseError, RuleError
from HCCResponseLib.base.files import unread

_MOST_DIGITS = 100


def rules(
    cases: Annotated[
        str, typer.Argument(help="File with one JSON case on each line, or - for standard input.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Accepted; answers are JSON lines anyway.")] = True,
) -> None:
    """Ask the response rules alone, without images: one case in JSON on each line, answers in the same order.

    A line that cannot be answered gives an error for that line only; the exit status is then 1.
    """
    del as_json
    failed = False
    for number, line in enumerate(_lines(cases), start=1):
        if line.strip():
            answer = answer_line(line, number)
            failed = failed or "error" in answer
            sys.stdout.write(json.dumps(answer, default=_plain) + "\n")
            sys.stdout.flush()
    if failed:
        raise typer.Exit(1)


def answer_line(line: bytes, number: int) -> dict[str, Any]:
    """The answer to one line, or its error; never raises for what a line may hold."""
    try:
        case = _parse(line)
    except HCCResponseError as error:
        return {"id": _id_of(line), "error": str(error)}
    from HCCResponseLib.cli.questions import answer_case
    from HCCResponseLib.response.endpoints.best import ReaderDecisionNeededError

    case_id = case.get("id")
    try:
        answer = answer_case(case)
    except ReaderDecisionNeededError as error:
        asked = error.question
        decision = {
            "kind": asked.kind.value,
            "time_point": asked.time_point,
            "text": asked.text,
            "choices": list(asked.choices),
        }
        return {"id": case_id, "error": str(error), "reader_decision": decision}
    except HCCResponseError as error:
        return {"id": case_id, "error": str(error)}
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        return {"id": case_id, "error": f"Line {number} cannot be answered: {error!r}"}
    return {"id": case_id, "answer": answer.values, "trace": list(answer.trace)}


def _parse(line: bytes) -> dict[str, Any]:
    try:
        case = json.loads(
            line.decode("utf-8-sig"), parse_float=Decimal, parse_int=_whole, parse_constant=_no_constant
        )
    except UnicodeDecodeError as error:
        raise RuleError("The line is not valid UTF-8.") from error
    except json.JSONDecodeError as error:
        raise RuleError(f"The line is not valid JSON: {error}") from error
    except RecursionError as error:
        raise RuleError("The line is not valid JSON for a case: it is nested too deeply.") from error
    if not isinstance(case, dict):
        raise RuleError("The line must hold a JSON object.")
    return case


def _no_constant(name: str) -> NoReturn:
    raise RuleError(f"{name} is not a number; use null for unknown.")


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise RuleError(f"A number of {len(digits)} digits is out of range.")
    return int(digits)


def _id_of(line: bytes) -> object:
    """The id of a line that holds an object but also a number nobody can use; None where it cannot be read."""
    try:
        case = json.loads(
            line.decode("utf-8-sig"),
            parse_int=lambda digits: int(digits) if len(digits) <= _MOST_DIGITS else None,
            parse_constant=lambda _: None,
        )
    except (ValueError, RecursionError):
        return None
    return case.get("id") if isinstance(case, dict) else None


def _plain(value: object) -> float:
    """A decimal inside an id, as JSON writes it."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{value!r} has no JSON form")


def _lines(cases: str) -> Iterable[bytes]:
    if cases == "-":
        return sys.stdin.buffer
    try:
        return Path(cases).read_bytes().splitlines()
    except OSError as error:
        typer.echo("Error: " + unread(f"'{cases}'", error), err=True)
        raise typer.Exit(2) from error
