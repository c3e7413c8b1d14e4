"""Who may do what with a read at which stage: one table, read by everything that changes or shows a read."""

from enum import StrEnum


class Role(StrEnum):
    """What a person may be in a study."""

    READER = "reader"
    ADJUDICATOR = "adjudicator"
    MANAGER = "manager"
    AUDITOR = "auditor"
    UNBLINDER = "unblinder"


class Relation(StrEnum):
    """What a person is to one read: a role, and for a reader whether this is the own read."""

    OWN_READER = "own reader"
    OTHER_READER = "other reader"
    ADJUDICATOR = "adjudicator"
    MANAGER = "manager"
    AUDITOR = "auditor"
    UNBLINDER = "unblinder"


class Act(StrEnum):
    """What can be done with a read or one of its time points."""

    SEE = "see"
    PROPOSE = "propose"
    DECIDE = "decide"
    SIGN = "sign"
    COUNTERSIGN = "countersign"
    AMEND = "amend"
    CLOSE = "close"
    REREAD = "reread"
    ADJUDICATE = "adjudicate"
    ASSIGN = "assign"
    AUDIT = "audit"
    UNBLIND = "unblind"


class Stage(StrEnum):
    """Where a time point (or a read as a whole) stands.

    ``waiting``: an earlier time point is not locked yet; ``open``: draft; ``reopened``: draft of a new version;
    ``sign again``: an earlier time point was amended, so that this one must be signed anew; ``locked``: signed;
    ``in review``: signed, and its reader may still amend it with a reason (hybrid order after the last lock, or
    reading without an order); ``final``: closed for good.
    """

    WAITING = "waiting"
    OPEN = "open"
    REOPENED = "reopened"
    SIGN_AGAIN = "sign again"
    LOCKED = "locked"
    REVIEW = "in review"
    FINAL = "final"

    @property
    def signed(self) -> bool:
        """Whether what stands here is signed, so that nothing of it can change without an amendment."""
        return self in _SIGNED


# A reader or adjudicator who also sees every read, or who reads it, could not be blinded.
INCOMPATIBLE_ROLES = (
    frozenset({Role.READER, Role.AUDITOR}),
    frozenset({Role.ADJUDICATOR, Role.AUDITOR}),
    frozenset({Role.READER, Role.UNBLINDER}),
    frozenset({Role.ADJUDICATOR, Role.UNBLINDER}),
)

_W, _O, _R, _S = Stage.WAITING, Stage.OPEN, Stage.REOPENED, Stage.SIGN_AGAIN
_L, _V, _F = Stage.LOCKED, Stage.REVIEW, Stage.FINAL
_ALL = frozenset(Stage)
_SIGNED = frozenset({_L, _V, _F})

MATRIX: dict[Act, dict[Relation, frozenset[Stage]]] = {
    Act.SEE: {
        Relation.OWN_READER: _ALL - {_W},
        Relation.ADJUDICATOR: _SIGNED,
        Relation.AUDITOR: _ALL,
    },
    Act.PROPOSE: {Relation.OWN_READER: frozenset({_O})},
    Act.DECIDE: {Relation.OWN_READER: frozenset({_O, _R})},
    Act.SIGN: {Relation.OWN_READER: frozenset({_O, _R, _S})},
    Act.COUNTERSIGN: {Relation.ADJUDICATOR: _SIGNED},
    Act.AMEND: {Relation.OWN_READER: frozenset({_V}), Relation.MANAGER: frozenset({_L, _V})},
    Act.CLOSE: {Relation.MANAGER: frozenset({_L, _V})},
    Act.REREAD: {Relation.MANAGER: _SIGNED},
    Act.ADJUDICATE: {Relation.ADJUDICATOR: _SIGNED},
    Act.ASSIGN: {Relation.MANAGER: _ALL},
    Act.AUDIT: {Relation.MANAGER: _ALL, Relation.AUDITOR: _ALL},
    Act.UNBLIND: {Relation.UNBLINDER: _ALL},
}


def allowed(standing: Relation, act: Act, stage: Stage) -> bool:
    """Whether the table lets this standing do this at this stage."""
    return stage in MATRIX[act].get(standing, frozenset())
