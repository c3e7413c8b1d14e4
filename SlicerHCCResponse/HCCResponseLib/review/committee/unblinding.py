"""Unblinding: who read which stream of a subject. A right of its own, a reason, and an event under the person's key.

Nothing here or elsewhere in this software knows treatment arms; that code is kept and broken elsewhere.
"""

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.text import one_line
from HCCResponseLib.review.committee.worklist import Assignment, assignments
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.people.person import Signatory, require_role
from HCCResponseLib.review.read.access import Act, Role
from HCCResponseLib.review.read.lifecycle import require
from HCCResponseLib.review.read.state import read_life
from HCCResponseLib.review.read.workflow import UNBLINDED, note
from HCCResponseLib.review.store import ReadStore


def unblind(
    store: ReadStore, people: People, person: Signatory, subject: str, reason: str
) -> list[tuple[Assignment, str]]:
    """Every read of a subject with the printed name of its reader; the adjudicator goes on seeing streams.

    Raises:
        AccessError: not an unblinder.
        InputError: no reason, or nothing of this subject was assigned.
    """
    why = one_line(reason, "the reason of the unblinding", 500)
    with store.transaction():
        person = people.present(person)
        # Without a read there is no stage that the table could be asked for.
        require_role(person, Role.UNBLINDER)
        found = assignments(store, subject)
        for one in found:
            require(person, Act.UNBLIND, read_life(store.other(one.read_id)))
        if not found:
            raise InputError(f"Nothing of a subject '{subject[:80]}' was assigned.")
        shown = [(one, people.account(one.reader).printed_name) for one in found]
        details = {"subject": subject, "reads": [one.read_id for one in found]}
        note(
            store,
            person.name,
            UNBLINDED,
            f"subject {subject}",
            details,
            reason=why,
            role=Role.UNBLINDER.value,
            signer=person.key,
        )
    return shown
