"""``hcc-response export``: reads as tables for statisticians."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from HCCResponseLib.cli.common import JsonOption, console, errors_as_one_line, say, say_json
from HCCResponseLib.cli.evaluate.committee import IncludeUnsigned, StoresArgument
from HCCResponseLib.cli.observer import observing
from HCCResponseLib.cli.own_read.session import ReadFolder, own_read
from HCCResponseLib.cli.sign_in import DuePasswordFile, Observer, PasswordFile, PasswordFiles
from HCCResponseLib.report.exporters import Exporter, exporters

export_app = typer.Typer(
    name="export",
    help="Write reads as files for others; everything written is read back and checked.",
    no_args_is_help=True,
)
FolderOption = Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")]
REFERENCES_HELP = (
    "CSV with columns subject,date: first dose or randomisation, for study days and the minimum SD time."
)


@export_app.command()
def sdtm(
    stores: StoresArgument,
    output: FolderOption,
    study_id: Annotated[
        str, typer.Option(help="STUDYID of the trial; each USUBJID is STUDYID-subject.")
    ] = "STUDY",
    forms: Annotated[
        str, typer.Option("--format", help="csv, json (Dataset-JSON v1.1) or xpt; several with commas.")
    ] = "csv",
    reference_dates: Annotated[Path | None, typer.Option(help=REFERENCES_HELP)] = None,
    include_unsigned: IncludeUnsigned = False,
    name: Observer = None,
    password_file: PasswordFile = None,
    new_password_file: DuePasswordFile = None,
    as_json: JsonOption = False,
) -> None:
    """CDISC SDTM domains TU, TR, RS of all signed reads.

    What was written is checked against the rules of SDTM and of the RECIST 1.1 supplement, and the responses are
    computed once more from it. Any violation is listed and ends with exit status 1.
    """
    from HCCResponseLib.base.errors import InputError
    from HCCResponseLib.cohort.committee.from_store import load_committee, load_reference_dates
    from HCCResponseLib.report.sdtm.export import export_sdtm
    from HCCResponseLib.report.tables.files import FORMATS

    with observing(stores, name, PasswordFiles(password_file, new_password_file)) as looking:
        wanted = tuple(dict.fromkeys(part.strip() for part in forms.split(",")))
        unknown = [form for form in wanted if form not in FORMATS]
        if unknown:
            raise InputError(f"'{unknown[0]}' is not a format; use one or more of {', '.join(FORMATS)}.")
        references = load_reference_dates(reference_dates) if reference_dates else {}
        found = load_committee(
            stores, references=references, admit=looking.admit, include_unsigned=include_unsigned
        )
        done = export_sdtm(found, output, study_id, wanted, references)
        looking.exported("sdtm", done.files)
        _tell(done.files, (*(f"left out: {n}" for n in found.left_out), *map(str, done.warnings)), as_json)


@export_app.command()
def dicom(
    read: ReadFolder,
    output: FolderOption,
    include_unsigned: IncludeUnsigned = False,
    as_json: JsonOption = False,
) -> None:
    """A decided read of your own as DICOM: contours (SEG), a structured report (SR), key images, the printed report.

    They refer to the slices that were read, so the images must be DICOM series. A lesion has one tracking identifier
    in all of them. What was written is read back and compared.
    """
    from HCCResponseLib.report.dicom.objects import write_dicom_objects

    with errors_as_one_line(), own_read(read, "export") as session:
        _tell(write_dicom_objects(session, output, include_unsigned), (), as_json)


def _add(exporter: Exporter) -> None:
    """Make a command of an exporter."""

    def export(
        stores: StoresArgument,
        output: FolderOption,
        include_unsigned: IncludeUnsigned = False,
        name: Observer = None,
        password_file: PasswordFile = None,
        new_password_file: DuePasswordFile = None,
        as_json: JsonOption = False,
    ) -> None:
        from HCCResponseLib.cohort.committee.from_store import load_committee

        with observing(stores, name, PasswordFiles(password_file, new_password_file)) as looking:
            found = load_committee(stores, admit=looking.admit, include_unsigned=include_unsigned)
            files = exporter.write(found, output)
            looking.exported(exporter.name, files)
            _tell(files, tuple(f"left out: {note}" for note in found.left_out), as_json)

    export_app.command(name=exporter.name, help=exporter.help)(export)


for _exporter in exporters().values():
    _add(_exporter)


def _tell(files: Sequence[Path], notes: tuple[str, ...], as_json: bool) -> None:
    for note in notes:
        console.print(note, style="yellow", soft_wrap=True, markup=False)
    if as_json:
        say_json({"files": [str(f.resolve()) for f in files], "notes": list(notes)})
    else:
        for file in files:
            say(str(file.resolve()))
