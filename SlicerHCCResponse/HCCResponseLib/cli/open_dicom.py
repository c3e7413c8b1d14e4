"""``hcc-response open-dicom``: a study of the CT in whole patient folders."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import JsonOption, console, errors_as_one_line, say, say_json
from HCCResponseLib.cli.new_study import DEFAULT_FOLDER, profile_beside
from HCCResponseLib.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from HCCResponseLib.dicom.catalogue.choice import Visit
    from HCCResponseLib.dicom.catalogue.listed import Numbers
    from HCCResponseLib.dicom.catalogue.series import Catalogue, FoundSeries
    from HCCResponseLib.imaging.phase.phases import Phase

_PHASES = "unenhanced, arterial, portal venous, delayed"


PhaseOption = Annotated[
    str, typer.Option(help=f"Contrast phase to measure on, where a visit has it: {_PHASES}.")
]
SeriesOption = Annotated[
    list[int] | None,
    typer.Option(
        "--series",
        help="Number in the list of a series to measure on instead of the proposed one; once for each visit.",
    ),
]
SubjectOption = Annotated[
    str | None, typer.Option(help="Name of the subject; default: the patient ID of the headers.")
]
DayOption = Annotated[
    list[datetime] | None,
    typer.Option("--day", formats=["%Y-%m-%d"], help="Only the visit of this day; once for each visit."),
]


def open_dicom(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER...", help="Folders of a patient: nested, mixed and doubled as exports are."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help=f"Folder for study.yaml; default: {DEFAULT_FOLDER} in the first folder."
        ),
    ] = None,
    patient: Annotated[
        str | None, typer.Option(help="Patient ID, where the folders hold several patients.")
    ] = None,
    phase: PhaseOption = "portal venous",
    series: SeriesOption = None,
    day: DayOption = None,
    subject: SubjectOption = None,
    profile: Annotated[
        str, typer.Option(help="Profile to assess by, see 'hcc-response profiles list'.")
    ] = "recist-1.1",
    only_list: Annotated[
        bool, typer.Option("--list", help="Only list what there is; nothing is written.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Look through patient folders of DICOM files and write the study.yaml of what is measured.

    Every visit is measured on the portal venous series that shows the liver best, or on the one that you choose from
    the list. The images stay where they are.
    """
    from HCCResponseLib.dicom.catalogue.listed import as_plain, numbered

    with errors_as_one_line():
        wanted, home = _phase(phase), output or folders[0] / DEFAULT_FOLDER
        profile_beside(profile, home)
        found, mine = _listed(folders, patient)
        numbers, chosen = numbered(mine), _chosen(mine, series or [])
        mine = _of_days(mine, day or [], chosen)
        try:
            visits, mine = _visits(mine, wanted, chosen)
        except InputError:
            # Why none can be measured on is what the list is for.
            if not as_json:
                _show(found, mine, [], numbers)
            raise
        if as_json:
            say_json(as_plain(found, mine, visits, numbers))
        else:
            _show(found, mine, visits, numbers)
        if only_list:
            return
        from HCCResponseLib.dicom.new_study import write_study

        file = write_study(home, visits, subject, profile)
        console.print(f"Study: {file}", soft_wrap=True, markup=False)
        console.print(f"Next: hcc-response propose {file}", soft_wrap=True, markup=False)


def _phase(words: str) -> Phase:
    from HCCResponseLib.imaging.phase.phases import Phase, phase_in_words

    named = phase_in_words(words)
    if named is Phase.UNKNOWN:
        raise InputError(f"'{words}' is no contrast phase; there are: {_PHASES}.")
    return named


def _listed(folders: list[Path], patient: str | None) -> tuple[Catalogue, list[FoundSeries]]:
    """What the folders hold, and the series of the one patient."""
    from HCCResponseLib.dicom.catalogue.listed import series_of_patient
    from HCCResponseLib.dicom.catalogue.series import catalogue

    with progress_bar() as bar:
        task = bar.add_task("reading headers", total=None)
        found = catalogue(folders, lambda number: bar.update(task, completed=number))
    what = "the folder" if len(folders) == 1 else "the folders"
    places = f"{what} {', '.join(map(str, folders))}"
    return found, series_of_patient(found, places, patient)


def _chosen(series: list[FoundSeries], numbers: list[int]) -> list[FoundSeries]:
    for number in numbers:
        if not 1 <= number <= len(series):
            raise InputError(
                f"There is no series {number} in the list; it goes from 1 to {len(series)} (--list)."
            )
    return [series[number - 1] for number in numbers]


def _of_days(series: list[FoundSeries], days: list[datetime], chosen: list[FoundSeries]) -> list[FoundSeries]:
    wanted, there = {one.date() for one in days}, {one.day for one in series}
    if lost := sorted(wanted - there):
        raise InputError(
            f"There is no CT of {lost[0]}; there is of {', '.join(sorted(str(d) for d in there if d))}."
        )
    if other := [one for one in chosen if wanted and one.day not in wanted]:
        raise InputError(
            f"{other[0].name} was chosen, and its day, {other[0].day}, is none of those of --day."
        )
    return [one for one in series if one.day in wanted] if wanted else series


def _visits(
    series: list[FoundSeries], wanted: Phase, chosen: list[FoundSeries]
) -> tuple[list[Visit], list[FoundSeries]]:
    from HCCResponseLib.dicom.catalogue.looked_at import settled_visits

    with progress_bar() as bar:
        task = bar.add_task("looking at the phases", total=None)
        return settled_visits(
            series,
            wanted,
            [series.index(one) for one in chosen],
            lambda name: bar.update(task, description=f"looking at {name}"[:44]),
        )


def _show(
    found: Catalogue,
    series: list[FoundSeries],
    visits: Sequence[Visit],
    numbers: Numbers,
) -> None:
    from HCCResponseLib.dicom.catalogue.listed import beside

    proposed = {p.series: (v.measured is phase, p) for v in visits for phase, p in v.proposed.items()}
    phases = {one: str(finding.phase) for v in visits for one, finding in v.phases.items()}
    day = None
    for place, one in enumerate(series):
        if place == 0 or one.day != day:
            day = one.day
            say(f"{day or 'without a day'}")
        measured, choice = proposed.get(one, (False, None))
        say(f"  {'*' if measured else ' '} {numbers[one.key]:3d}  {one.name}, {_sizes(one)}")
        for line in _reasons(one, choice.why if choice else phases.get(one, "")):
            say(f"         {line}")
    say("* the series that the visit is measured on; another: --series NUMBER")
    rest = beside(found)
    if rest:
        console.print(rest, style="yellow", soft_wrap=True, markup=False)


def _sizes(one: FoundSeries) -> str:
    thick = f" of {one.thickness_mm:g} mm" if one.thickness_mm else ""
    kernel = f", kernel {one.kernel}" if one.kernel else ""
    return f"{one.slices} slices{thick}{kernel}"


def _reasons(one: FoundSeries, why: str) -> list[str]:
    if one.fault:
        return [f"cannot be read: {one.fault}"]
    lines = [f"not measured on: {one.against}"] if one.against else [why] if why else []
    return [*lines, *one.remarks]
