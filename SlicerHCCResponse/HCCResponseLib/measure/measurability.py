"""Measurable or not, at baseline (RECIST 1.1, section 3.1): size against slice thickness."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.measure.values import LesionMeasurement


class LesionKind(StrEnum):
    """Which diameter decides."""

    SOLID = "solid"
    """Long axis."""
    NODE = "node"
    """Short axis."""


class Measurability(StrEnum):
    """What a lesion may become at baseline."""

    MEASURABLE = "measurable"
    NOT_MEASURABLE = "not measurable"
    NORMAL_NODE = "normal node"


@dataclass(frozen=True)
class MeasurabilityRule:
    """The limits, all of which a trial charter may change; the defaults are RECIST 1.1.

    Attributes:
        solid_min_mm: smallest long axis.
        thin_slice_mm: slices up to this thickness need no more than ``solid_min_mm``.
        thick_slice_factor: on thicker slices the smallest long axis is this many times the thickness.
        node_min_mm: smallest short axis of a measurable node.
        node_pathological_mm: smallest short axis of a node that is pathological at all.
        source: where the limits come from.
    """

    solid_min_mm: Decimal = Decimal("10.0")
    thin_slice_mm: Decimal = Decimal("5.0")
    thick_slice_factor: Decimal = Decimal("2")
    node_min_mm: Decimal = Decimal("15.0")
    node_pathological_mm: Decimal = Decimal("10.0")
    source: str = "RECIST 1.1 (Eisenhauer 2009), section 3.1"

    def __post_init__(self) -> None:
        limits = (self.solid_min_mm, self.thin_slice_mm, self.thick_slice_factor, self.node_min_mm)
        if any(not one.is_finite() or one <= 0 for one in (*limits, self.node_pathological_mm)):
            raise InputError("The limits of measurability must be positive.")
        if self.node_pathological_mm > self.node_min_mm:
            raise InputError(
                "A node cannot be measurable before it is pathological: check the two node limits."
            )


@dataclass(frozen=True)
class MeasurabilityResult:
    """The answer, with the numbers that it rests on.

    Attributes:
        status: measurable, not measurable, or a normal node that is not recorded at all.
        diameter_mm: the diameter that decided, in tenths.
        minimum_mm: the smallest measurable diameter on these slices.
        reason: one sentence for the reader.
        source: where the rule comes from.
    """

    status: Measurability
    diameter_mm: Decimal
    minimum_mm: Decimal
    reason: str
    source: str

    @property
    def measurable(self) -> bool:
        """Whether the lesion may be a target."""
        return self.status is Measurability.MEASURABLE


def measurability(
    measurement: LesionMeasurement, kind: LesionKind = LesionKind.SOLID, rule: MeasurabilityRule | None = None
) -> MeasurabilityResult:
    """Whether a lesion is measurable at baseline by its size and the slice thickness alone.

    Raises:
        InputError: a node whose convention gives no short axis.
    """
    rule = rule or MeasurabilityRule()
    thickness = Decimal(f"{measurement.slice_thickness_mm:.3f}").normalize()
    if kind is LesionKind.NODE:
        return _node(measurement, thickness, rule)
    diameter = measurement.long_axis.length_mm
    minimum, why = rule.solid_min_mm, f"slices of {thickness:f} mm"
    if thickness > rule.thin_slice_mm:
        minimum = max(
            minimum, (rule.thick_slice_factor * thickness).quantize(Decimal("0.1"), rounding=ROUND_CEILING)
        )
        why = f"{rule.thick_slice_factor} x slice thickness of {thickness:f} mm"
    status = Measurability.MEASURABLE if diameter >= minimum else Measurability.NOT_MEASURABLE
    reason = f"Long axis {diameter} mm; at least {minimum} mm is needed ({why})."
    return MeasurabilityResult(status, diameter, minimum, reason, rule.source)


def _node(measurement: LesionMeasurement, thickness: Decimal, rule: MeasurabilityRule) -> MeasurabilityResult:
    if measurement.short_axis is None:
        raise InputError(f"A node needs a short axis; the convention '{measurement.convention}' gives none.")
    diameter = measurement.short_axis.length_mm
    if diameter >= rule.node_min_mm:
        status = Measurability.MEASURABLE
    elif diameter >= rule.node_pathological_mm:
        status = Measurability.NOT_MEASURABLE
    else:
        status = Measurability.NORMAL_NODE
    reason = f"Short axis {diameter} mm; at least {rule.node_min_mm} mm is needed for a target node"
    caution = f"; the limit assumes slices of at most {rule.thin_slice_mm} mm, these are {thickness:f} mm"
    reason += (caution if thickness > rule.thin_slice_mm else "") + "."
    return MeasurabilityResult(status, diameter, rule.node_min_mm, reason, rule.source)
