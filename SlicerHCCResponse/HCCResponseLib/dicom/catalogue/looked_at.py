"""Phases where headers are silent: the pictures are looked at, one series in memory at a time."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.catalogue.choice import Visit, usable, visits_of
from HCCResponseLib.dicom.catalogue.series import FoundSeries
from HCCResponseLib.imaging.phase.estimate import phase_of
from HCCResponseLib.imaging.phase.phases import Phase, PhaseFinding
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.slice_list import SLICE_LIST, write_slice_list


def settled_visits(
    series: Sequence[FoundSeries],
    wanted: Phase = Phase.PORTAL,
    chosen: Sequence[int] = (),
    report: Callable[[str], None] = lambda _: None,
) -> tuple[list[Visit], list[FoundSeries]]:
    """The visits of a patient, each measured on a series whose pixels could be read and whose phase was looked at.

    Args:
        series: of one patient.
        wanted: the phase to measure on, where a visit has it.
        chosen: places in ``series`` of those that the reader wants.
        report: called with the name of each series that is looked at.

    Returns:
        the visits, and the series with what was wrong with those that could not be read after all.

    Raises:
        InputError: nothing can be measured on, or a series was chosen that cannot be.
    """
    looked = _Looked(list(series), report)
    for one in usable(series):
        if one.stated is None:
            looked.at(one)
    while True:
        for index in chosen:
            looked.require(index)
        visits = visits_of(looked.series, looked.phases, wanted, [looked.series[i] for i in chosen])
        new = [v.image.series for v in visits if v.image.series not in looked.done]
        if not new:
            return visits, looked.series
        for one in new:
            looked.at(one)


class _Looked:
    def __init__(self, series: list[FoundSeries], report: Callable[[str], None]) -> None:
        self.series, self._report = series, report
        self.phases: dict[FoundSeries, PhaseFinding] = {s: s.stated for s in series if s.stated is not None}
        self.done: set[FoundSeries] = set()

    def at(self, one: FoundSeries) -> None:
        """Look at the picture of a series; one that cannot be read becomes one with a fault."""
        self._report(one.name)
        self.done.add(one)
        try:
            with TemporaryDirectory() as folder:
                listed = Path(folder) / f"image{SLICE_LIST}"
                write_slice_list(listed, one.uid, one.files)
                self.phases[one] = phase_of(read_volume(listed))
        except InputError as problem:
            words = re.sub(r"'[^']*image\.slices'", f"'{one.files[0].parent}'", str(problem))
            self.series[self.series.index(one)] = replace(one, fault=words)

    def require(self, index: int) -> None:
        one = self.series[index]
        if one.fault or one.against:
            raise InputError(f"{one.name} cannot be measured on: {one.fault or one.against}")
