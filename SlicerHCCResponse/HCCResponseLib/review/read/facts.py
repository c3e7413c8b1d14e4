"""What a reader knows beyond contours and lengths: facts of a lesion (place, treatment), tumour markers of a visit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.response.types import VersusLast


@dataclass(frozen=True)
class Site:
    """One lesion as the reader knows it; without a word from the reader it is in the liver. ``None`` is "not said".

    Attributes:
        organ: as it counts for the limits per organ.
        segment: free text, for the liver usually the Couinaud segment.
        lymph_node: measured by its short axis.
        station: node chain or site.
        hilar: a node of the porta hepatis, which mRECIST takes as malignant only from 20 mm.
        kind: what makes it never measurable (``ascites``, ``portal-vein-thrombus``, ...), ``cystic``,
            ``bone-soft-tissue``, or empty.
        treated: locally treated before baseline (TACE, ablation, SIRT).
        irradiated: irradiated before baseline.
        grown_since_treatment: has clearly grown since (RECIST 1.1, 3.1.3).
        arterial_enhancement: shows intratumoural arterial enhancement (mRECIST).
        well_delineated: has a clear border (mRECIST).
        reproducible: False when it cannot be re-measured well (RECIST 1.1, 4.2).
    """

    organ: str = "liver"
    segment: str = ""
    lymph_node: bool = False
    station: str = ""
    hilar: bool | None = None
    kind: str = ""
    treated: bool = False
    irradiated: bool = False
    grown_since_treatment: bool | None = None
    arterial_enhancement: bool | None = None
    well_delineated: bool | None = None
    reproducible: bool | None = None

    @property
    def words(self) -> str:
        """All of it on one line, for the log."""
        given = [self.organ, self.segment, self.station, self.kind]
        for field in fields(self)[2:]:
            value = getattr(self, field.name)
            if isinstance(value, bool) and (value or field.default is None):
                given.append(f"{'' if value else 'not '}{field.name.replace('_', ' ')}")
        return ", ".join(part for part in given if part)


def site_from_json(payload: Mapping[str, Any]) -> Site:
    """A site from its event; what an older event does not say is not said."""
    names = {field.name for field in fields(Site)}
    return Site(**{name: value for name, value in payload.items() if name in names})


@dataclass(frozen=True)
class Marker:
    """One tumour marker: its value and the upper limit of normal of the laboratory, in the same unit."""

    name: str
    value: Decimal
    limit: Decimal
    unit: str = ""

    @property
    def normal(self) -> bool:
        """Not above the upper limit of normal."""
        return self.value <= self.limit

    @property
    def words(self) -> str:
        """For the log and for tables."""
        return f"{self.name} {self.value} (up to {self.limit}) {self.unit}".strip()


@dataclass(frozen=True)
class Visit:
    """What is known of a time point as a whole.

    Attributes:
        markers: tumour markers that were measured.
        markers_normal: all markers within normal limits, said in one word; ``None`` leaves it to ``markers``.
        non_target_versus_last: non-target disease compared with the last time point (iRECIST); ``None`` leaves it to
            what was said of the single lesions.
    """

    markers: tuple[Marker, ...] = ()
    markers_normal: bool | None = None
    non_target_versus_last: VersusLast | None = None

    def normal(self, required: Sequence[str]) -> bool | None:
        """Whether the markers are normal; ``None`` while one of the ``required`` is not known."""
        if self.markers_normal is not None:
            return self.markers_normal
        if not all(marker.normal for marker in self.markers):
            return False
        known = {marker.name.casefold() for marker in self.markers}
        complete = bool(known) and {name.casefold() for name in required} <= known
        return True if complete else None

    @property
    def words(self) -> str:
        """All of it on one line, for the log."""
        said = {True: "markers normal", False: "markers not normal", None: ""}[self.markers_normal]
        versus = f"non-target disease {self.non_target_versus_last}" if self.non_target_versus_last else ""
        return ", ".join(part for part in (*(m.words for m in self.markers), said, versus) if part)

    def require_sound(self) -> None:
        """Refuse what contradicts itself or cannot be.

        Raises:
            InputError: a marker twice, a value that is no amount, or markers that contradict ``markers_normal``.
        """
        names = [marker.name.casefold() for marker in self.markers]
        for marker in self.markers:
            if names.count(marker.name.casefold()) > 1:
                raise InputError(f"The tumour marker '{marker.name}' is given twice.")
            amounts = (marker.value, marker.limit)
            if not all(amount.is_finite() and amount >= 0 for amount in amounts) or not marker.limit:
                raise InputError(f"'{marker.words}' is no amount of a tumour marker with its upper limit.")
        if self.markers_normal and not all(marker.normal for marker in self.markers):
            raise InputError(f"The markers are called normal, but one is above its limit: {self.words}.")


def visit_to_json(visit: Visit) -> dict[str, Any]:
    """A visit as plain JSON; amounts as decimal text."""
    markers = [{**asdict(m), "value": str(m.value), "limit": str(m.limit)} for m in visit.markers]
    return {**asdict(visit), "markers": markers}


def visit_from_json(payload: Mapping[str, Any]) -> Visit:
    """Back from :func:`visit_to_json`."""
    markers = (
        Marker(m["name"], Decimal(m["value"]), Decimal(m["limit"]), m["unit"]) for m in payload["markers"]
    )
    versus = payload["non_target_versus_last"]
    return Visit(tuple(markers), payload["markers_normal"], VersusLast(versus) if versus else None)
