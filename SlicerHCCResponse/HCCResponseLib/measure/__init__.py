"""From a lesion's contour to millimetres: long and short axis, volume, measurability."""

from HCCResponseLib.measure.boundary import slice_contours
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
    convention_of,
)
from HCCResponseLib.measure.lesion import measure_label_map, measure_lesion, measure_parts
from HCCResponseLib.measure.values import (
    Axis,
    LesionMeasurement,
    MeasurementWarning,
    WarningCode,
    as_candidate,
    measurability,
)

__all__ = [
    "CONVENTIONS",
    "MRECIST",
    "RECIST",
    "Axis",
    "Convention",
    "HoleRule",
    "LesionMeasurement",
    "LineRule",
    "MeasurementWarning",
    "PartRule",
    "PointRule",
    "ShortAxisRule",
    "WarningCode",
    "as_candidate",
    "convention",
    "convention_of",
    "measurability",
    "measure_label_map",
    "measure_lesion",
    "measure_parts",
    "slice_contours",
]
