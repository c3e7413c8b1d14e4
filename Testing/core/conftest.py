"""Fixtures of several rooms: a small committee; the rules, asked as the command does, a JSON line in and out."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from committees import SmallCommittee
from HCCResponseLib.cli.rules import answer_line

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def committee(tmp_path: Path) -> Iterator[SmallCommittee]:
    """A committee's store in a file: everybody has an account, nothing is assigned."""
    made = SmallCommittee(tmp_path / "reads.sqlite")
    yield made
    made.store.close()


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
