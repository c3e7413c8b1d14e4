"""Where the slice views go for a row: its axis, its expected place, or the place beside it at another visit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from HCCResponseLib.imaging.geometry import lps_to_ras
from HCCResponseLib.measure.values import Axis
from HCCResponseLib.review.read.records import ReaderLine
from HCCResponseLib.review.read.state import Row

Ras = tuple[float, float, float]


def places_of(rows: Mapping[str, Row | None]) -> dict[str, Ras]:
    """RAS mm to look at for a lesion at each visit; empty where nothing is known of it at any.

    Known are its axis, else the place to which the registration carried it. Before it was seen it is the place that
    the registration gives; a visit without proposals goes along to the same position.
    """
    own = {point: place for point, row in rows.items() if (place := key_place(row)) is not None}
    before, first = _before(rows), next(iter(rows), None)
    if before is not None and first is not None and rows[first] is None:
        own[first] = before
    known = next(iter(own.values()), None)
    return {} if known is None else {point: own.get(point, known) for point in rows}


def key_place(row: Row | None) -> Ras | None:
    """RAS point to look at for a row: the middle of its long axis, else the place where it was expected."""
    if row is None:
        return None
    own = row.decision.long_line if row.decision else None
    axis = row.measurement.long_axis if row.measurement and row.long_mm is not None else None
    line = own or axis
    if line is not None:
        return middle_of(line)
    place = row.proposal.evidence.get("place_lps")
    return _ras(place) if isinstance(place, list) else None


def middle_of(line: ReaderLine | Axis) -> Ras:
    """RAS point halfway between the ends of a line."""
    return _ras(np.add(line.start_lps, line.end_lps) / 2)


def _before(rows: Mapping[str, Row | None]) -> Ras | None:
    """RAS point at baseline of what was found later only: where a candidate would have been."""
    for row in rows.values():
        place = row.proposal.evidence.get("place_at_baseline_lps") if row is not None else None
        if isinstance(place, list):
            return _ras(place)
    return None


def middle_within(place: float, field: float, low: float, high: float) -> float:
    """Middle of a view along one direction, mm: at the place, but showing nothing beyond the scan where that fits.

    Args:
        field: how much the view shows.
        low, high: ends of the scan.
    """
    if field >= high - low:
        return (low + high) / 2
    return min(max(place, low + field / 2), high - field / 2)


def _ras(lps: Any) -> Ras:
    x, y, z = (float(v) for v in lps_to_ras(lps))
    return x, y, z
