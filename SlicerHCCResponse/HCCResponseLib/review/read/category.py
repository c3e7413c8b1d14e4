"""From decided rows to a response category; without every needed decision there is none, and it says why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from HCCResponseLib.base.errors import IncompleteReadError, InputError
from HCCResponseLib.imaging.study import TimePointEntry
from HCCResponseLib.measure import LesionMeasurement
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.read import evaluate_read
from HCCResponseLib.response.timepoint.measurability import TargetCandidate, why_not_measurable
from HCCResponseLib.response.timepoint.selection import select_targets
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    NewLesionStatus,
    ReadEvaluation,
    TimePointFindings,
    VersusLast,
)
from HCCResponseLib.review.read.facts import Site
from HCCResponseLib.review.read.lifecycle import how_to_open, nothing_found
from HCCResponseLib.review.read.records import Action
from HCCResponseLib.review.read.state import ReadState, Row, RowStatus


@dataclass(frozen=True)
class Gap:
    """Something that a reader must still do: in words, and where; ``name`` is empty for a whole time point."""

    time_point: str
    name: str
    words: str


def missing(state: ReadState, up_to: str | None = None) -> list[str]:
    """What a reader must still do before a category can be computed, in words; empty when nothing is missing.

    Args:
        up_to: last time point that counts; ``None`` for the whole read.
    """
    if state.study is None:
        return ["No study was opened."]
    return [gap.words for gap in gaps(state, up_to)]


def gaps(state: ReadState, up_to: str | None = None) -> list[Gap]:
    """As :func:`missing`, of a study that was opened, with the places of what is missing."""
    found: list[Gap] = []
    lesions = _followed(state)
    for point in _points(state, up_to):
        rows = state.rows.get(point.name)
        if rows is None:
            words = "no proposals yet; run the proposals for this time point."
            if nothing_found(state):
                words = f"no proposals yet. {how_to_open(state, point.name)}"
            found.append(Gap(point.name, "", f"{point.name}: {words}"))
            continue
        for name in lesions:
            if name not in rows:
                words = f"lesion {name} has no proposal; contour it or give its state."
                found.append(Gap(point.name, name, f"{point.name}: {words}"))
        for name, row in rows.items():
            if row.status is RowStatus.PROPOSED and row.proposal.outside_domain:
                continue
            if words := _undecided(name, row):
                found.append(Gap(point.name, name, f"{point.name}: {words}"))
        found += _outside_domain(point.name, rows)
    return found


def _outside_domain(point: str, rows: Mapping[str, Row]) -> list[Gap]:
    """One sentence for all rows that a network has proposed on a scan that it was not made for."""
    names = [n for n, r in rows.items() if r.status is RowStatus.PROPOSED and r.proposal.outside_domain]
    if not names:
        return []
    words = (
        f"{point}: {', '.join(names)} proposed on a scan that the network was not made for, which counts only once a "
        "reader has looked: decide on each (in the panel, with 'hcc-response review', or with a decisions file)."
    )
    return [Gap(point, names[0], words)]


def _undecided(name: str, row: Row) -> str:
    """What the reader must still say of a row; empty when nothing."""
    if row.status is RowStatus.PROPOSED and row.proposal.says_disappeared:
        return (
            f"lesion {name} is proposed as disappeared, which counts only once a reader has looked at its place: "
            "accept the row, or correct it (in the panel, with 'hcc-response review', or with a decisions file)."
        )
    if row.status is RowStatus.PROPOSED:
        return f"{'candidate' if row.is_candidate else 'lesion'} {name} is not decided."
    if row.is_candidate and row.status is RowStatus.EDITED:
        return f"candidate {name} is contoured, but not called new or equivocal."
    return ""


def _points(state: ReadState, up_to: str | None) -> tuple[TimePointEntry, ...]:
    """The time points up to and with one of them, in order; all without one."""
    assert state.study is not None
    every = state.study.timepoints
    names = [p.name for p in every]
    if up_to is not None and up_to not in names:
        raise InputError(f"There is no time point '{up_to}'; the study has {', '.join(names)}.")
    return every if up_to is None else every[: names.index(up_to) + 1]


def _baseline(state: ReadState) -> str:
    assert state.study is not None
    return state.study.timepoints[0].name


def _followed(state: ReadState) -> list[str]:
    """Names of the baseline lesions that the reader did not reject."""
    rows = state.rows.get(_baseline(state), {})
    return [n for n, r in rows.items() if not r.is_candidate and r.status is not RowStatus.REJECTED]


def roles(state: ReadState, profile: Profile) -> dict[str, tuple[LesionRole, str]]:
    """Role of every baseline lesion with the reason: the reader's choice, else within the profile's limits.

    A proposal from outside the domain of what made it has no role before a reader has decided on it.

    Raises:
        InputError: the reader chose targets beyond the limits or not measurable.
    """
    if state.study is None:
        return {}
    rows = state.rows.get(_baseline(state), {})
    names = [
        n for n in _followed(state) if rows[n].decision is not None or not rows[n].proposal.outside_domain
    ]
    chosen = {n: d.role for n in names if (d := rows[n].decision) is not None and d.role is not None}
    open_rows = [
        _candidate(n, rows[n], state.site(n))
        for n in names
        if n not in chosen and rows[n].long_mm is not None
    ]
    fixed = [_candidate(n, rows[n], state.site(n)) for n, role in chosen.items() if role is LesionRole.TARGET]
    _require_allowed(fixed, profile)
    suggested = select_targets([*fixed, *open_rows], profile, {c.lesion_id for c in fixed})
    out: dict[str, tuple[LesionRole, str]] = {}
    for name in names:
        if name in chosen:
            out[name] = (chosen[name], "chosen by the reader")
        elif name in suggested.selected:
            out[name] = (LesionRole.TARGET, "suggested within the profile's limits")
        else:
            out[name] = (LesionRole.NON_TARGET, suggested.rejected.get(name, "beyond the profile's limits"))
    return out


def roles_in_words(state: ReadState, profile: Profile) -> str:
    """The target lesions with their diameters, and why each other lesion is none; empty without lesions."""
    rows, found = state.rows.get(_baseline(state), {}), roles(state, profile)
    targets = [f"{n} {rows[n].long_mm} mm" for n, (role, _) in found.items() if role is LesionRole.TARGET]
    others = [f"{n} ({why})" for n, (role, why) in found.items() if role is not LesionRole.TARGET]
    parts = [
        f"{word}: {', '.join(names)}"
        for word, names in (("Targets", targets), ("non-target", others))
        if names
    ]
    return "; ".join(parts)


def _require_allowed(fixed: list[TargetCandidate], profile: Profile) -> None:
    if not fixed:
        return
    allowed = select_targets(fixed, profile)
    if allowed.rejected:
        reasons = "; ".join(f"{n}: {why}" for n, why in allowed.rejected.items())
        raise InputError(f"The chosen targets do not fit the profile: {reasons}.")


def _candidate(name: str, row: Row, site: Site) -> TargetCandidate:
    measured = row.measurement
    return TargetCandidate(
        name,
        site.organ,
        site.lymph_node,
        row.long_mm,
        row.short_mm,
        None if measured is None else measured.thickness_mm,
        reproducible=site.reproducible,
        kind=site.kind or None,
        treated=site.treated,
        irradiated=site.irradiated,
        grown_since_treatment=site.grown_since_treatment,
        arterial_enhancement=site.arterial_enhancement,
        well_delineated=site.well_delineated,
        hilar=site.hilar,
        station=site.station or None,
    )


def findings(state: ReadState, profile: Profile, up_to: str | None = None) -> list[TimePointFindings]:
    """The decided read as the rules take it, all of it or up to one time point.

    Raises:
        IncompleteReadError: decisions are missing; the message lists them.
    """
    open_points = missing(state, up_to)
    if open_points:
        raise IncompleteReadError("No category yet. Still missing: " + " ".join(open_points))
    role_of = roles(state, profile)
    out: list[TimePointFindings] = []
    new = NewLesionStatus.NO
    for point in _points(state, up_to):
        rows = state.rows[point.name]
        lesions = [
            f
            for n, (role, _) in role_of.items()
            for f in _followed_up(n, role, role_of, rows, state, profile)
        ]
        new = max(new, _new_status(rows), key=list(NewLesionStatus).index)
        lesions += [
            _finding(n, r, LesionRole.NEW, state.site(n), profile) for n, r in rows.items() if _is_new(r)
        ]
        visit = state.visit(point.name)
        out.append(
            TimePointFindings(
                point.name,
                point.date,
                tuple(lesions),
                state.non_target.get(point.name),
                new,
                visit.non_target_versus_last or _non_target_versus_last(lesions),
                visit.normal(profile.markers_required_for_cr),
            )
        )
    return out


def _non_target_versus_last(lesions: list[LesionFinding]) -> VersusLast | None:
    """Non-target disease as a whole from what was said of each lesion: larger as soon as one is."""
    said = {one.versus_last for one in lesions if one.role is LesionRole.NON_TARGET and one.versus_last}
    if VersusLast.LARGER in said:
        return VersusLast.LARGER
    return said.pop() if len(said) == 1 else VersusLast.SAME if said else None


def _is_new(row: Row) -> bool:
    return row.decision is not None and row.decision.action in (Action.NEW, Action.EQUIVOCAL)


def _new_status(rows: dict[str, Row]) -> NewLesionStatus:
    actions = {r.decision.action for r in rows.values() if r.decision}
    if Action.NEW in actions:
        return NewLesionStatus.UNEQUIVOCAL
    return NewLesionStatus.EQUIVOCAL if Action.EQUIVOCAL in actions else NewLesionStatus.NO


def _finding(name: str, row: Row, role: LesionRole, site: Site, profile: Profile) -> LesionFinding:
    measured = row.measurement if row.is_sized else None
    viable = row.viable if profile.needs_viable and row.is_sized else None
    if viable and not _contour_is_viable(row):
        measured = None
    new = role is LesionRole.NEW and row.is_sized
    return LesionFinding(
        name,
        site.organ,
        site.lymph_node,
        role,
        row.state,
        row.long_mm,
        row.short_mm,
        measurable=why_not_measurable(_candidate(name, row, site), profile) is None if new else None,
        volume_mm3=_volume(measured),
        versus_last=None if row.decision is None else row.decision.versus_last,
        viable=viable,
    )


def _volume(measured: LesionMeasurement | None) -> Decimal | None:
    return None if measured is None else Decimal(str(round(measured.volume_mm3, 1)))


def _contour_is_viable(row: Row) -> bool:
    """With a length of the reader's own it may be the length alone that is viable; its volume is then not known."""
    if row.decision is None or row.decision.long_axis_mm is None:
        return True
    return row.decision.contour is not None or row.proposal.viable


def _followed_up(
    name: str,
    role: LesionRole,
    role_of: Mapping[str, tuple[LesionRole, str]],
    rows: Mapping[str, Row],
    state: ReadState,
    profile: Profile,
) -> list[LesionFinding]:
    """A followed lesion with its parts; of targets that have merged, one is measured for all of them."""
    row, site = rows[name], state.site(name)
    carrier = row.merged_into or name
    joined = [n for n in role_of if rows[n].merged_into == carrier]
    if role is not LesionRole.TARGET:
        # Only sums know parts and merges; of other lesions it counts that they are there.
        there = row.state in (LesionState.SPLIT, LesionState.MERGED)
        return [_present(name, row, role, site) if there else _finding(name, row, role, site, profile)]
    if not joined:
        return _with_parts(name, row, site, profile)
    members = [n for n in role_of if role_of[n][0] is role and (n == carrier or n in joined)]
    if name != (carrier if carrier in members else members[0]):
        return [LesionFinding(name, site.organ, site.lymph_node, role, LesionState.MERGED)]
    whole, *parts = _with_parts(name, rows.get(carrier, row), site, profile)
    return [replace(whole, members=tuple(members)), *parts]


def _present(name: str, row: Row, role: LesionRole, site: Site) -> LesionFinding:
    versus_last = None if row.decision is None else row.decision.versus_last
    where = (site.organ, site.lymph_node, role)
    return LesionFinding(name, *where, LesionState.MEASURED, versus_last=versus_last)


def _with_parts(name: str, row: Row, site: Site, profile: Profile) -> list[LesionFinding]:
    """A target, and of a split one its parts as findings of their own (RECIST 1.1, 4.3.2)."""
    where = (site.organ, site.lymph_node, LesionRole.TARGET)
    if not row.parts:
        return [_finding(name, row, LesionRole.TARGET, site, profile)]
    found = [LesionFinding(name, *where, LesionState.SPLIT)]
    viable = row.viable if profile.needs_viable else None
    for number, part in enumerate(row.parts, start=1):
        short = part.short_axis.length_mm if part.short_axis else None
        axes, volume = (part.long_axis.length_mm, short), _volume(part)
        named = (f"{name}.{number}", *where, LesionState.MEASURED, *axes)
        found.append(LesionFinding(*named, parent=name, volume_mm3=volume, viable=viable))
    return found


def category(state: ReadState, profile: Profile, up_to: str | None = None) -> ReadEvaluation:
    """Responses of every time point with trace, of the whole read or up to one time point.

    Raises:
        IncompleteReadError: decisions are missing.
        RuleError: the decided read contradicts itself.
    """
    found = evaluate_read(findings(state, profile, up_to), in_force(state, profile, up_to))
    points = (replace(p, trace=(*p.trace, *_shown_by_the_reader(state, p.name))) for p in found.time_points)
    return replace(found, time_points=tuple(points))


def _shown_by_the_reader(state: ReadState, time_point: str) -> list[str]:
    """Trace sentences about contours that a network drew from what the reader had shown."""
    rows = state.rows.get(time_point, {})
    return [
        f"{name}: {row.prompt_words}"
        for name, row in rows.items()
        if row.prompt_words and row.status is not RowStatus.REJECTED
    ]


def in_force(state: ReadState, profile: Profile, up_to: str | None = None) -> Profile:
    """The profile with the reader's answer to a question that it leaves open (CR followed by less, Table 3)."""
    answers = [state.answers[p.name] for p in _points(state, up_to) if p.name in state.answers]
    if not answers:
        return profile
    return profile.with_overrides({"cr_then_lesser": answers[-1]}, "answered by the reader")
