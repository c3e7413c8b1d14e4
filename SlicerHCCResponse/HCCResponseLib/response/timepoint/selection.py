"""Measurability and target selection at baseline (RECIST 1.1, 3.1 and 4.2; mRECIST adds viability and hilar nodes)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.numbers import ZERO, length_text
from HCCResponseLib.response.profiles.load import Profile

NODE_GROUP = "lymph nodes"
_SIDE = re.compile(r"\b(left|right|bilateral|both)\b")


@dataclass(frozen=True, slots=True)
class TargetCandidate:
    """A lesion that may become a target.

    Attributes:
        lesion_id: the lesion.
        organ: organ, or node station.
        nodal: a lymph node.
        long_mm: long axis, mm (viable long axis for mRECIST).
        short_mm: short axis, mm; what counts for nodes.
        slice_thickness_mm: thickness of the slices it was measured on.
        measurable: the reader's own judgement; False rejects, None and True leave it to the size rule.
        reproducible: False when the reader cannot re-measure it well.
        kind: a kind of lesion as in the profile field ``never_measurable``, or ``cystic``, ``bone-soft-tissue``.
        treated: locally treated before (TACE, ablation, SIRT).
        irradiated: irradiated before.
        grown_since_treatment: has clearly grown since.
        arterial_enhancement: shows intratumoural arterial enhancement (mRECIST).
        well_delineated: has a clear border (mRECIST).
        hilar: a node of the porta hepatis.
        station: node chain or site.
    """

    lesion_id: str
    organ: str
    nodal: bool = False
    long_mm: Decimal | None = None
    short_mm: Decimal | None = None
    slice_thickness_mm: Decimal | None = None
    measurable: bool | None = None
    reproducible: bool | None = None
    kind: str | None = None
    treated: bool = False
    irradiated: bool = False
    grown_since_treatment: bool | None = None
    arterial_enhancement: bool | None = None
    well_delineated: bool | None = None
    hilar: bool | None = None
    station: str | None = None

    @property
    def size(self) -> Decimal | None:
        """The axis that enters the sum: short for nodes, else long. mm."""
        return self.short_mm if self.nodal else self.long_mm


@dataclass(frozen=True, slots=True)
class Selection:
    """Chosen targets, largest first, and why the others are not."""

    selected: tuple[str, ...]
    baseline_sum: Decimal | None
    rejected: dict[str, str]
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetCheck:
    """Whether a list of targets is allowed."""

    valid: bool
    over_total_limit: bool
    organs_over_limit: tuple[str, ...]
    not_measurable: tuple[str, ...]
    trace: tuple[str, ...]


def is_hilar(candidate: TargetCandidate, profile: Profile) -> bool:
    """A node of the porta hepatis, by flag or by the name of its station (``hilar_stations``)."""
    if candidate.hilar is not None:
        return candidate.hilar
    name = f"{candidate.organ} {candidate.station or ''}".lower()
    if "pulm" in name or "lung" in name or "bronch" in name:
        return False
    return any(station in name for station in profile.hilar_stations)


def smallest_measurable(candidate: TargetCandidate, profile: Profile) -> tuple[Decimal, str]:
    """The smallest measurable size of a candidate, mm, and the source of that limit."""
    if candidate.nodal:
        hilar = profile.hilar_node_short_mm
        if hilar is not None and is_hilar(candidate, profile):
            return hilar, profile.source_of("hilar_node_short_mm")
        return profile.node_target_short_mm, profile.source_of("node_target_short_mm")
    thickness = candidate.slice_thickness_mm
    if thickness is not None and thickness > profile.thick_slice_mm:
        limit = max(profile.measurable_long_mm, profile.thickness_factor * thickness)
        return limit, f"{profile.source_of('thickness_factor')}; slices of {length_text(thickness)} mm"
    return profile.measurable_long_mm, profile.source_of("measurable_long_mm")


def why_not_measurable(candidate: TargetCandidate, profile: Profile) -> str | None:
    """Why a candidate cannot be a target, or None when it can.

    Raises:
        RuleError: a negative length.
    """
    for value in (candidate.long_mm, candidate.short_mm, candidate.slice_thickness_mm):
        if value is not None and value < 0:
            raise RuleError(f"Lesion '{candidate.lesion_id}' has the negative length {value}.")
    reason = _judgement(candidate, profile) or _history(candidate, profile)
    return reason or _viability(candidate, profile) or _size(candidate, profile)


def _size(candidate: TargetCandidate, profile: Profile) -> str | None:
    limit, source = smallest_measurable(candidate, profile)
    size, axis = candidate.size, "short axis" if candidate.nodal else "long axis"
    if size is None:
        return f"not measurable: no {axis} given"
    if size < limit:
        return f"not measurable: {axis} {length_text(size)} mm is below {length_text(limit)} mm ({source})"
    return None


def _judgement(candidate: TargetCandidate, profile: Profile) -> str | None:
    if candidate.measurable is False:
        return "not measurable: the reader's judgement"
    if candidate.reproducible is False:
        return "cannot be re-measured well (RECIST 1.1, 4.2: take the next largest)"
    if candidate.kind in profile.never_measurable:
        return f"not measurable: {candidate.kind} ({profile.source_of('never_measurable')})"
    if candidate.kind == "cystic" and profile.cystic_lesion_policy == "never":
        return f"not measurable: cystic ({profile.source_of('cystic_lesion_policy')})"
    if candidate.kind == "bone-soft-tissue" and profile.bone_lesion_policy == "never":
        return f"not measurable: bone ({profile.source_of('bone_lesion_policy')})"
    return None


def _history(candidate: TargetCandidate, profile: Profile) -> str | None:
    policies = (
        (candidate.treated, profile.treated_lesion_policy, "treated_lesion_policy"),
        (candidate.irradiated, profile.irradiated_lesion_policy, "irradiated_lesion_policy"),
    )
    for applies, policy, field in policies:
        if not applies:
            continue
        viable = policy == "only-if-viable-part" and (
            candidate.arterial_enhancement is True and candidate.well_delineated is True
        )
        grown = policy == "only-if-grown" and candidate.grown_since_treatment is True
        if not (viable or grown):
            return f"not measurable: treated before ({profile.source_of(field)})"
    return None


def _viability(candidate: TargetCandidate, profile: Profile) -> str | None:
    if candidate.nodal:
        return None
    if profile.target_needs_arterial_enhancement and candidate.arterial_enhancement is False:
        return f"no arterial enhancement ({profile.source_of('target_needs_arterial_enhancement')})"
    if profile.target_must_be_well_delineated and candidate.well_delineated is False:
        return f"not well delineated ({profile.source_of('target_must_be_well_delineated')})"
    return None


def organ_group(candidate: TargetCandidate, profile: Profile) -> str:
    """The organ that the per-organ limit counts: all nodes together, paired organs and liver lobes as one."""
    if candidate.nodal and profile.nodes_are_one_organ:
        return NODE_GROUP
    name = " ".join(candidate.organ.lower().split())
    if candidate.nodal:
        return f"{name} {candidate.station or ''}".strip()
    bare = " ".join(_SIDE.sub(" ", name).split())
    for group, names in profile.organ_groups.items():
        if name in names or bare in names or bare.split(" ")[0] == group:
            return group
    return bare or name


def select_targets(candidates: Sequence[TargetCandidate], profile: Profile) -> Selection:
    """Choose targets: largest first, within the limits, with all involved organs represented (RECIST 1.1, 4.2).

    Raises:
        RuleError: the same lesion twice, or a negative length.
    """
    _refuse_twice(candidates)
    rejected: dict[str, str] = {}
    fit: list[TargetCandidate] = []
    for candidate in candidates:
        reason = why_not_measurable(candidate, profile)
        if reason is None:
            fit.append(candidate)
        else:
            rejected[candidate.lesion_id] = reason
    ranked = sorted(fit, key=lambda c: _rank(c, profile))
    chosen, over = _within_limits(ranked, profile)
    rejected.update(over)
    chosen = sorted(chosen, key=lambda c: c.size or ZERO, reverse=True)
    total = sum((c.size or ZERO for c in chosen), ZERO) if chosen else None
    trace = [f"{c.lesion_id}: target, {length_text(c.size or ZERO)} mm (RECIST 1.1, 4.2)" for c in chosen]
    trace += [f"{lesion}: {reason}" for lesion, reason in rejected.items()]
    if not chosen:
        trace.append("no measurable lesion: no target disease (RECIST 1.1, 4.2)")
    return Selection(tuple(c.lesion_id for c in chosen), total, rejected, tuple(trace))


def _rank(candidate: TargetCandidate, profile: Profile) -> tuple[bool, Decimal]:
    cystic = candidate.kind == "cystic" and profile.cystic_lesion_policy == "prefer-solid"
    return cystic, -(candidate.size or ZERO)


def _within_limits(
    ranked: list[TargetCandidate], profile: Profile
) -> tuple[list[TargetCandidate], dict[str, str]]:
    queues: dict[str, list[TargetCandidate]] = {}
    for candidate in ranked:
        queues.setdefault(organ_group(candidate, profile), []).append(candidate)
    rejected: dict[str, str] = {}
    allowed: list[tuple[int, TargetCandidate]] = []
    for group, queue in queues.items():
        ordered = _chains_first(queue) if group == NODE_GROUP else queue
        allowed += list(enumerate(ordered[: profile.max_targets_per_organ]))
        for candidate in ordered[profile.max_targets_per_organ :]:
            rejected[candidate.lesion_id] = (
                f"organ limit: {profile.max_targets_per_organ} targets in {group} "
                f"({profile.source_of('max_targets_per_organ')})"
            )
    position = {candidate.lesion_id: index for index, candidate in enumerate(ranked)}
    allowed.sort(key=lambda item: (item[0] > 0 and profile.represent_all_organs, position[item[1].lesion_id]))
    for _, candidate in allowed[profile.max_targets :]:
        rejected[candidate.lesion_id] = (
            f"total limit: {profile.max_targets} targets ({profile.source_of('max_targets')})"
        )
    return [candidate for _, candidate in allowed[: profile.max_targets]], rejected


def _chains_first(nodes: list[TargetCandidate]) -> list[TargetCandidate]:
    """Several chains involved: one node of each chain first (RECIST 1.1, 4.2; EORTC clarifications)."""
    seen: set[str] = set()
    first: list[TargetCandidate] = []
    rest: list[TargetCandidate] = []
    for node in nodes:
        chain = (node.station or node.organ).lower()
        (rest if chain in seen else first).append(node)
        seen.add(chain)
    return first + rest


def check_targets(targets: Sequence[TargetCandidate], profile: Profile) -> TargetCheck:
    """Check a list of targets against the limits and the size rules.

    Raises:
        RuleError: the same lesion twice, or a negative length.
    """
    _refuse_twice(targets)
    groups: dict[str, list[TargetCandidate]] = {}
    for target in targets:
        groups.setdefault(organ_group(target, profile), []).append(target)
    over = tuple(
        _spoken(group, members)
        for group, members in groups.items()
        if len(members) > profile.max_targets_per_organ
    )
    reasons = {target.lesion_id: why_not_measurable(target, profile) for target in targets}
    small = tuple(lesion for lesion, reason in reasons.items() if reason is not None)
    too_many = len(targets) > profile.max_targets
    trace = [f"{lesion}: {reason}" for lesion, reason in reasons.items() if reason is not None]
    if too_many:
        trace.append(
            f"{len(targets)} targets, {profile.max_targets} allowed ({profile.source_of('max_targets')})"
        )
    limit = f"{profile.max_targets_per_organ} allowed ({profile.source_of('max_targets_per_organ')})"
    trace += [f"{organ}: more targets than the {limit}" for organ in over]
    valid = not (too_many or over or small)
    trace.append("valid" if valid else "not valid")
    return TargetCheck(valid, too_many, over, small, tuple(trace))


def _spoken(group: str, members: list[TargetCandidate]) -> str:
    names = {member.organ for member in members}
    return names.pop() if len(names) == 1 else group


def _refuse_twice(candidates: Sequence[TargetCandidate]) -> None:
    seen: set[str] = set()
    for candidate in candidates:
        if candidate.lesion_id in seen:
            raise RuleError(f"Lesion '{candidate.lesion_id}' is listed twice.")
        seen.add(candidate.lesion_id)
