"""Long and short axis as ordinary line markups that a reader can drag."""

from __future__ import annotations

from typing import Any

from HCCResponseLib.imaging.geometry import lps_to_ras
from HCCResponseLib.review.read.records import ReaderLine
from HCCResponseLib.review.read.state import Row

LONG_COLOUR, SHORT_COLOUR = (0.0, 0.78, 1.0), (0.5, 0.88, 0.63)


def axis_of(row: Row, short: bool) -> ReaderLine | None:
    """The line to show: the reader's own where there is one, else that of the contour."""
    if row.long_mm is None or row.parts:
        # No single line stands for the sum of parts: dragging one would take the sum's place.
        return None
    decision = row.decision
    own = (decision.short_line if short else decision.long_line) if decision else None
    if own is not None:
        return own
    if decision is not None and decision.long_axis_mm is not None:
        # A length that was typed has no place of its own, and the contour's short axis belongs to another long axis.
        return None
    axis = (row.measurement.short_axis if short else row.measurement.long_axis) if row.measurement else None
    return None if axis is None else ReaderLine(axis.start_lps, axis.end_lps)


def set_line(node: Any, line: ReaderLine) -> None:
    """Put a line node's two end points."""
    ends = [lps_to_ras(line.start_lps), lps_to_ras(line.end_lps)]
    if node.GetNumberOfControlPoints() != 2:
        node.SetFixedNumberOfControlPoints(False)
        node.RemoveAllControlPoints()
        for x, y, z in ends:
            node.AddControlPointWorld(float(x), float(y), float(z))
        node.SetFixedNumberOfControlPoints(True)
        return
    for number, (x, y, z) in enumerate(ends):
        node.SetNthControlPointPositionWorld(number, float(x), float(y), float(z))


def get_line(node: Any) -> ReaderLine | None:
    """The line as it lies now; ``None`` while it has not two end points."""
    if node.GetNumberOfDefinedControlPoints() != 2:
        return None
    ends = []
    for number in range(2):
        point = [0.0, 0.0, 0.0]
        node.GetNthControlPointPositionWorld(number, point)
        x, y, z = (round(float(v), 4) for v in lps_to_ras(point))
        ends.append((x, y, z))
    return ReaderLine(ends[0], ends[1])


def style(node: Any, short: bool) -> None:
    """Thin line, small ends, length as its label."""
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    colour = SHORT_COLOUR if short else LONG_COLOUR
    display.SetColor(*colour)
    display.SetSelectedColor(*colour)
    display.SetGlyphScale(1.2)
    display.SetTextScale(2.4)
    display.SetPropertiesLabelVisibility(False)
    display.SetPointLabelsVisibility(False)
    display.SetOccludedVisibility(False)
