"""What a reader rejected: out of tables, pictures and warnings, and kept in one line."""

from dataclasses import dataclass, replace

from HCCResponseLib.review.read.state import ReadState, Row, RowStatus


@dataclass(frozen=True)
class Rejected:
    """All that was rejected.

    Attributes:
        line: "3 proposals rejected by Dr A: C2 at follow-up 1, ..."; empty where nothing was.
        reasons: for each that has one, its name and the reason.
    """

    line: str = ""
    reasons: tuple[str, ...] = ()


def without_rejected(state: ReadState) -> ReadState:
    """The read without dismissed candidates and without what was rejected as a lesion at baseline.

    A contour that was rejected at a follow-up stays as a row: its lesion is followed and not evaluable there.
    """
    gone = _no_lesions(state)
    kept = {
        point: {name: row for name, row in rows.items() if not _leaves(row) and name not in gone}
        for point, rows in state.rows.items()
    }
    return replace(state, rows=kept)


def rejected(state: ReadState) -> Rejected:
    """Everything that a reader rejected, in order of the visits."""
    rows = [row for rows in state.rows.values() for row in rows.values() if row.status is RowStatus.REJECTED]
    if not rows:
        return Rejected()
    readers = dict.fromkeys(row.decision.reader for row in rows if row.decision is not None)
    unseen = sum(row.decision is not None and not row.decision.seen for row in rows)
    count = f"{len(rows)} proposal{'' if len(rows) == 1 else 's'} rejected by {', '.join(readers)}"
    count += f", {unseen} of them unseen" if unseen else ""
    names = ", ".join(f"{row.proposal.name} at {row.proposal.time_point}" for row in rows)
    reasons = tuple(
        f"{row.proposal.name} at {row.proposal.time_point}: {row.decision.reason}"
        for row in rows
        if row.decision is not None and row.decision.reason
    )
    return Rejected(f"{count}: {names}.", reasons)


def _no_lesions(state: ReadState) -> frozenset[str]:
    """Names of what is no lesion at baseline by its reader's word; nothing of it is followed."""
    baseline = state.study.timepoints[0].name if state.study is not None else ""
    rows = state.rows.get(baseline, {})
    return frozenset(n for n, r in rows.items() if not r.is_candidate and r.status is RowStatus.REJECTED)


def _leaves(row: Row) -> bool:
    return row.is_candidate and row.status is RowStatus.REJECTED
