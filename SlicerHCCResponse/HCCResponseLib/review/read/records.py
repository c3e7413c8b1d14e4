"""Proposals and decisions as events, and back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.packed import pack_lesion, unpack_lesion
from HCCResponseLib.lesions.prompt import prompt_words
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind, Suggestion
from HCCResponseLib.measure import LesionMeasurement
from HCCResponseLib.response.numbers import tenths
from HCCResponseLib.response.types import LesionRole, LesionState, Response, VersusLast
from HCCResponseLib.review.store import ReadStore, blob_key

_MEASUREMENT = TypeAdapter(LesionMeasurement)
_PARTS = TypeAdapter(tuple[LesionMeasurement, ...])


class Action(StrEnum):
    """What a reader can do with a proposal."""

    ACCEPT = "accept"
    EDIT = "edit"
    REJECT = "reject"
    NEW = "new"
    EQUIVOCAL = "equivocal"
    DISMISS = "dismiss"


@dataclass(frozen=True)
class ReaderLine:
    """A line that a reader drew or dragged on one slice.

    Attributes:
        start_lps, end_lps: end points, LPS mm (x, y, z).
    """

    start_lps: tuple[float, float, float]
    end_lps: tuple[float, float, float]

    @property
    def length_mm(self) -> Decimal:
        """Length in exact tenths of a millimetre."""
        return tenths(float(np.linalg.norm(np.subtract(self.end_lps, self.start_lps))))


# An edited candidate still waits to be called new, equivocal or dismissed.
CANDIDATE_ACTIONS = (Action.NEW, Action.EQUIVOCAL, Action.DISMISS, Action.EDIT)
LESION_ACTIONS = (Action.ACCEPT, Action.EDIT, Action.REJECT)


@dataclass(frozen=True)
class Decision:
    """A reader's answer to one proposal.

    Attributes:
        reader: who decided.
        time_point, name: which proposal.
        action: accept, edit or reject a lesion; new, equivocal or dismiss a candidate.
        role: target or non-target, decided at baseline; ``None`` leaves it to the suggestion within the limits.
        state: the reader's state of the lesion when it is not simply measured.
        contour, measurement: the reader's contour and what was measured on it.
        long_axis_mm: the reader's own long axis; it wins over the contour's. With a ``long_line`` it is that line's.
        long_line, short_line: lines that the reader dragged; the contour's own stay in ``measurement``.
        versus_last: a non-target or new lesion compared with the last time point (iRECIST).
        viable: the row's contour or length is that of the viable part of the tumour; ``None`` leaves it as proposed.
        parts: of a lesion that the reader drew or called split, the measurement of each part, the longest first.
        merged_into: of a lesion that the reader calls merged, the one that stands for both.
        prompt: of a contour from the reader's line or clicks, those (LPS mm) with engine and weights; plain values.
        reason: why, where a reason is required.
        seen: whether the reader looked at this row (false for a blanket acceptance).
    """

    reader: str
    time_point: str
    name: str
    action: Action
    role: LesionRole | None = None
    state: LesionState | None = None
    contour: Lesion | None = None
    measurement: LesionMeasurement | None = None
    long_axis_mm: Decimal | None = None
    reason: str = ""
    seen: bool = True
    long_line: ReaderLine | None = None
    short_line: ReaderLine | None = None
    viable: bool | None = None
    versus_last: VersusLast | None = None
    parts: tuple[LesionMeasurement, ...] = ()
    merged_into: str | None = None
    prompt: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.long_line is not None and self.long_axis_mm is None:
            object.__setattr__(self, "long_axis_mm", self.long_line.length_mm)


@dataclass(frozen=True)
class NonTargetDecision:
    """A reader's judgement of the non-target disease as a whole at one time point."""

    reader: str
    time_point: str
    response: Response
    reason: str = ""


def row_name(time_point: str, name: str) -> str:
    """How the log calls a row."""
    return f"{time_point} / {name}"


def measurement_to_json(value: LesionMeasurement | None) -> Any:
    """A measurement as plain JSON; decimals as strings."""
    return None if value is None else _MEASUREMENT.dump_python(value, mode="json")


def write_proposal(store: ReadStore, proposal: Proposal) -> None:
    """Append a proposal with its contour."""
    payload, contours = _payload(proposal)
    measured = [one.long_axis.length_mm for one in proposal.parts]
    if not measured and proposal.measurement:
        measured = [proposal.measurement.long_axis.length_mm]
    size = f"{' + '.join(map(str, measured))} mm" if measured else str(proposal.state)
    store.append(
        "software",
        "proposal",
        payload,
        contours,
        item=row_name(proposal.time_point, proposal.name),
        new=", ".join(filter(None, [size, "" if proposal.prompt is None else prompt_words(proposal.prompt)])),
    )


def read_proposal(store: ReadStore, payload: dict[str, Any]) -> Proposal:
    """A proposal from its event."""
    return Proposal(
        **{
            **_fields(store, payload),
            "kind": ProposalKind(payload["kind"]),
            "state": LesionState(payload["state"]),
            "suggestion": Suggestion(payload["suggestion"]) if payload["suggestion"] else None,
        }
    )


def write_decision(store: ReadStore, decision: Decision, old: str, new: str) -> None:
    """Append a decision with the reader's contour, if there is one; ``old`` and ``new`` say the row in words."""
    payload, contours = _payload(decision)
    del payload["reader"]
    for line in ("long_line", "short_line"):
        payload[line] = payload[line] and list(vars(payload[line]).values())
    store.append(
        decision.reader,
        "decision",
        payload,
        contours,
        item=row_name(decision.time_point, decision.name),
        old=old,
        new=new,
        reason=decision.reason,
    )


def same_word(first: Decision, second: Decision) -> bool:
    """Whether two decisions say the same of a row, whatever their reasons."""
    return replace(first, reason="", seen=second.seen) == replace(second, reason="")


def read_decision(store: ReadStore, reader: str, payload: dict[str, Any]) -> Decision:
    """A decision from its event."""
    axis = payload["long_axis_mm"]
    lines = {name: payload.get(name) for name in ("long_line", "short_line")}
    return Decision(
        reader=reader,
        **{
            **_fields(store, payload),
            "action": Action(payload["action"]),
            "role": LesionRole(payload["role"]) if payload["role"] else None,
            "state": LesionState(payload["state"]) if payload["state"] else None,
            "long_axis_mm": None if axis is None else Decimal(axis),
            "versus_last": VersusLast(payload["versus_last"]) if payload.get("versus_last") else None,
            **{name: ends and ReaderLine(*map(tuple, ends)) for name, ends in lines.items()},
        },
    )


def _payload(record: Proposal | Decision) -> tuple[dict[str, Any], list[bytes]]:
    """The fields of a record with its contour as a key, and the contour."""
    data = None if record.contour is None else pack_lesion(record.contour)
    payload = {
        **vars(record),
        "mask": data and blob_key(data),
        "measurement": measurement_to_json(record.measurement),
        "parts": [measurement_to_json(one) for one in record.parts],
    }
    del payload["contour"]
    if record.prompt is None:
        del payload["prompt"]
    return payload, [data] if data else []


def _fields(store: ReadStore, payload: dict[str, Any]) -> dict[str, Any]:
    """Back from :func:`_payload`, as far as every record goes."""
    mask, measured = payload["mask"], payload["measurement"]
    return {
        **{name: value for name, value in payload.items() if name != "mask"},
        "contour": unpack_lesion(store.blob(mask)) if mask else None,
        "measurement": None if measured is None else _MEASUREMENT.validate_python(measured),
        # Reads from before parts were kept have none.
        "parts": _PARTS.validate_python(payload.get("parts", ())),
    }
