"""``hcc-response open-dicom``: a study of the CT in whole patient folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import JsonOption, console, errors_as_one_line, say, say_json
from HCCResponseLib.cli.new_study import DEFAULT_FOLDER, profile_beside
from HCCResponseLib.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from HCCResponseLib.dicom.catalogue.choice import Visit
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
    subject: Annotated[
        str | None, typer.Option(help="Name of the subject; default: the patient ID of the headers.")
    ] = None,
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
    with errors_as_one_line():
        wanted, home = _phase(phase), output or folders[0] / DEFAULT_FOLDER
        profile_beside(profile, home)
        found, mine = _listed(folders, patient)
        try:
            visits, mine = _visits(mine, wanted, series or [])
        except InputError:
            # Why none can be measured on is what the list is for.
            if not as_json:
                _show(found, mine, [])
            raise
        if as_json:
            say_json(_as_json(found, mine, visits))
        else:
            _show(found, mine, visits)
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
    from HCCResponseLib.dicom.catalogue.series import catalogue

    with progress_bar() as bar:
        task = bar.add_task("reading headers", total=None)
        found = catalogue(folders, lambda number: bar.update(task, completed=number))
    patients = found.patients()
    if not patients:
        raise InputError(
            f"No series of CT slices was found in {', '.join(map(str, folders))}. {_rest(found)}".strip()
        )
    if patient is None and len(patients) > 1:
        listed = ", ".join(name or "(no patient ID)" for name in patients)
        raise InputError(
            f"The folders hold CT of {len(patients)} patients: {listed}. Choose one: --patient ID."
        )
    chosen = patients[0] if patient is None else patient
    if chosen not in patients:
        raise InputError(f"The folders hold no CT of patient '{chosen}', but of {', '.join(patients)}.")
    return found, [one for one in found.series if one.patient_id == chosen]


def _visits(
    series: list[FoundSeries], wanted: Phase, numbers: list[int]
) -> tuple[list[Visit], list[FoundSeries]]:
    from HCCResponseLib.dicom.catalogue.looked_at import settled_visits

    for number in numbers:
        if not 1 <= number <= len(series):
            raise InputError(
                f"There is no series {number} in the list; it goes from 1 to {len(series)} (--list)."
            )
    with progress_bar() as bar:
        task = bar.add_task("looking at the phases", total=None)
        return settled_visits(
            series,
            wanted,
            [number - 1 for number in numbers],
            lambda name: bar.update(task, description=f"looking at {name}"[:44]),
        )


def _show(found: Catalogue, series: list[FoundSeries], visits: Sequence[Visit]) -> None:
    proposed = {p.series: (v.measured is phase, p) for v in visits for phase, p in v.proposed.items()}
    day = None
    for number, one in enumerate(series, start=1):
        if number == 1 or one.day != day:
            day = one.day
            say(f"{day or 'without a day'}")
        measured, choice = proposed.get(one, (False, None))
        say(f"  {'*' if measured else ' '} {number:3d}  {one.name}, {_sizes(one)}")
        for line in _reasons(one, choice.why if choice else ""):
            say(f"         {line}")
    say("* the series that the visit is measured on; another: --series NUMBER")
    rest = _rest(found)
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


def _rest(found: Catalogue) -> str:
    """What was met beside the series, in words; empty where there was nothing."""
    files = found.files
    left = ", ".join(f"{count} {what}" for what, count in sorted(found.left_out.items()))
    said = [f"Left out: {left} (numbers of files)."] if left else []
    if files.copies:
        said.append(f"{files.copies} files are copies of others.")
    if files.not_there:
        said.append(f"The index of the disc names {len(files.not_there)} files that are not there.")
    if files.faults:
        more = f" (and {len(files.faults) - 3} more)" if len(files.faults) > 3 else ""
        said.append(" ".join(map(str, files.faults[:3])) + more)
    return " ".join(said)


def _as_json(found: Catalogue, series: list[FoundSeries], visits: Sequence[Visit]) -> dict[str, Any]:
    return {
        "series": [
            {
                "number": number,
                "day": str(one.day) if one.day else None,
                "series_uid": one.uid,
                "description": one.description,
                "part": one.part,
                "slices": one.slices,
                "thickness_mm": one.thickness_mm,
                "step_mm": one.step_mm,
                "kernel": one.kernel,
                "fault": one.fault or None,
                "against": one.against or None,
                "remarks": list(one.remarks),
            }
            for number, one in enumerate(series, start=1)
        ],
        "visits": [
            {
                "day": str(visit.day),
                "measured": str(visit.measured),
                "proposed": {
                    str(phase): {"number": series.index(p.series) + 1, "why": p.why}
                    for phase, p in visit.proposed.items()
                },
            }
            for visit in visits
        ],
        "left_out": found.left_out,
        "copies": found.files.copies,
        "faults": [str(fault) for fault in found.files.faults],
    }
