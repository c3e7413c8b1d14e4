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
from HCCResponseLib.measure.measurability import as_candidate, measurability
from HCCResponseLib.measure.values import Axis, LesionMeasurement, MeasurementWarning, WarningCode
from HCCResponseLib.response.numbers import tenths
from HCCResponseLib.response.timepoint.measurability import Measurability, SizeVerdict

__all__ = [
    "CONVENTIONS",
    "MRECIST",
    "RECIST",
    "Axis",
    "Convention",
    "HoleRule",
    "LesionMeasurement",
    "LineRule",
    "Measurability",
    "MeasurementWarning",
    "PartRule",
    "PointRule",
    "ShortAxisRule",
    "SizeVerdict",
    "WarningCode",
    "as_candidate",
    "convention",
    "measurability",
    "measure_label_map",
    "measure_lesion",
    "measure_parts",
    "slice_contours",
    "tenths",
]
