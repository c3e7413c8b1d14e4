"""Where a time point stands, and the read as a whole, by the locks: the one answer that everybody goes by."""

from collections.abc import Sequence

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.review.read.access import Stage
from HCCResponseLib.review.signing.signatures import Locks, ReadOrder


def stage_of(names: Sequence[str], locks: Locks, time_point: str | None = None) -> Stage:
    """Where a time point stands; without one, where the read stands: its first time point that is not locked.

    Args:
        names: all time points in order.

    Raises:
        InputError: the study has no such time point.
    """
    if not names and time_point is None:
        return Stage.OPEN  # not begun, or hidden from this login: nothing of it is signed
    if time_point is not None and time_point not in names:
        raise InputError(f"There is no time point '{time_point}'; the study has {', '.join(names)}.")
    if locks.final:
        return Stage.FINAL
    open_names = [n for n in names if n not in locks.locked]
    name = time_point or next(iter(open_names), None)
    if name is None or name in locks.locked:
        in_review = locks.order is ReadOrder.UNLOCKED or (locks.order is ReadOrder.HYBRID and not open_names)
        return Stage.REVIEW if in_review else Stage.LOCKED
    if name in locks.reopened:
        return Stage.REOPENED
    if name in locks.sign_again:
        return Stage.SIGN_AGAIN
    waits = locks.order is not ReadOrder.UNLOCKED and name != open_names[0]
    return Stage.WAITING if waits else Stage.OPEN
