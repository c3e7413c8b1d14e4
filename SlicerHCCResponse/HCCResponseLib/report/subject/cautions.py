"""What the report asks a reader to look at closely."""

from HCCResponseLib.lesions.proposal import UNSEEN_ERRORS, domain_words, place_words
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.read.state import ReadState, Row, RowStatus

_DOUBTFUL = 0.7


def cautions(state: ReadState, profile: Profile) -> list[str]:
    """What a reader should know before trusting the rows, one sentence each; nothing of what was rejected."""
    out = []
    if profile.needs_viable and _whole(state):
        out.append(
            f"{profile.criterion} takes the viable part of a tumour. These are measured on the whole tumour, so their "
            f"response is not evaluable: {', '.join(_whole(state))}. Contour the viable part and say that it is."
        )
    for name, facts in state.provenance.items():
        out += [f"{name}: {remark}." for remark in facts.get("image", {}).get("remarks", [])]
        out += [f"{name}: {words}" for words in domain_words(facts)]
        registration = facts.get("registration", {})
        if not registration.get("trustworthy", True):
            out.append(
                f"{name}: registration to baseline is not trustworthy here; check the identity of every lesion."
            )
        out += [f"{name}: {remark}" for remark in registration.get("remarks", [])]
    for name, rows in state.rows.items():
        for lesion, row in rows.items():
            if row.status is RowStatus.REJECTED:
                continue
            for warning in row.measurement.warnings if row.measurement else ():
                out.append(f"{name}, {lesion}: {warning.message}")
            if not row.is_candidate:
                out += [f"{name}, {lesion}: {words}" for words in _doubts(row)]
    return out


def _whole(state: ReadState) -> list[str]:
    """Rows that were measured on the whole tumour."""
    return [
        f"{name} at {point}"
        for point, rows in state.rows.items()
        for name, row in rows.items()
        if row.state is LesionState.MEASURED and not row.viable and row.status is not RowStatus.REJECTED
    ]


def _doubts(row: Row) -> list[str]:
    """What is uncertain about the identity of a lesion at this visit."""
    evidence = row.proposal.evidence
    out = []
    if evidence.get("registration_remark"):
        out.append(f"its place is in doubt. {evidence['registration_remark']}")
    if evidence.get("parts_long_axes_mm"):
        out.append(
            f"proposed as split into parts of {evidence['parts_long_axes_mm']} mm; RECIST 1.1 adds them up: "
            "enter the sum as its long axis if they are truly apart."
        )
    unseen = row.decision is None or not row.decision.seen
    if row.proposal.is_second_look and unseen:
        out.append(f"its reader has to see it. {evidence['remark']}")
    if row.proposal.says_disappeared and unseen:
        seen = (
            f"proposed as disappeared, which its reader has to see. {place_words(evidence)} {UNSEEN_ERRORS}"
        )
        out.append(" ".join(seen.split()))
    if row.parts:
        out.append(f"split into parts of {row.parts_words} mm, which are added up (RECIST 1.1, 4.3.2).")
    elif row.proposal.parts and row.long_mm is not None:
        out.append(
            f"proposed as split; {row.long_mm} mm by the reader take the place of the sum of its parts."
        )
    if evidence.get("merged_with"):
        out.append(
            f"proposed as grown together with {evidence['merged_with']}: one diameter for the whole (RECIST 1.1, "
            "4.3.2). Where a border is visible, each has to be drawn and measured."
        )
    confidence = evidence.get("confidence")
    if isinstance(confidence, float) and confidence < _DOUBTFUL:
        out.append(f"its identity is doubtful (confidence {confidence:.2f}).")
    return out
