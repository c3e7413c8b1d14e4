"""Registry of the questions and what they give back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from HCCResponseLib.cli.questions.fields import Fields
from HCCResponseLib.response.criteria import Criterion
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
