"""Asks the rule engine exactly as the command does: a JSON line in, a JSON answer out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from HCCResponseLib.cli.rules import answer_line

Ask = Callable[..., dict[str, Any]]


def _ask(
    question: str, given: dict[str, Any], criterion: str | None = None, **profile: Any
) -> dict[str, Any]:
    case: dict[str, Any] = {"id": "case", "question": question, "given": given}
    if criterion is not None:
        case["criterion"] = criterion
    if profile:
        case["profile"] = profile
    result: dict[str, Any] = json.loads(json.dumps(answer_line(json.dumps(case).encode(), 1)))
    assert result["id"] == "case"
    return result


@pytest.fixture
def ask() -> Ask:
    """The answer's values; an error fails the test. Every answer must carry a trace."""

    def values(
        question: str, given: dict[str, Any], criterion: str | None = None, **profile: Any
    ) -> dict[str, Any]:
        result = _ask(question, given, criterion, **profile)
        assert "error" not in result, result["error"]
        assert result["trace"], "an answer without a trace"
        return dict(result["answer"])

    return values


@pytest.fixture
def ask_raw() -> Ask:
    """The whole line: id with answer and trace, or with error."""
    return _ask
