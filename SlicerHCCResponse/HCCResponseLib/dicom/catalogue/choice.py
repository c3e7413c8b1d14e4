"""Which series a visit is measured on: one proposed for each contrast phase, with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.catalogue.kernels import is_sharp
from HCCResponseLib.dicom.catalogue.series import FoundSeries
from HCCResponseLib.imaging.phase.phases import Phase, PhaseFinding

# A liver is hardly ever higher than 25 cm and seldom lower than 15.
LIVER_MM = 150.0
# RECIST 1.1 (Eisenhauer 2009, 3.1) wants slices of at most 5 mm; thinner than 2 mm is mostly noise.
_WANTED_MM, _THICKEST_MM = 2.5, 5.0
# The phase that RECIST is measured on, and what stands in where a visit has none.
_PREFERRED = (Phase.PORTAL, Phase.UNKNOWN, Phase.DELAYED, Phase.ARTERIAL, Phase.NATIVE)


@dataclass(frozen=True)
class Proposed:
    """A series for a phase of a visit.

    Attributes:
        why: for a reader, without a full stop.
    """

    series: FoundSeries
    phase: PhaseFinding
    why: str


@dataclass(frozen=True)
class Visit:
    """What was taken on one day.

    Attributes:
        proposed: for each phase, the series that shows it best.
        measured: the phase whose series the visit is measured on.
        phases: of every series of that day that can be measured on.
    """

    day: date
    proposed: Mapping[Phase, Proposed]
    measured: Phase
    phases: Mapping[FoundSeries, PhaseFinding]

    @property
    def image(self) -> Proposed:
        return self.proposed[self.measured]


def usable(series: Sequence[FoundSeries]) -> list[FoundSeries]:
    """The series that can be measured on."""
    return [one for one in series if not one.fault and not one.against and one.day is not None]


def visits_of(
    series: Sequence[FoundSeries],
    phases: Mapping[FoundSeries, PhaseFinding],
    wanted: Phase = Phase.PORTAL,
    chosen: Sequence[FoundSeries] = (),
) -> list[Visit]:
    """The visits of a patient by day.

    Args:
        series: of one patient.
        phases: of those that can be measured on.
        wanted: the phase to measure on, where a visit has it.
        chosen: series that the reader wants; each is the one that its day is measured on.

    Raises:
        InputError: none can be measured on, or two were chosen for one day.
    """
    candidates = usable(series)
    if not candidates:
        raise InputError(_none_usable(series))
    by_day: dict[date, list[FoundSeries]] = {}
    for one in candidates:
        by_day.setdefault(one.day or date.max, []).append(one)
    picked: dict[date, FoundSeries] = {}
    for one in chosen:
        if one.day in picked:
            raise InputError(f"Two series were chosen for {one.day}: {picked[one.day].name} and {one.name}.")
        picked[one.day or date.max] = one
    return [_visit(day, by_day[day], phases, wanted, picked.get(day)) for day in sorted(by_day)]


def _none_usable(series: Sequence[FoundSeries]) -> str:
    if not series:
        return "No series of CT slices was found."
    faults = "; ".join(f"{one.name}: {one.fault or one.against}" for one in series[:5])
    return f"None of the {len(series)} series of CT can be measured on. {faults}"


def _visit(
    day: date,
    series: Sequence[FoundSeries],
    phases: Mapping[FoundSeries, PhaseFinding],
    wanted: Phase,
    chosen: FoundSeries | None,
) -> Visit:
    by_phase: dict[Phase, list[FoundSeries]] = {}
    mine = {one: phases[one] for one in series}
    for one, finding in mine.items():
        by_phase.setdefault(finding.phase, []).append(one)
    proposed = {phase: _best(phase, by_phase[phase], phases) for phase in Phase if phase in by_phase}
    if chosen is not None:
        phase = phases[chosen].phase
        proposed[phase] = Proposed(chosen, phases[chosen], "chosen by the reader")
        return Visit(day, proposed, phase, mine)
    order = (wanted, *_PREFERRED)
    return Visit(day, proposed, next(phase for phase in order if phase in proposed), mine)


def _best(
    phase: Phase, series: Sequence[FoundSeries], phases: Mapping[FoundSeries, PhaseFinding]
) -> Proposed:
    best = min(series, key=_rank)
    why = [f"{phase}: {phases[best].why}", _covered(best), *_worse(best)]
    if len(series) > 1:
        why.append(f"chosen from {len(series)} by length, kernel and thickness")
    return Proposed(best, phases[best], "; ".join(why))


def _rank(one: FoundSeries) -> tuple[bool, bool, bool, float, float]:
    thickness = one.thickness_mm or one.step_mm or 0.0
    return (
        one.covers_mm < LIVER_MM,
        is_sharp(one.kernel, one.description),
        thickness > _THICKEST_MM,
        abs(thickness - _WANTED_MM),
        -one.covers_mm,
    )


def _covered(one: FoundSeries) -> str:
    thickness = one.thickness_mm or one.step_mm or 0.0
    return f"{one.slices} slices of {thickness:g} mm over {one.covers_mm / 10:.0f} cm"


def _worse(one: FoundSeries) -> list[str]:
    thickness = one.thickness_mm or one.step_mm or 0.0
    said = []
    if one.covers_mm < LIVER_MM:
        said.append("too short for a whole liver")
    if is_sharp(one.kernel, one.description):
        said.append("a sharp kernel, for bone or lung")
    if thickness > _THICKEST_MM:
        said.append(f"slices thicker than the {_THICKEST_MM:g} mm of RECIST 1.1")
    return said
