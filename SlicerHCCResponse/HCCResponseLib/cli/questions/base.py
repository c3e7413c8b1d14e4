"""Registry of the questions, what they give back, and the words in which they write it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from HCCResponseLib.cli.questions.fields import Fields
from HCCResponseLib.response.criteria import Criterion
from HCCResponseLib.response.numbers import length_text
from HCCResponseLib.response.profiles.load import Profile


@dataclass(frozen=True, slots=True)
class QuestionContext:
    """Criterion and profile of a case."""

    criterion: Criterion
    profile: Profile


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in the words of the interface, and its trace."""

    values: dict[str, Any]
    trace: tuple[str, ...]


AnswerFunction = Callable[[Fields, QuestionContext], Answer]
REGISTRY: dict[str, AnswerFunction] = {}


def answers(question: str) -> Callable[[AnswerFunction], AnswerFunction]:
    """Register a function as the answer to ``question``."""

    def register(function: AnswerFunction) -> AnswerFunction:
        REGISTRY[question] = function
        return function

    return register


def number(value: Decimal | None) -> str | None:
    """A length or change as a decimal string."""
    return None if value is None else length_text(value)


def percent(value: Decimal | None) -> str | None:
    """A percentage with two decimals."""
    return None if value is None else f"{value:.2f}"


def day(value: date | None) -> str | None:
    """An ISO date."""
    return None if value is None else value.isoformat()


def yes_no(value: bool) -> str:
    """Y or N."""
    return "Y" if value else "N"
