"""Signatures and locks as values: what was signed, by whom, when and with which meaning (21 CFR 11.50, 11.70)."""

from dataclasses import dataclass, field
from enum import StrEnum


class ReadOrder(StrEnum):
    """In which order time points are shown and locked.

    ``unlocked`` is for research by one reader: all time points are open from the start and can be signed in order.
    """

    SEQUENTIAL = "sequential-locked"
    HYBRID = "hybrid"
    UNLOCKED = "unlocked"


class Meaning(StrEnum):
    """What a signature says. Authorship is the reader's and locks the time point."""

    AUTHORSHIP = "authorship"
    REVIEW = "review"
    APPROVAL = "approval"


def moment(utc: str, local: str) -> str:
    """A moment for people, to the minute: UTC, and the local time with its offset where it is known and another one.

    Args:
        utc, local: ISO 8601 with seconds and offset.
    """
    when, here = utc[:16].replace("T", " "), local[:16].replace("T", " ")
    return f"{when} UTC (local {here}{local[19:]})" if here not in ("", when) else f"{when} UTC"


@dataclass(frozen=True)
class Signature:
    """One signature under one time point.

    Attributes:
        time_point: what was signed, with everything before it.
        version: of the read, 1 before the first amendment.
        signer, printed_name, meaning, utc: who, as printed, why, when (ISO 8601, UTC).
        category: overall response that was signed; ``None`` at baseline.
        sum: sum of diameters that was signed, as a decimal in words; ``None`` without targets.
        reviewed: false when some row was accepted unseen.
        profile: name of the profile, ``profile_sha256`` of all its values.
        content_sha256: of everything proposed and decided up to this time point; by which rule, ``content_version``.
        chain_head: hash of the event before the signature; binds it to the whole history of the read.
        key: fingerprint of the signer's public key; empty for signatures of earlier versions, which had none.
        signature: over the whole event, base64 (Ed25519).
        local: the time of signing by the signer's computer, with its offset from UTC; empty in earlier versions.
    """

    time_point: str
    version: int
    signer: str
    printed_name: str
    meaning: Meaning
    utc: str
    category: str | None
    sum: str | None
    reviewed: bool
    profile: str
    profile_sha256: str
    content_sha256: str
    chain_head: str
    content_version: int = 1
    key: str = ""
    signature: str = ""
    local: str = ""

    @property
    def when(self) -> str:
        """Date and time in UTC, with the local time and its offset where they are known and differ."""
        return moment(self.utc, self.local)

    @property
    def under_key(self) -> str:
        """How the signature is secured, in words."""
        return f"key {self.key[:16]}" if self.key else "without key"


@dataclass(frozen=True)
class Choice:
    """What an adjudicator chose for the subject of a read.

    Attributes:
        chosen: name of the read that counts, this one or another.
        utc, local: when (ISO 8601); ``local`` with its offset from UTC, empty in earlier versions.
        reason: why, in the adjudicator's words.
        printed_name: the adjudicator's, which readers must not learn.
        stream: place in the committee of whoever read what was chosen; empty in earlier versions.
    """

    chosen: str
    utc: str
    local: str
    reason: str
    printed_name: str = ""
    stream: str = ""

    @property
    def when(self) -> str:
        """As of :attr:`Signature.when`."""
        return moment(self.utc, self.local)


@dataclass
class Locks:
    """Order, locks and signatures of one read, as its events tell them.

    Attributes:
        order: how the read goes through its time points.
        reader: name of the account that the read is assigned to; ``None`` for a read that nobody assigned.
        profile_sha256: of the profile that the read was assigned under; empty for a read that nobody assigned.
        signatures: all that were ever given, superseded ones too.
        locked: time points under a valid signature of authorship.
        reopened: amended time points with the reason, until they are signed again.
        sign_again: time points whose signature fell because an earlier one was amended.
        version: 1, and one more with each amendment.
        final: closed for good, with the reason.
        choice: the adjudicator's, where that is what closed it.
    """

    order: ReadOrder = ReadOrder.UNLOCKED
    reader: str | None = None
    profile_sha256: str = ""
    signatures: list[Signature] = field(default_factory=list)
    locked: set[str] = field(default_factory=set)
    reopened: dict[str, str] = field(default_factory=dict)
    sign_again: set[str] = field(default_factory=set)
    version: int = 1
    final: str = ""
    choice: Choice | None = None

    def sign(self, signature: Signature) -> None:
        """Take in a signature; that of the author locks."""
        self.signatures.append(signature)
        if signature.meaning is Meaning.AUTHORSHIP:
            self.lock(signature.time_point)

    def lock(self, time_point: str) -> None:
        """A time point has come under its author's signature."""
        self.locked.add(time_point)
        self.reopened.pop(time_point, None)
        self.sign_again.discard(time_point)

    def amend(self, time_point: str, later: list[str], reason: str) -> None:
        """Open a locked time point again; what was signed after it must be signed again."""
        self.version += 1
        self.locked.discard(time_point)
        self.sign_again.discard(time_point)
        self.reopened[time_point] = reason
        fallen = self.locked.intersection(later)
        self.locked -= fallen
        self.sign_again |= fallen

    def valid(self) -> list[Signature]:
        """Signatures of the time points that are locked now, in order of signing, one author's each."""
        latest = {
            (s.time_point, s.meaning, s.signer): s for s in self.signatures if s.time_point in self.locked
        }
        author = {s.time_point: s for s in latest.values() if s.meaning is Meaning.AUTHORSHIP}
        return [s for s in latest.values() if s.version >= author[s.time_point].version]
