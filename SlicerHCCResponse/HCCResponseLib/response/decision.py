"""The error for what only a human can decide."""

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.types import ReaderQuestion


class ReaderDecisionNeededError(RuleError):
    """There is no answer before the reader has decided.

    Attributes:
        question: what is asked, with its choices.
    """

    def __init__(self, question: ReaderQuestion) -> None:
        super().__init__(f"The reader must decide first: {question.text} ({', '.join(question.choices)})")
        self.question = question
