"""``hcc-response deidentify``: images without whose they are, for readers who must not know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import JsonOption, console, errors_as_one_line, say, say_json
from HCCResponseLib.cli.progress import progress_bar


def deidentify(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Folders of DICOM files.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="New folder for what is written.")],
    subject: Annotated[
        list[str] | None,
        typer.Option(
            help="PATIENT_ID=NAME: what a subject is called; may be repeated. Default: a name made from the secret."
        ),
    ] = None,
    secret: Annotated[
        Path | None,
        typer.Option(
            help="File with the secret from which names, UIDs and moved dates are made, so that later images of a "
            "subject fit in; made if it is not there. Keep it apart. Default: a secret that is never written."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write CT images without whose they are (DICOM PS3.15, Annex E, basic profile).

    Dates of a subject are moved by the same number of days, so intervals stay. Whatever may have text in its pixels, or
    still names the patient, is not written but counted. A report without any original value lies beside the images.
    """
    with errors_as_one_line():
        from HCCResponseLib.dicom.deidentify.folders import deidentify as write
        from HCCResponseLib.dicom.deidentify.secret import Secret, kept_secret

        if secret is not None and secret.resolve().is_relative_to(output.resolve()):
            raise InputError("The secret must not lie among the images; choose another place for it.")
        names = _names(subject or [])
        key = kept_secret(secret) if secret else Secret.new()
        with progress_bar() as bar:
            task = bar.add_task("de-identifying", total=None)
            done = write(folders, output, key, names, lambda n, of: bar.update(task, completed=n, total=of))
        if as_json:
            say_json({"written": done.written, "subjects": done.subjects, "left_out": done.left_out})
            return
        say(f"{done.written} images of {', '.join(done.subjects)} written into '{output}'.")
        for why, count in sorted(done.left_out.items()):
            console.print(f"{count} not written: {why}", style="yellow", soft_wrap=True, markup=False)
        if done.not_stated:
            console.print(
                f"{done.not_stated} images do not say whether text is burnt into their pixels: look at them.",
                style="yellow", soft_wrap=True, markup=False,
            )  # fmt: skip
        say(f"Report: {output / 'deidentification.txt'}")


def _names(given: list[str]) -> dict[str, str]:
    names = {}
    for one in given:
        patient, sign, name = one.partition("=")
        if not sign or not patient or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise InputError(f"'{one}' is not PATIENT_ID=NAME; a name has letters, figures, - and _.")
        names[patient] = name
    if len(set(names.values())) != len(names):
        raise InputError("Two patients would have one name.")
    return names
