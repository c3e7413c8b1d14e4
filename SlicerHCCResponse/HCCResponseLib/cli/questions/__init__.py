"""The questions that the engine answers on its own, one module for each family, behind a registry.

A case is a plain mapping as in the interface of the rule engine: ``{"id", "question", "criterion", "profile",
"given"}``. Every module reads ``given`` into typed objects, calls the typed function of :mod:`HCCResponseLib.response`
and writes its result back.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.cli.questions.base import REGISTRY, Answer, AnswerFunction, QuestionContext
from HCCResponseLib.cli.questions.fields import Fields
from HCCResponseLib.response.criteria import criterion
from HCCResponseLib.response.profiles.load import load_profile

DEFAULT_CRITERION = "RECIST 1.1"
_CASE = ("id", "question", "criterion", "profile", "given")
# What a truth table may carry beside a case, for people; it is not read.
_BESIDE = ("expect", "expected", "source", "note", "comment")

__all__ = ["DEFAULT_CRITERION", "Answer", "answer_case", "questions"]


@cache
def questions() -> dict[str, AnswerFunction]:
    """All questions by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return REGISTRY


def answer_case(case: Mapping[str, Any]) -> Answer:
    """Answer one case.

    Raises:
        RuleError: an unknown question or criterion, or values that cannot be.
        ProfileError: an unknown profile field, an impossible value or a conflict.
        ReaderDecisionNeededError: only a human can decide.
    """
    Fields.of(case, "case").only(*_CASE, *_BESIDE)
    name = case.get("question")
    function = questions().get(name) if isinstance(name, str) else None
    if function is None:
        raise RuleError(f"Unknown question {name!r}; it must be one of {', '.join(sorted(questions()))}.")
    which = case.get("criterion")
    if which is not None and not isinstance(which, str):
        raise RuleError("'criterion' must be the name of a criterion.")
    rules = criterion(DEFAULT_CRITERION if which is None else which)
    overrides = case.get("profile")
    if overrides is not None and not isinstance(overrides, Mapping):
        raise RuleError("'profile' must hold profile fields by name.")
    profile = load_profile(rules.profile, overrides)
    answer = function(Fields.of(case.get("given"), "given"), QuestionContext(rules, profile))
    if not profile.modifications or name == "read":
        return answer
    note = f"criterion as modified: {profile.modifications} ({profile.source_of('modifications')})"
    return replace(answer, trace=(note, *answer.trace))
