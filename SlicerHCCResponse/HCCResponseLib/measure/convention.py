"""Measuring conventions: which points, which lines and which part of a mask a diameter is taken from.

Ten square pixels measure 12.7, 13.5 or 14.1 across their diagonal, depending on who measures. Every figure
of this software therefore carries the name of its convention, and the conventions of other tools are here
by name so that their figures can be reproduced.
"""

from dataclasses import dataclass
from enum import StrEnum

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.response.profiles.load import Profile


class PointRule(StrEnum):
    """Where the end points of a diameter may lie."""

    VOXEL_CENTRE = "voxel-centre"
    """Centres of the pixels that have a 4-neighbour outside."""
    EDGE_MIDPOINT = "edge-midpoint"
    """Half-way between an inside and an outside pixel: the vertices of the sub-pixel contour at level 0.5."""
    CORNER = "corner"
    """Corners of the pixel squares on the outline."""


class LineRule(StrEnum):
    """Whether the line between the end points may leave the mask."""

    INSIDE = "inside"
    """Every point of the line lies in the closed region (contour polygon or pixel squares)."""
    SAMPLED = "sampled"
    """The mid-point and one point per index step must round to a pixel of the mask (cornerstone3D)."""
    FREE = "free"
    """A caliper: only the end points count."""


class HoleRule(StrEnum):
    """What happens to holes of a slice (necrosis, cavities)."""

    FILLED = "filled"
    KEPT = "kept"


class PartRule(StrEnum):
    """Which connected parts of a slice are measured."""

    LARGEST = "largest"
    """Only the part with the largest area."""
    TIED = "tied"
    """All parts as one lesion."""


class ShortAxisRule(StrEnum):
    """How the short axis is found once the long axis is known."""

    PERPENDICULAR_CHORD = "perpendicular-chord"
    """Longest continuous chord inside the mask, exactly perpendicular to the long axis and crossing it."""
    WIDENING_PAIRS = "widening-pairs"
    """Longest pair of boundary points within 1 degree of perpendicular, then 2, 3, ... (ULS23)."""
    TOLERANCE_PAIRS = "tolerance-pairs"
    """Longest pair of boundary points with abs(cos) <= 0.01 that keeps the line rule (cornerstone3D)."""
    NONE = "none"


@dataclass(frozen=True)
class Convention:
    """One way to measure a lesion on its axial slices.

    Attributes:
        name: key in the registry; stored with every measurement.
        points: where end points may lie.
        line: whether the line may leave the mask.
        holes: filled (RECIST: necrosis is part of the lesion) or kept (mRECIST: only the viable part).
        parts: largest part of each slice, or all parts tied together.
        connectivity: 4 or 8, for what counts as one part of a slice.
        opening_px: radius in pixels of the 2D opening (iterated 4-neighbour cross) against spikes; 0: none.
        short_axis: how the short axis is found.
        half_planes: also look at the planes half-way between slices, as a 3D surface mesh does (pyradiomics).
        source: paper, specification or public code that defines it.
    """

    name: str
    points: PointRule = PointRule.EDGE_MIDPOINT
    line: LineRule = LineRule.INSIDE
    holes: HoleRule = HoleRule.FILLED
    parts: PartRule = PartRule.LARGEST
    connectivity: int = 8
    opening_px: int = 1
    short_axis: ShortAxisRule = ShortAxisRule.PERPENDICULAR_CHORD
    half_planes: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        if self.connectivity not in (4, 8):
            raise InputError(f"Convention {self.name}: connectivity must be 4 or 8, not {self.connectivity}.")
        if self.opening_px < 0:
            raise InputError(f"Convention {self.name}: the opening radius cannot be negative.")
        if self.half_planes and self.line is not LineRule.FREE:
            raise InputError(f"Convention {self.name}: half planes hold no pixels, so the line must be free.")


RECIST = Convention(
    name="recist",
    source="RECIST 1.1 (Eisenhauer 2009): longest in-plane diameter of the lesion, necrosis included",
)
MRECIST = Convention(
    name="mrecist-viable",
    holes=HoleRule.KEPT,
    source="mRECIST (Lencioni 2010): longest viable diameter, not crossing necrosis; pass the viable mask",
)
PYRADIOMICS = Convention(
    name="pyradiomics",
    line=LineRule.FREE,
    holes=HoleRule.KEPT,
    parts=PartRule.TIED,
    opening_px=0,
    short_axis=ShortAxisRule.NONE,
    half_planes=True,
    source="pyradiomics 3.0.1 Maximum2DDiameterSlice (cshape.c): marching-cubes vertices of one plane",
)
ULS23 = Convention(
    name="uls23",
    points=PointRule.VOXEL_CENTRE,
    line=LineRule.FREE,
    holes=HoleRule.KEPT,
    connectivity=4,
    opening_px=0,
    short_axis=ShortAxisRule.WIDENING_PAIRS,
    source="ULS23 challenge, evaluation/misc.py; theirs are pixels: pass a geometry of unit spacing",
)
CORNERSTONE = Convention(
    name="cornerstone3d-ohif",
    line=LineRule.SAMPLED,
    holes=HoleRule.KEPT,
    parts=PartRule.TIED,
    opening_px=0,
    short_axis=ShortAxisRule.TOLERANCE_PAIRS,
    source="cornerstone3D / OHIF 3.10, findLargestBidirectional.ts and isLineInSegment.ts",
)
HEPARECIST = Convention(
    name="heparecist-ai",
    points=PointRule.VOXEL_CENTRE,
    line=LineRule.FREE,
    holes=HoleRule.KEPT,
    opening_px=0,
    short_axis=ShortAxisRule.NONE,
    source="HepaRECIST-AI: voxel centres, largest over axial slices (without their subsampling)",
)


def _plain(points: PointRule, line: LineRule) -> Convention:
    short = {PointRule.VOXEL_CENTRE: "centre", PointRule.EDGE_MIDPOINT: "edge", PointRule.CORNER: "corner"}
    return Convention(
        name=f"{short[points]}-{line.value}",
        points=points,
        line=line,
        holes=HoleRule.KEPT,
        opening_px=0,
        source="the mask as it is: no filling, no opening, largest part",
    )


CONVENTIONS: dict[str, Convention] = {
    one.name: one
    for one in (
        RECIST,
        MRECIST,
        PYRADIOMICS,
        ULS23,
        CORNERSTONE,
        HEPARECIST,
        *(_plain(points, line) for points in PointRule for line in (LineRule.INSIDE, LineRule.FREE)),
    )
}
"""Every named convention; :func:`convention` looks one up with a helpful error."""


def convention(name: str) -> Convention:
    """The convention called ``name``.

    Raises:
        InputError: no such name; the message lists the known ones.
    """
    try:
        return CONVENTIONS[name]
    except KeyError:
        known = ", ".join(sorted(CONVENTIONS))
        raise InputError(f"Unknown measuring convention '{name}'. Known: {known}.") from None


def convention_of(profile: Profile) -> Convention:
    """The convention by which every contour of a read under this profile is measured.

    ``mrecist-viable`` where the profile's quantity is viable (mRECIST, EASL, qEASL): its line does not cross necrosis.
    ``recist`` for all others; a volume is that of the contour under both.
    """
    return MRECIST if profile.needs_viable else RECIST
