"""Writing a reader's decisions: checked against the row they answer, measured again when a contour was edited."""

from dataclasses import replace
from decimal import Decimal

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.text import one_line
from HCCResponseLib.imaging.geometry import PLANES, Geometry
from HCCResponseLib.lesions.proposal import ADDED_BY, Suggestion
from HCCResponseLib.measure import RECIST, convention_of, measure_lesion, measure_parts
from HCCResponseLib.response.numbers import tenths
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.read import evaluate_read
from HCCResponseLib.response.types import LesionState, Response
from HCCResponseLib.review.read.category import findings
from HCCResponseLib.review.read.changes import reason_for_change
from HCCResponseLib.review.read.lifecycle import hold_draft, require_draft
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.records import (
    CANDIDATE_ACTIONS,
    LESION_ACTIONS,
    Action,
    Decision,
    NonTargetDecision,
    ReaderLine,
    row_name,
    same_word,
    write_decision,
)
from HCCResponseLib.review.read.state import ReadState, Row
from HCCResponseLib.review.read.transaction import all_or_nothing
from HCCResponseLib.review.store import ReadStore

_SLICE_PLAY = 0.5
_HUGE = Decimal(10) ** 12
_NEEDS_REASON = (Action.REJECT, Action.DISMISS)
_WITHOUT_CONTOUR = (
    LesionState.DISAPPEARED,
    LesionState.NOT_EVALUABLE,
    LesionState.NOT_IMAGED,
    LesionState.TOO_SMALL,
    LesionState.MERGED,
)


def decide(
    store: ReadStore, state: ReadState, decision: Decision, geometry: Geometry | None = None
) -> Decision:
    """Check and append one decision; returns it as stored, measured again if the reader drew a contour.

    Args:
        geometry: grid of the time point's image; needed with an edited contour.

    Raises:
        InputError: no such row, an action that does not fit it, a missing reason or an impossible length; a line
            whose ends lie on different slices.
        AccessError: the time point is locked or not open yet, or the read is somebody else's.
    """
    decision = as_row(store, state, decision, geometry).decision or decision
    with store.transaction():
        hold_draft(store, state, decision.reader, decision.time_point)
        row = check(state, decision)
        _require_reason(store, state, row, decision)
        write_decision(store, decision, row.words, Row(row.proposal, decision).words)
    state.take(decision)
    return decision


def _require_reason(store: ReadStore, state: ReadState, row: Row, decision: Decision) -> None:
    """A candidate whose contour was edited still waits for its decision; the same word again changes nothing."""
    before = row.decision
    if before is not None and same_word(before, decision):
        return
    waits = row.is_candidate and before is not None and before.action is Action.EDIT
    what = f"'{decision.name}' at '{decision.time_point}'"
    decided = before is not None and not waits
    reason_for_change(store, state, decision.time_point, what, decision.reason, decided)


def as_row(store: ReadStore, state: ReadState, decision: Decision, geometry: Geometry | None = None) -> Row:
    """The row as a decision would leave it: checked and measured as :func:`decide` does, and nothing is written.

    Arguments and errors as :func:`decide`.
    """
    row = check(state, decision)
    for line in (decision.long_line, decision.short_line):
        if line is not None and geometry is not None:
            require_one_slice(line, decision.name, decision.time_point, geometry)
    return Row(row.proposal, _measured(store, state, row, decision, geometry))


def require_one_slice(line: ReaderLine, name: str, time_point: str, geometry: Geometry) -> None:
    """A diameter is measured within one acquired slice (RECIST 1.1, Appendix II); half a slice of play is let pass.

    Raises:
        InputError: the ends lie on two slices.
    """
    first, second = geometry.lps_to_index([line.start_lps, line.end_lps])[:, geometry.slice_axis]
    if abs(first - second) > _SLICE_PLAY:
        raise InputError(
            f"The ends of this line of '{name}' lie on two slices ({round(first) + 1} and "
            f"{round(second) + 1} of the {PLANES[geometry.slice_axis]} slices of '{time_point}'); "
            "draw it within one slice."
        )


def _measured(
    store: ReadStore, state: ReadState, row: Row, decision: Decision, geometry: Geometry | None
) -> Decision:
    """With the reader's contour measured by the convention of the read's profile, by parts too where it is split.

    A proposed contour that the reader calls viable is measured again where it was measured by another convention.
    """
    contour, before = decision.contour, row.proposal.measurement
    wanted = RECIST if state.study is None else convention_of(profile_of(store, state))
    if contour is None and decision.viable and before is not None and before.convention != wanted.name:
        contour = row.proposal.contour
    if contour is None:
        return decision
    if geometry is None:
        raise InputError(f"The edited contour of '{decision.name}' came without its image's grid.")
    split = LesionState.SPLIT in (decision.state, row.state) and decision.state in (None, LesionState.SPLIT)
    parts = measure_parts(contour, geometry, wanted) if split else ()
    if len(parts) < 2 and decision.state is LesionState.SPLIT:
        raise InputError(
            f"'{decision.name}' at '{decision.time_point}' is called split, and its contour is in one piece."
        )
    whole = measure_lesion(contour, geometry, wanted)
    return replace(decision, measurement=whole, parts=parts if len(parts) > 1 else ())


def undo(store: ReadStore, state: ReadState, reader: str, reason: str = "") -> tuple[str, str]:
    """Take the latest decision back, or a row that was added by a line; it stays in the store, as the undoing does.

    Returns:
        time point and name of the row.

    Raises:
        InputError: nothing to undo, the latest decision is another reader's, or the profile wants a reason.
        AccessError: its time point is locked.
    """
    if not state.decided:
        raise InputError("There is no decision to undo.")
    time_point, name, before = state.decided[-1]
    row = state.row(time_point, name)
    if row is None or reader != _author(row, before):
        raise InputError("The latest decision was not made by you; it cannot be undone.")
    with store.transaction():
        hold_draft(store, state, reader, time_point)
        what, decided = f"'{name}' at '{time_point}'", before is not None
        why = reason_for_change(store, state, time_point, what, reason, decided)
        store.append(
            reader,
            "undo",
            {"time_point": time_point, "name": name},
            item=row_name(time_point, name),
            old=row.words,
            new="taken back" if before is None else Row(row.proposal, before.decision).words,
            reason=why,
        )
    return state.take_back()


def _author(row: Row, before: Row | None) -> str | None:
    """Who has said what is the latest of a row: its decision, or where there was no row before, the row itself."""
    if before is None:
        return row.proposal.origin.removeprefix(ADDED_BY)
    return None if row.decision is None else row.decision.reader


def check(state: ReadState, decision: Decision) -> Row:
    """The row that a decision answers.

    Raises:
        InputError: no such row, an action that does not fit it, a missing reason or an impossible length.
        AccessError: the time point is locked or not open yet, or the read is somebody else's.
    """
    row = state.row(decision.time_point, decision.name)
    where = f"'{decision.name}' at '{decision.time_point}'"
    if row is None:
        known = ", ".join(state.rows.get(decision.time_point, {})) or "none"
        raise InputError(f"There is no proposal {where} to decide on; proposals there: {known}.")
    require_draft(state, decision.reader, decision.time_point)
    _check_action(row, decision, where)
    _check_content(decision, where)
    _check_parts(state, row, decision, where)
    return row


def _check_action(row: Row, decision: Decision, where: str) -> None:
    allowed = CANDIDATE_ACTIONS if row.is_candidate else LESION_ACTIONS
    if decision.action not in allowed:
        raise InputError(
            f"'{decision.action}' is no answer to {where}; possible are {', '.join(a.value for a in allowed)}."
        )


def _check_parts(state: ReadState, row: Row, decision: Decision, where: str) -> None:
    """Split and merged lesions: parts to add up, and a lesion that stands for both."""
    if not decision.seen and row.proposal.says_disappeared and decision.action is Action.ACCEPT:
        raise InputError(f"That {where} has disappeared cannot be accepted unseen; look at its place.")
    if not decision.seen and row.proposal.outside_domain:
        raise InputError(f"{where} cannot be taken over unseen: {row.proposal.outside_domain}")
    parts = decision.contour is not None or decision.parts or row.parts or row.proposal.parts
    if decision.state is LesionState.SPLIT and (not parts or decision.long_axis_mm is not None):
        raise InputError(
            f"{where} is called split: its parts are needed as a contour, and no long axis of the whole."
        )
    into = decision.merged_into or (
        row.proposal.merged_into if decision.state is LesionState.MERGED else None
    )
    if (into is not None) != (decision.state is LesionState.MERGED):
        raise InputError(f"{where}: 'state: merged' and 'merged_into' go together.")
    other = None if into is None else state.row(decision.time_point, into)
    if into is not None and (into == decision.name or other is None or other.merged_into):
        raise InputError(f"{where} cannot be merged into '{into}': name a lesion that is measured there.")


def _check_content(decision: Decision, where: str) -> None:
    if not decision.reader.strip():
        raise InputError(f"The decision on {where} names no reader.")
    one_line(decision.reader, "the reader's name", 100)
    one_line(decision.reason, "the reason", 1000, required=False)
    if decision.action in _NEEDS_REASON and not decision.reason.strip():
        raise InputError(f"'{decision.action}' of {where} needs a reason.")
    if decision.long_axis_mm is not None and not 0 < decision.long_axis_mm < 1000:
        raise InputError(f"A long axis of {decision.long_axis_mm} mm for {where} is impossible.")
    changes = (decision.contour, decision.long_axis_mm, decision.short_line, decision.state)
    facts = (decision.viable, decision.versus_last)
    if decision.action is Action.EDIT and all(c is None for c in (*changes, *facts)):
        raise InputError(f"The edit of {where} changes nothing: give a contour, a long axis or a state.")
    if decision.action is Action.ACCEPT and any(c is not None for c in changes):
        raise InputError(f"The acceptance of {where} carries changes; use 'edit' for them.")
    if decision.state in _WITHOUT_CONTOUR and (
        decision.contour is not None or decision.long_axis_mm is not None
    ):
        raise InputError(f"{where} is called '{decision.state}' and measured at the same time.")


def decide_non_target(store: ReadStore, state: ReadState, decision: NonTargetDecision) -> None:
    """Append the reader's judgement of non-target disease at one time point.

    Raises:
        InputError: no such response or time point, or the profile wants a reason for the change.
        AccessError: the time point is locked.
    """
    allowed = (Response.CR, Response.NON_CR_NON_PD, Response.PD, Response.NE)
    if decision.response not in allowed:
        raise InputError(f"Non-target response '{decision.response}' is none of {', '.join(allowed)}.")
    one_line(decision.reader, "the reader's name", 100)
    if decision.time_point not in state.rows:
        raise InputError(f"There is no time point '{decision.time_point}' with proposals.")
    payload = {"time_point": decision.time_point, "response": decision.response}
    with store.transaction():
        hold_draft(store, state, decision.reader, decision.time_point)
        old, why = state.non_target.get(decision.time_point), decision.reason
        if old is not decision.response:
            what = "the non-target disease"
            why = reason_for_change(store, state, decision.time_point, what, why, old is not None)
        store.append(
            decision.reader,
            "non-target",
            payload,
            item=row_name(decision.time_point, "non-target disease"),
            old=old or "",
            new=decision.response,
            reason=why,
        )
    state.non_target[decision.time_point] = decision.response


def answer(
    store: ReadStore,
    state: ReadState,
    profile: Profile,
    reader: str,
    time_point: str,
    choice: str,
    reason: str = "",
) -> None:
    """Answer the blocking question of a time point: was an earlier CR right, or a misread PR? The last answer counts.

    Args:
        choice: one of the question's choices.
        reason: why, where another answer was given before.

    Raises:
        InputError: no such question is open there, no such choice, or the profile wants a reason for the change.
        IncompleteReadError: decisions are missing up to this time point.
        AccessError: the time point is locked.
    """
    one_line(reader, "the reader's name", 100)
    require_draft(state, reader, time_point)
    found = evaluate_read(findings(state, profile, time_point), profile)
    asked = [q for q in found.latest.questions if q.blocking]
    if not asked or choice not in asked[0].choices:
        possible = ", ".join(asked[0].choices) if asked else "none, no question is open"
        raise InputError(f"'{choice[:40]}' is no answer at '{time_point}'; possible: {possible}.")
    with store.transaction():
        hold_draft(store, state, reader, time_point)
        payload = {"time_point": time_point, "question": asked[0].kind, "choice": choice}
        old = state.answers.get(time_point, "")
        if old != choice:
            reason = reason_for_change(store, state, time_point, "the answer", reason, bool(old))
        item = row_name(time_point, "question")
        store.append(reader, "answer", payload, item=item, old=old, new=choice, reason=reason)
    state.answers[time_point] = choice


def accept_all(store: ReadStore, state: ReadState, reader: str) -> int:
    """Accept undecided proposals unseen, all or none: the output says that it was not reviewed. Returns how many.

    A lesion that is proposed as disappeared stays undecided, and so do what was proposed on a scan that the network
    was not made for and what only a second look has found: without a look nobody knows.
    """
    rows = [row for point in state.rows.values() for row in point.values() if row.decision is None]
    undecided = [row for row in rows if not row.proposal.needs_a_look]
    with all_or_nothing(store, state):
        for row in undecided:
            action = Action.ACCEPT
            if row.is_candidate:
                action = Action.NEW if row.proposal.suggestion is Suggestion.NEW else Action.EQUIVOCAL
            where = (row.proposal.time_point, row.proposal.name)
            decide(store, state, Decision(reader, *where, action, reason="accepted as proposed", seen=False))
    return len(undecided)


def as_length(value: str | float) -> Decimal:
    """A reader's length in mm, in tenths like every length. Raises ``InputError`` for what is not a number."""
    return tenths(as_number(value, "a length in millimetres"))


def as_number(value: str | float, what: str = "a number") -> Decimal:
    """A number as it was written; words, infinities, huge powers and "not a number" are none.

    Raises:
        InputError: naming the value and ``what`` it should have been.
    """
    try:
        number = Decimal(str(value))
    except ArithmeticError as problem:
        raise InputError(f"'{str(value)[:40]}' is not {what}.") from problem
    if not number.is_finite() or abs(number) >= _HUGE:
        raise InputError(f"'{str(value)[:40]}' is not {what}.")
    return number
