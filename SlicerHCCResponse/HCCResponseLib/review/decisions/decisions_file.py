"""A reader's decisions from a YAML or JSON file, for reads without the panel."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.yaml_files import load_checked_yaml
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_label_map
from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.response.types import LesionRole, LesionState, Response, VersusLast
from HCCResponseLib.review.decisions.bulk import EVERY, spread
from HCCResponseLib.review.decisions.decide import (
    answer,
    as_length,
    as_number,
    as_row,
    check,
    decide,
    decide_non_target,
)
from HCCResponseLib.review.decisions.reader_rows import add_row, first_shown, set_site, set_visit
from HCCResponseLib.review.read.facts import Marker, Site, Visit
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.records import Action, Decision, NonTargetDecision, same_word
from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.read.transaction import all_or_nothing
from HCCResponseLib.review.store import ReadStore


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DecisionEntry(_Strict):
    """One decision; ``*`` as name or time point stands for all rows that the file does not name.

    ``contour`` is a label map whose value ``label`` is the lesion; it may be left out where the map holds one value.

    ``viable``: contour or length is that of the viable part, as mRECIST, EASL and qEASL need it.

    With ``added`` the lesion was not proposed: at baseline it is followed, later it is a candidate for a new one.
    With ``state: split`` the parts of the contour are measured one by one and added; with ``state: merged`` the lesion
    ``merged_into`` is measured for both. A ``long_axis_mm`` of a split lesion takes the place of the sum of its parts.
    """

    time_point: str
    name: str
    action: Action
    role: Literal["target", "non-target"] | None = None
    state: LesionState | None = None
    contour: Path | None = None
    label: int | None = None
    long_axis_mm: str | float | None = None
    viable: bool | None = None
    versus_last: VersusLast | None = None
    reason: str = ""
    added: bool = False
    merged_into: str | None = None

    @model_validator(mode="after")
    def _one_word_for_many(self) -> "DecisionEntry":
        more = self.model_fields_set - {"time_point", "name", "action", "role", "reason"}
        if EVERY in (self.name, self.time_point) and more:
            raise ValueError(
                f"'{EVERY}' stands for many rows; {', '.join(sorted(more))} can be said of one alone"
            )
        return self


class NonTargetEntry(_Strict):
    """The judgement of non-target disease at one time point."""

    time_point: str
    response: Response
    reason: str = ""


class AnswerEntry(_Strict):
    """The answer to the question of one time point: ``recurrence-is-pd`` or ``cr-was-pr``."""

    time_point: str
    choice: str
    reason: str = ""


class SiteEntry(_Strict):
    """Where one lesion lies and what else is known of it; fields as in ``Site``."""

    name: str
    organ: str = "liver"
    segment: str = ""
    lymph_node: bool = False
    station: str = ""
    hilar: bool | None = None
    kind: str = ""
    treated: bool = False
    irradiated: bool = False
    grown_since_treatment: bool | None = None
    arterial_enhancement: bool | None = None
    well_delineated: bool | None = None
    reproducible: bool | None = None
    reason: str = ""


class MarkerEntry(_Strict):
    """One tumour marker with the laboratory's upper limit of normal, in the same unit."""

    name: str
    value: str | float
    limit: str | float
    unit: str = ""


class VisitEntry(_Strict):
    """Tumour markers of one time point, and how non-target disease compares with the last one."""

    time_point: str
    markers: tuple[MarkerEntry, ...] = ()
    markers_normal: bool | None = None
    non_target_versus_last: VersusLast | None = None
    reason: str = ""


class RestEntry(_Strict):
    """The word on every row that the file does not name."""

    action: Action
    reason: str = ""


class DecisionsFile(_Strict):
    """Everything one reader decided; ``rest`` is the same as a last decision on ``*`` at ``*``."""

    reader: str = Field(min_length=1, max_length=100)
    decisions: tuple[DecisionEntry, ...] = ()
    rest: RestEntry | None = None
    non_target: tuple[NonTargetEntry, ...] = ()
    answers: tuple[AnswerEntry, ...] = ()
    sites: tuple[SiteEntry, ...] = ()
    visits: tuple[VisitEntry, ...] = ()

    @field_validator("decisions", mode="before")
    @classmethod
    def _without_blank_rows(cls, value: Any) -> Any:
        """A row of a file to fill in whose action is still empty decides nothing."""
        return () if value is None else _filled_rows(value)

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("a decisions file has 'reader' and 'decisions'")
        if not str(value.get("reader") or "").strip():
            rows = value.get("decisions") or ()
            blank = isinstance(rows, list | tuple) and all(isinstance(r, dict) and _is_blank(r) for r in rows)
            what = "nothing is decided in it yet: write" if blank else "it does not say who decides: write"
            more = " and a word after each 'action:'" if blank else ""
            raise ValueError(f"{what} your name after 'reader:'{more}")
        return value

    @model_validator(mode="after")
    def _says_something(self) -> "DecisionsFile":
        if not any((self.decisions, self.rest, self.non_target, self.answers, self.sites, self.visits)):
            raise ValueError("nothing is decided in it yet: write a word after each 'action:'")
        return self


def _filled_rows(rows: Any) -> Any:
    if not isinstance(rows, list):
        return rows
    return [row for row in rows if not (isinstance(row, dict) and _is_blank(row))]


def _counted(content: Any) -> Any:
    """The content with its rows as they are counted: blank ones are left out before the others are checked."""
    if not isinstance(content, dict):
        return content
    return {**content, "decisions": _filled_rows(content.get("decisions"))}


def _is_blank(row: dict[str, Any]) -> bool:
    return "action" in row and row["action"] is None and not set(row) - {"time_point", "name", "action"}


def load_decisions(path: Path) -> DecisionsFile:
    """Read and check a decisions file.

    Raises:
        InputError: missing, not YAML or JSON, an unknown field or value.
    """
    return load_checked_yaml(path, DecisionsFile, "Decisions file", _counted)


def apply_decisions(
    store: ReadStore,
    state: ReadState,
    path: Path,
    grids: dict[str, Geometry],
    skip: frozenset[str] = frozenset(),
    reason: str = "",
) -> frozenset[str]:
    """Append the decisions of a file, all of them or none; after an error the state is as it was before.

    What is in the read already is not said again, so that the same file may be given twice.

    Args:
        grids: the grid of each time point's image, for edited contours.
        skip: time points that are left for later or were done before.
        reason: why something is changed, for entries that give no reason of their own.

    Returns:
        the time points whose decisions were written.
    """
    content = _with_reasons(load_decisions(path), reason)
    with all_or_nothing(store, state):
        for entry in content.decisions:
            known = state.row(entry.time_point, entry.name) is not None
            if entry.added and entry.time_point not in skip and not known:
                add_row(store, state, content.reader, entry.time_point, entry.name)
        shown = _apply_facts(store, state, content, skip)
        entries = spread(_with_rest(content), state, skip)
        looked_at = {(e.time_point, e.name) for e in content.decisions}
        ready = [
            # Nobody has looked at a row that a word for many answers; the output says so.
            replace(decision, seen=(entry.time_point, entry.name) in looked_at)
            for entry in entries
            for decision in [_decision(content.reader, entry, Path(path).parent, grids)]
        ]
        for decision in ready:
            check(state, decision)
        for decision in ready:
            _decide_once(store, state, decision, grids.get(decision.time_point))
        for judged in content.non_target:
            if judged.time_point not in skip and state.non_target.get(judged.time_point) != judged.response:
                done = NonTargetDecision(content.reader, judged.time_point, judged.response, judged.reason)
                decide_non_target(store, state, done)
        for given in content.answers:
            said_before = state.answers.get(given.time_point) == given.choice
            if given.time_point not in skip and not said_before and state.study is not None:
                profile = profile_of(store, state)
                answer(store, state, profile, content.reader, given.time_point, given.choice, given.reason)
    points = [e.time_point for e in entries] + [e.time_point for e in content.non_target]
    points += [e.time_point for e in content.answers] + [e.time_point for e in content.visits]
    return (frozenset(points) | shown) - skip


def _with_rest(content: DecisionsFile) -> tuple[DecisionEntry, ...]:
    if content.rest is None:
        return content.decisions
    rest = content.rest
    return (
        *content.decisions,
        DecisionEntry(time_point=EVERY, name=EVERY, action=rest.action, reason=rest.reason),
    )


def _decide_once(store: ReadStore, state: ReadState, decision: Decision, grid: Geometry | None) -> None:
    """Decide, unless this reader has said the same already."""
    before = state.row(decision.time_point, decision.name)
    said = before.decision if before else None
    asked = as_row(store, state, decision, grid).decision
    if said is None or asked is None or said.reader != asked.reader or not same_word(said, asked):
        decide(store, state, decision, grid)
    elif asked.seen and not said.seen:
        # The same word, now by somebody who has looked.
        decide(store, state, decision, grid)


def _with_reasons(content: DecisionsFile, reason: str) -> DecisionsFile:
    """The content with this reason wherever an entry has none."""
    filled = {
        name: tuple(
            e if e.reason else e.model_copy(update={"reason": reason}) for e in getattr(content, name)
        )
        for name in ("decisions", "non_target", "answers", "sites", "visits")
    }
    return content.model_copy(update=filled) if reason else content


def _apply_facts(
    store: ReadStore, state: ReadState, content: DecisionsFile, skip: frozenset[str]
) -> frozenset[str]:
    """Write sites and visits; returns the time points that show these lesions first.

    A lesion that is not proposed yet is left for later while a time point still waits for its proposals.
    """
    waits = any(name not in state.rows for name in skip)
    shown: set[str] = set()
    for entry in content.sites:
        first = first_shown(state, entry.name)
        if first in skip or (first is None and waits):
            continue
        site = Site(**entry.model_dump(exclude={"name", "reason"}))
        if state.sites.get(entry.name) != site:
            set_site(store, state, content.reader, entry.name, site, entry.reason)
        shown.add(first or "")
    for seen in content.visits:
        if seen.time_point not in skip:
            markers = tuple(
                Marker(m.name, as_number(m.value), as_number(m.limit), m.unit) for m in seen.markers
            )
            visit = Visit(markers, seen.markers_normal, seen.non_target_versus_last)
            if state.visits.get(seen.time_point) != visit:
                set_visit(store, state, content.reader, seen.time_point, visit, seen.reason)
    return frozenset(shown)


def _decision(reader: str, entry: DecisionEntry, folder: Path, grids: dict[str, Geometry]) -> Decision:
    drawn = None
    if entry.contour is not None:
        contour = read_label_map(folder / entry.contour)
        _require_grid(contour, grids.get(entry.time_point), entry.time_point)
        _require_one_value(contour, entry)
        drawn = Lesion.of(contour.labels if entry.label is None else contour.mask(entry.label))
        if not drawn:
            raise InputError(f"Contour '{contour.source}' holds no value {entry.label} for '{entry.name}'.")
    return Decision(
        reader,
        entry.time_point,
        entry.name,
        entry.action,
        LesionRole(entry.role) if entry.role else None,
        entry.state,
        drawn,
        None,
        None if entry.long_axis_mm is None else as_length(entry.long_axis_mm),
        entry.reason,
        viable=entry.viable,
        versus_last=entry.versus_last,
        merged_into=entry.merged_into,
    )


def _require_one_value(contour: LabelMap, entry: DecisionEntry) -> None:
    """A label map of several lesions must not become one lesion unseen."""
    values = contour.values()
    if entry.label is None and len(values) > 1:
        raise InputError(
            f"Contour '{contour.source}' holds the values {', '.join(map(str, values))}; say which of them is "
            f"'{entry.name}', such as 'label: {values[0]}'."
        )


def _require_grid(contour: LabelMap, grid: Geometry | None, time_point: str) -> None:
    if grid is None:
        raise InputError(
            f"Contour '{contour.source}' is for time point '{time_point}', which the study does not have."
        )
    why = contour.geometry.difference(grid)
    if why:
        raise InputError(f"Contour '{contour.source}' does not lie on the image of '{time_point}': {why}.")
