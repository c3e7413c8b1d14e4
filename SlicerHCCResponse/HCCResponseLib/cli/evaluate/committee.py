"""``hcc-response evaluate committee``: adjudication, discordance, readers, agreement, reading times."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from HCCResponseLib.cli.common import JsonOption, console, say
from HCCResponseLib.cli.observer import observing
from HCCResponseLib.cli.sign_in import DuePasswordFile, Observer, PasswordFile, PasswordFiles

StoresArgument = Annotated[
    list[str],
    typer.Argument(metavar="STORE", help="Files of reads, folders that hold one, or postgresql:// URLs."),
]

IncludeUnsigned = Annotated[
    bool,
    typer.Option(
        "--include-unsigned",
        help="Also reads that are not signed or not reviewed; the output says which, and none of them is accepted.",
    ),
]


def committee(
    stores: StoresArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write instead: .md, .csv or .json."),
    ] = None,
    pause: Annotated[
        float,
        typer.Option(min=0.1, help="Gaps between decisions of more than so many minutes count as pauses."),
    ] = 5.0,
    include_unsigned: IncludeUnsigned = False,
    name: Observer = None,
    password_file: PasswordFile = None,
    new_password_file: DuePasswordFile = None,
    as_json: JsonOption = False,
) -> None:
    """How well the readers of a committee agree. Only signed reads count; what is left out is named.

    A figure that rests on too few reads says so ("not defined (n = 1)") and is empty in CSV and JSON, with the reason.
    """
    from HCCResponseLib.base.errors import InputError
    from HCCResponseLib.base.files import write_text
    from HCCResponseLib.cohort.committee.figures import committee_figures
    from HCCResponseLib.cohort.committee.from_store import load_committee
    from HCCResponseLib.statistics.estimate import as_csv, as_markdown, as_records

    with observing(stores, name, PasswordFiles(password_file, new_password_file)) as looking:
        if output is not None and output.suffix not in (".md", ".csv", ".json"):
            raise InputError(f"'{output}' must end in .md, .csv or .json.")
        found = load_committee(
            stores,
            timedelta(minutes=pause),
            admit=looking.admit,
            include_unsigned=include_unsigned,
        )
        figures = committee_figures(found)
        for note in found.left_out:
            console.print(f"left out: {note}", style="yellow", soft_wrap=True, markup=False)
        records = json.dumps(as_records(figures), indent=2)
        if output is not None:
            texts = {".md": as_markdown(figures), ".csv": as_csv(figures), ".json": records + "\n"}
            write_text(output, texts[output.suffix])
        looking.exported("committee figures", [output] if output is not None else [])
        say(records if as_json else str(output.resolve()) if output is not None else as_markdown(figures))
