"""What a structured report says of a time point: lesions, sums, categories."""

from dataclasses import dataclass, field
from decimal import Decimal

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Length:
    """A diameter in mm, with its end points, LPS mm (x, y, z), where it was drawn or measured on a contour."""

    mm: Decimal
    ends: tuple[Point, Point] | None = None


@dataclass(frozen=True)
class LesionEntry:
    """One lesion at one time point.

    Attributes:
        name, uid: tracking identifier and UID.
        state: of :class:`.LesionState`. ``role``: target, non-target or new; empty where it has none.
        decision: what the reader did, in words.
        volume_mm3: of the contour.
        segment: its number in the segmentation of the time point; ``None`` without a contour.
        organ: in which it lies; ``node``: it is a lymph node.
    """

    name: str
    uid: str
    state: str
    role: str = ""
    decision: str = ""
    long_axis: Length | None = None
    short_axis: Length | None = None
    volume_mm3: float | None = None
    segment: int | None = None
    organ: str = "liver"
    node: bool = False


@dataclass(frozen=True)
class CategoryEntry:
    """What a criterion came to at a time point.

    Attributes:
        response: category; ``None`` at baseline.
        figures: sum, nadir and their changes by the names of :mod:`.codes`: ``sum``, ``nadir``,
            ``percent-from-baseline``, ``percent-from-nadir``.
        unit: of the sums: mm, mm² or mm³.
    """

    criterion: str
    uid: str
    response: str | None = None
    figures: dict[str, Decimal] = field(default_factory=dict)
    unit: str = "mm"


@dataclass(frozen=True)
class VisitReport:
    """One time point of a read.

    Attributes:
        time_point: name; ``order``: its number from 1, the baseline's.
        reader: who decided, as a person's name.
        final: signed.
    """

    time_point: str
    order: int
    reader: str
    lesions: tuple[LesionEntry, ...]
    categories: tuple[CategoryEntry, ...]
    final: bool = False
