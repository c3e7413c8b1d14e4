"""Measurable or not at baseline (RECIST 1.1, 3.1; mRECIST adds viability and hilar nodes): the one place that decides.

Every limit is a field of the profile. What measures a lesion only hands over its lengths.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.numbers import length_text
from HCCResponseLib.response.profiles.load import Profile


class Measurability(StrEnum):
    """What the size of a lesion allows it to become at baseline."""

    MEASURABLE = "measurable"
    NOT_MEASURABLE = "not measurable"
    NORMAL_NODE = "normal node"


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
class SizeVerdict:
    """What the size of a lesion says, with the numbers that it rests on.

    Attributes:
        status: measurable, not measurable, or a normal node that is not recorded at all.
        size_mm: the axis that decided (short for nodes); None when it was not given.
        minimum_mm: the smallest measurable size on these slices.
        reason: one sentence for the reader.
        source: where the limit comes from.
    """

    status: Measurability
    size_mm: Decimal | None
    minimum_mm: Decimal
    reason: str
    source: str

    @property
    def measurable(self) -> bool:
        """Whether the size allows a target."""
        return self.status is Measurability.MEASURABLE


def is_hilar(candidate: TargetCandidate, profile: Profile) -> bool:
    """A node of the porta hepatis, by flag or by the name of its station (``hilar_stations``)."""
    if candidate.hilar is not None:
        return candidate.hilar
    name = f"{candidate.organ} {candidate.station or ''}".lower()
    if "pulm" in name or "lung" in name or "bronch" in name:
        return False
    return any(station in name for station in profile.hilar_stations)


def is_normal_node(short_mm: Decimal | None, profile: Profile) -> bool:
    """Whether a node with this short axis is below pathological size (RECIST 1.1, 3.1.2); False when not given."""
    return short_mm is not None and short_mm < profile.node_pathological_short_mm


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


def size_verdict(candidate: TargetCandidate, profile: Profile) -> SizeVerdict:
    """Whether a lesion is measurable by its size and the slice thickness alone (RECIST 1.1, 3.1.1 and 3.1.2)."""
    limit, source = smallest_measurable(candidate, profile)
    size, axis = candidate.size, "short axis" if candidate.nodal else "long axis"
    if size is None:
        return SizeVerdict(Measurability.NOT_MEASURABLE, None, limit, f"no {axis} given", source)
    if size >= limit:
        status, comparison = Measurability.MEASURABLE, "is at least"
    else:
        normal = candidate.nodal and is_normal_node(size, profile)
        status = Measurability.NORMAL_NODE if normal else Measurability.NOT_MEASURABLE
        comparison = "is below"
    reason = f"{axis} {length_text(size)} mm {comparison} {length_text(limit)} mm ({source})"
    return SizeVerdict(status, size, limit, reason + _caution(candidate, profile), source)


def _caution(candidate: TargetCandidate, profile: Profile) -> str:
    """RECIST 1.1 gives the limit for nodes for slices of at most 5 mm, and no other."""
    thickness = candidate.slice_thickness_mm
    if not candidate.nodal or thickness is None or thickness <= profile.thick_slice_mm:
        return ""
    usual = length_text(profile.thick_slice_mm)
    return f"; the limit assumes slices of at most {usual} mm, these are {length_text(thickness)} mm"


def why_not_measurable(candidate: TargetCandidate, profile: Profile) -> str | None:
    """Why a candidate cannot be a target, or None when it can.

    Raises:
        RuleError: a negative length.
    """
    for value in (candidate.long_mm, candidate.short_mm, candidate.slice_thickness_mm):
        if value is not None and value < 0:
            raise RuleError(f"Lesion '{candidate.lesion_id}' has the negative length {value}.")
    reason = _judgement(candidate, profile) or _history(candidate, profile) or _viability(candidate, profile)
    if reason is not None:
        return reason
    by_size = size_verdict(candidate, profile)
    return None if by_size.measurable else f"not measurable: {by_size.reason}"


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
