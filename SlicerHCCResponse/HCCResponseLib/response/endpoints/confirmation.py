"""Confirmation of CR and PR (RECIST 1.1, 4.6; admiralonco for more than two time points), and CR followed by less."""

from collections.abc import Sequence
from dataclasses import replace

from HCCResponseLib.response.endpoints.visits import Assessment
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import Response

LESSER = (Response.PR, Response.SD, Response.NON_CR_NON_PD)
_BLANK = frozenset({Response.NE, Response.MISSING})


def confirming_visit(visits: Sequence[Assessment], first: int, profile: Profile) -> int | None:
    """Index of the visit that confirms the CR or PR at ``first``, or None.

    It is the first qualifying visit at least ``confirm_min_days`` later. Between them stand only CR/NE (for CR) or
    CR/PR/NE (for PR), at most ``max_ne_between`` NE, at most one SD where the profile allows it, no PR after CR.
    """
    accept = (Response.CR,) if visits[first].response is Response.CR else (Response.CR, Response.PR)
    blanks = stable = 0
    seen_cr = visits[first].response is Response.CR
    for index in range(first + 1, len(visits)):
        response = visits[index].response
        if response in _BLANK:
            blanks += 1
        elif response is Response.SD and Response.PR in accept and profile.sd_between_pr_allowed:
            stable += 1
        elif response not in accept or (seen_cr and response is Response.PR):
            return None
        else:
            days = (visits[index].date - visits[first].date).days
            if days >= profile.confirm_min_days:
                late = profile.confirm_max_days is not None and days > profile.confirm_max_days
                return None if late else index
            seen_cr = seen_cr or response is Response.CR
        if blanks > profile.max_ne_between or stable > 1:
            return None
    return None


def first_confirmed(
    visits: Sequence[Assessment], wanted: tuple[Response, ...], profile: Profile
) -> int | None:
    """Index of the first of these responses that is confirmed."""
    for index, visit in enumerate(visits):
        if visit.response in wanted and confirming_visit(visits, index, profile) is not None:
            return index
    return None


def lesser_after_cr(
    visits: Sequence[Assessment], profile: Profile, lesser: tuple[Response, ...] = LESSER
) -> int | None:
    """Index of the first lesser response after a CR that no second CR had confirmed, or None."""
    cr = next((i for i, visit in enumerate(visits) if visit.response is Response.CR), None)
    if cr is None or first_confirmed(visits, (Response.CR,), profile) is not None:
        return None
    return next((i for i in range(cr + 1, len(visits)) if visits[i].response in lesser), None)


def resolve_cr(visits: tuple[Assessment, ...], profile: Profile, policy: str) -> tuple[Assessment, ...]:
    """Rewrite a CR that is followed by less, as the reader decided (RECIST 1.1, Table 3, footnote a).

    Args:
        policy: ``recurrence-is-pd`` (the later visit is PD and ends the course), ``cr-was-pr`` (the CR becomes PR)
            or ``as-coded``.
    """
    if policy == "as-coded":
        return visits
    while (second := lesser_after_cr(visits, profile)) is not None:
        if policy == "recurrence-is-pd":
            return (*visits[:second], replace(visits[second], response=Response.PD))
        visits = tuple(
            replace(visit, response=Response.PR) if i < second and visit.response is Response.CR else visit
            for i, visit in enumerate(visits)
        )
    return visits
