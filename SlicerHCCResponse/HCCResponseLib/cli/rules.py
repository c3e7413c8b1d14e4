"""``hcc-response rules CASES.jsonl``: the rule engine on its own, one JSON object a line in and out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from HCCResponseLib.errors import HCCResponseError, RuleError
from HCCResponseLib.response.decision import ReaderDecisionNeededError
from HCCResponseLib.response.questions import answer_case


def rules(
    cases: Annotated[str, typer.Argument(help="File with one JSON case a line, or - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Accepted; answers are JSON lines anyway.")] = True,
) -> None:
    """Answer rule questions, one JSON object a line, in the same order.

    A line that cannot be answered gives an error for that line only; the exit status is then 1.
    """
    del as_json
    failed = False
    for answer in answer_lines(_lines(cases)):
        failed = failed or "error" in answer
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    if failed:
        raise typer.Exit(1)


def answer_lines(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """One answer for each line that is not blank, in the same order."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield answer_line(line, number)


def answer_line(line: bytes, number: int) -> dict[str, Any]:
    """The answer to one line, or its error; never raises for what a line may hold."""
    case_id = None
    try:
        case = _parse(line)
        case_id = case.get("id")
        answer = answer_case(case)
    except ReaderDecisionNeededError as error:
        asked = error.question
        decision = {
            "kind": asked.kind.value,
            "time_point": asked.time_point,
            "text": asked.text,
            "choices": list(asked.choices),
        }
        return {"id": _plain(case_id), "error": str(error), "reader_decision": decision}
    except HCCResponseError as error:
        return {"id": _plain(case_id), "error": str(error)}
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        return {"id": _plain(case_id), "error": f"Line {number} cannot be answered: {error!r}"}
    return {"id": _plain(case_id), "answer": answer.values, "trace": list(answer.trace)}


def _parse(line: bytes) -> dict[str, Any]:
    try:
        case = json.loads(line.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise RuleError("The line is not valid UTF-8.") from error
    except json.JSONDecodeError as error:
        raise RuleError(f"The line is not valid JSON: {error}") from error
    if not isinstance(case, dict):
        raise RuleError("The line must hold a JSON object.")
    return case


def _no_constant(name: str) -> NoReturn:
    raise RuleError(f"{name} is not a number; use null for unknown.")


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value


def _lines(cases: str) -> Iterable[bytes]:
    if cases == "-":
        return sys.stdin.buffer
    try:
        return Path(cases).read_bytes().splitlines()
    except OSError as error:
        typer.echo(f"Error: '{cases}' cannot be read: {error.strerror}.", err=True)
        raise typer.Exit(2) from error
