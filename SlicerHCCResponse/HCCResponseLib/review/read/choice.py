"""The adjudicator's choice as it stands in one of the reads: which read counts, who decided it, when and why."""

from dataclasses import dataclass

from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.signing.signatures import moment


@dataclass(frozen=True)
class Adjudication:
    """The choice, as whoever has the read open may know it.

    Attributes:
        chosen: name of the read that counts; ``stream``: its reader's place in the committee, empty where not noted.
        this_read: whether that is the read that is open.
        decided_by: the adjudicator's role; for an auditor with the name.
        utc, local, reason: as of :class:`HCCResponseLib.review.signing.signatures.Choice`.
    """

    chosen: str
    stream: str
    this_read: bool
    decided_by: str
    utc: str
    local: str
    reason: str

    @property
    def words(self) -> str:
        """All of it as two sentences."""
        named = f"{self.chosen}, {self.stream}" if self.stream else self.chosen
        counts = f"this read ({named}) counts"
        if not self.this_read:
            place = f" ({self.stream})" if self.stream else ""
            counts = f"read {self.chosen}{place} counts for this subject, not this read"
        when = moment(self.utc, self.local)
        return f"Adjudicated by {self.decided_by}, {when}: {counts}. Reason: {self.reason.rstrip('.')}."


def adjudication(state: ReadState, read_id: str) -> Adjudication | None:
    """What was chosen for the subject of a read; ``None`` where nobody has.

    Readers are blinded to persons, and reports lie where they find them: only an auditor is told the name.
    """
    choice = state.locks.choice
    if choice is None:
        return None
    may_know = state.person is not None and Role.AUDITOR in state.person.roles
    who = f"the adjudicator {choice.printed_name}" if may_know else "the adjudicator"
    mine = choice.chosen == read_id
    return Adjudication(choice.chosen, choice.stream, mine, who, choice.utc, choice.local, choice.reason)
