"""From a lesion's contour to millimetres: long and short axis, volume, measurability."""

from HCCResponseLib.measure.contours import slice_contours
from HCCResponseLib.measure.convention import (
    CONVENTIONS,
    MRECIST,
    RECIST,
    Convention,
    HoleRule,
    LineRule,
    PartRule,
    PointRule,
    ShortAxisRule,
    convention,
)
from HCCResponseLib.measure.lesion import measure_label_map, measure_lesion, measure_parts
from HCCResponseLib.measure.measurability import (
    LesionKind,
    Measurability,
    MeasurabilityResult,
    MeasurabilityRule,
    measurability,
)
from HCCResponseLib.measure.values import Axis, LesionMeasurement, MeasurementWarning, WarningCode, tenths

__all__ = [
    "CONVENTIONS",
    "MRECIST",
    "RECIST",
    "Axis",
    "Convention",
    "HoleRule",
    "LesionKind",
    "LesionMeasurement",
    "LineRule",
    "Measurability",
    "MeasurabilityResult",
    "MeasurabilityRule",
    "MeasurementWarning",
    "PartRule",
    "PointRule",
    "ShortAxisRule",
    "WarningCode",
    "convention",
    "measurability",
    "measure_label_map",
    "measure_lesion",
    "measure_parts",
    "slice_contours",
    "tenths",
]
