"""How long a time point was read: from the first to the last decision on it, long pauses left out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

PAUSE_LIMIT = timedelta(minutes=5)


def active_seconds(moments: Sequence[datetime], pause: timedelta = PAUSE_LIMIT) -> float | None:
    """Seconds between the first and the last decision without the gaps longer than ``pause``.

    None with fewer than two decisions: one moment has no length.
    """
    if len(moments) < 2:
        return None
    ordered = sorted(moments)
    gaps = [later - earlier for earlier, later in pairwise(ordered)]
    return sum((gap for gap in gaps if gap <= pause), timedelta()).total_seconds()
