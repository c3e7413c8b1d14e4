"""Target selection at baseline (RECIST 1.1, 4.2): largest first, within the limits, all organs represented."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.numbers import ZERO, length_text
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.timepoint.measurability import TargetCandidate, why_not_measurable

NODE_GROUP = "lymph nodes"
_SIDE = re.compile(r"\b(left|right|bilateral|both)\b")


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


def organ_group(candidate: TargetCandidate, profile: Profile) -> str:
    """The organ that the per-organ limit counts: all nodes together, paired organs and liver lobes as one."""
    if candidate.nodal and profile.nodes_are_one_organ:
        return NODE_GROUP
    if candidate.nodal:
        return f"{_plain(candidate.organ)} {candidate.station or ''}".strip()
    return organ_name_group(candidate.organ, profile)


def organ_name_group(organ: str, profile: Profile) -> str:
    """The group of an organ by its name in the reader's words: sides, lobes and parts belong to their organ."""
    name = _plain(organ)
    bare = " ".join(_SIDE.sub(" ", name).split())
    for group, names in profile.organ_groups.items():
        if name in names or bare in names or _mentions(bare, group, names):
            return group
    return bare or name


def _plain(organ: str) -> str:
    return " ".join(organ.lower().split())


def _mentions(name: str, group: str, names: Sequence[str]) -> bool:
    """Whether a free text speaks of the organ: its name as a word of its own, in the singular or the plural.

    Adjectives are not enough: the hepatic flexure is not the liver.
    """
    nouns = {group, *(word for word in names if word.startswith(group) and " " not in word)}
    return any(word in nouns for word in re.findall(r"\w+", name))


def select_targets(
    candidates: Sequence[TargetCandidate], profile: Profile, chosen: Collection[str] = ()
) -> Selection:
    """Choose targets: largest first, within the limits, with all involved organs represented (RECIST 1.1, 4.2).

    Args:
        candidates: all lesions that may become targets.
        profile: limits and size rules.
        chosen: ids of candidates that the reader wants as targets: they come before all others, and the others only
            fill what the limits leave.

    Raises:
        RuleError: the same lesion twice, or a negative length.
    """
    rejected = _not_measurable(candidates, profile)
    fit = [candidate for candidate in candidates if candidate.lesion_id not in rejected]
    solid_first = profile.cystic_lesion_policy == "prefer-solid"
    fit.sort(
        key=lambda c: (
            c.lesion_id not in chosen,
            c.kind == "cystic" and solid_first,
            -(c.size or ZERO),
        )
    )
    selected, over = _within_limits(fit, profile, chosen)
    rejected.update(over)
    selected = sorted(selected, key=lambda c: c.size or ZERO, reverse=True)
    total = sum((c.size or ZERO for c in selected), ZERO) if selected else None
    trace = [f"{c.lesion_id}: target, {length_text(c.size or ZERO)} mm (RECIST 1.1, 4.2)" for c in selected]
    trace += [f"{lesion}: {reason}" for lesion, reason in rejected.items()]
    if not selected:
        trace.append("no measurable lesion: no target disease (RECIST 1.1, 4.2)")
    return Selection(tuple(c.lesion_id for c in selected), total, rejected, tuple(trace))


def _within_limits(
    ranked: list[TargetCandidate], profile: Profile, chosen: Collection[str]
) -> tuple[list[TargetCandidate], dict[str, str]]:
    queues: dict[str, list[TargetCandidate]] = {}
    for candidate in ranked:
        queues.setdefault(organ_group(candidate, profile), []).append(candidate)
    rejected: dict[str, str] = {}
    allowed: list[tuple[int, TargetCandidate]] = []
    for group, queue in queues.items():
        ordered = _chains_first(queue, chosen) if group == NODE_GROUP else queue
        allowed += list(enumerate(ordered[: profile.max_targets_per_organ]))
        for candidate in ordered[profile.max_targets_per_organ :]:
            rejected[candidate.lesion_id] = (
                f"organ limit: {profile.max_targets_per_organ} targets in {group} "
                f"({profile.source_of('max_targets_per_organ')})"
            )
    position = {candidate.lesion_id: index for index, candidate in enumerate(ranked)}

    def order(item: tuple[int, TargetCandidate]) -> tuple[bool, bool, int]:
        place, name = item[0], item[1].lesion_id
        return name not in chosen, place > 0 and profile.represent_all_organs, position[name]

    allowed.sort(key=order)
    for _, candidate in allowed[profile.max_targets :]:
        rejected[candidate.lesion_id] = (
            f"total limit: {profile.max_targets} targets ({profile.source_of('max_targets')})"
        )
    return [candidate for _, candidate in allowed[: profile.max_targets]], rejected


def _chains_first(nodes: list[TargetCandidate], chosen: Collection[str]) -> list[TargetCandidate]:
    """Several chains involved: one node of each chain first (RECIST 1.1, 4.2; EORTC clarifications)."""
    seen: set[str] = set()
    first: list[TargetCandidate] = []
    rest: list[TargetCandidate] = []
    for node in nodes:
        chain = (node.station or node.organ).lower()
        (rest if chain in seen and node.lesion_id not in chosen else first).append(node)
        seen.add(chain)
    return first + rest


def check_targets(targets: Sequence[TargetCandidate], profile: Profile) -> TargetCheck:
    """Check a list of targets against the limits and the size rules.

    Raises:
        RuleError: the same lesion twice, or a negative length.
    """
    reasons = _not_measurable(targets, profile)
    groups: dict[str, list[TargetCandidate]] = {}
    for target in targets:
        groups.setdefault(organ_group(target, profile), []).append(target)
    over = tuple(
        _spoken(group, members)
        for group, members in groups.items()
        if len(members) > profile.max_targets_per_organ
    )
    too_many = len(targets) > profile.max_targets
    trace = [f"{lesion}: {reason}" for lesion, reason in reasons.items()]
    if too_many:
        trace.append(
            f"{len(targets)} targets, {profile.max_targets} allowed ({profile.source_of('max_targets')})"
        )
    limit = f"{profile.max_targets_per_organ} allowed ({profile.source_of('max_targets_per_organ')})"
    trace += [f"{organ}: more targets than the {limit}" for organ in over]
    valid = not (too_many or over or reasons)
    trace.append("valid" if valid else "not valid")
    return TargetCheck(valid, too_many, over, tuple(reasons), tuple(trace))


def _spoken(group: str, members: list[TargetCandidate]) -> str:
    names = {member.organ for member in members}
    return names.pop() if len(names) == 1 else group


def _not_measurable(candidates: Sequence[TargetCandidate], profile: Profile) -> dict[str, str]:
    """Why lesions cannot be targets, of those that cannot. Raises ``RuleError`` for a lesion that is listed twice."""
    seen: set[str] = set()
    for candidate in candidates:
        if candidate.lesion_id in seen:
            raise RuleError(f"Lesion '{candidate.lesion_id}' is listed twice.")
        seen.add(candidate.lesion_id)
    reasons = ((c.lesion_id, why_not_measurable(c, profile)) for c in candidates)
    return {lesion: reason for lesion, reason in reasons if reason is not None}
