"""``hcc-response restore``: a read made anew from its DICOM objects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from HCCResponseLib.cli.common import JsonOption, console, errors_as_one_line, say, say_json
from HCCResponseLib.cli.progress import progress_bar


def restore(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER...", help="Folders with the images, SEG and SR of a patient."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for study.yaml and the read.")],
    uid: Annotated[str, typer.Option(help="UID of the read, where the folders hold several.")] = "",
    profile: Annotated[
        str, typer.Option(help="Profile to assess by; default: the one of the reports' criterion.")
    ] = "",
    subject: Annotated[
        str, typer.Option(help="Name of the subject; default: the patient ID, as far as it can be one.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Make a read anew from what 'export dicom' has written: contours, diameters, roles and category.

    The new read is nobody's signed read: it says in its log that its decisions come from reports, and is signed again
    by whoever goes on with it.
    """
    from HCCResponseLib.report.dicom.restore_worker import RestoreRequest, work

    with errors_as_one_line():
        request = RestoreRequest(
            folders=tuple(folders), uid=uid, folder=output, profile=profile, subject=subject
        )
        with progress_bar() as bar:
            task = bar.add_task("reading headers", total=1.0)
            done = work(
                request,
                lambda now: bar.update(task, completed=now.fraction, description=now.stage.lower()[:44]),
            )
        if as_json:
            say_json(done)
            return
        say(f"Restored: {done['read']}; assessed by the profile {done['profile']}")
        for note in done["notes"]:
            console.print(f"Differs: {note}.", style="yellow", soft_wrap=True, markup=False)
        console.print(f"Study: {done['study']}", soft_wrap=True, markup=False)
        console.print(f"Next: hcc-response assess {done['study']} -o {output}", soft_wrap=True, markup=False)
