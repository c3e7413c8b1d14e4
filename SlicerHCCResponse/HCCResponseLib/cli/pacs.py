"""``hcc-response pacs``: find, fetch and store in archives."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import JsonOption, console, errors_as_one_line, say, say_json
from HCCResponseLib.cli.progress import progress_bar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from HCCResponseLib.dicom.servers.archive import Archive

pacs_app = typer.Typer(name="pacs", help="Find, fetch and store in archives.", no_args_is_help=True)

ServerName = Annotated[str, typer.Argument(metavar="SERVER", help="Name in the list of servers.")]
ServersFile = Annotated[
    Path | None,
    typer.Option(
        "--servers", help="List of servers; default: servers.yaml in the user's folder (see docs/dicom.md)."
    ),
]


@pacs_app.command()
def find(
    server: ServerName,
    patient: Annotated[str, typer.Option(help="Patient ID; * stands for anything.")] = "",
    name: Annotated[str, typer.Option(help="Patient's name; * stands for anything.")] = "",
    days: Annotated[str, typer.Option(help="Day or range of days: 20240101-20240630.")] = "",
    servers: ServersFile = None,
    as_json: JsonOption = False,
) -> None:
    """List the studies of a patient."""
    with errors_as_one_line():
        if not (patient or name or days):
            raise InputError("Say what to look for: --patient, --name or --days.")
        if days and not re.fullmatch(r"\d{8}(-\d{8})?|\d{8}-|-\d{8}", days):
            raise InputError(f"'{days}' is no day or range of days; write 20240131 or 20240101-20240630.")
        from dataclasses import asdict

        found = _archive(server, servers).find(patient, name, days)
        if as_json:
            say_json([asdict(one) for one in found])
            return
        for one in found:
            images = "" if one.images is None else f", {one.images} images"
            kinds = "/".join(one.modalities)
            say(f"{one.patient_id}  {one.day}  {kinds}  '{one.description}'{images}")
            say(f"    {one.uid}")
        console.print(f"{len(found)} studies.", soft_wrap=True, markup=False)


@pacs_app.command()
def get(
    server: ServerName,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")],
    studies: Annotated[
        list[str] | None, typer.Argument(metavar="STUDY...", help="Study UIDs, as 'pacs find' lists them.")
    ] = None,
    patient: Annotated[str, typer.Option(help="All studies of this patient ID.")] = "",
    servers: ServersFile = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch studies. What is there already is not fetched again, so an interrupted transfer goes on."""
    with errors_as_one_line():
        archive = _archive(server, servers)
        wanted = list(studies or []) or ([one.uid for one in archive.find(patient)] if patient else [])
        if not wanted:
            raise InputError("Name the studies to fetch, or --patient; none was found." if patient else
                             "Name the studies to fetch, or --patient.")  # fmt: skip
        fetched, before = 0, 0
        with progress_bar() as bar:
            for number, study in enumerate(wanted, start=1):
                task = bar.add_task(f"study {number} of {len(wanted)}", total=None)
                done = archive.fetch(study, output, partial(_moved, bar, task))
                fetched, before = fetched + len(done.done), before + done.before
        if as_json:
            say_json({"folder": str(output.resolve()), "fetched": fetched, "there_before": before})
            return
        say(f"{fetched} files fetched into '{output}', {before} were there before.")
        console.print(f"Next: hcc-response open-dicom {output}", soft_wrap=True, markup=False)


@pacs_app.command()
def store(
    server: ServerName,
    paths: Annotated[list[Path], typer.Argument(metavar="FILE...", help="DICOM files, or folders of them.")],
    servers: ServersFile = None,
    as_json: JsonOption = False,
) -> None:
    """Store objects. Each counts as stored only once the archive lists it; what it has already is not sent again."""
    with errors_as_one_line():
        files, others = _objects(paths)
        if others:
            console.print(
                f"{others} files are no DICOM objects: left out.",
                style="yellow",
                soft_wrap=True,
                markup=False,
            )
        archive = _archive(server, servers)
        with progress_bar() as bar:
            task = bar.add_task("storing", total=len(files))
            done = archive.store(files, lambda number, _: bar.update(task, completed=number))
        if as_json:
            say_json({"stored": list(done.done), "there_before": done.before})
            return
        say(f"{len(done.done)} objects stored, {done.before} were there before.")


def _archive(name: str, servers: Path | None) -> Archive:
    from HCCResponseLib.dicom.servers.archive import archive_of
    from HCCResponseLib.dicom.servers.config import server_named

    return archive_of(name, server_named(name, servers))


def _moved(bar: Progress, task: TaskID, number: int, of: int) -> None:
    bar.update(task, completed=number, total=of)


def _objects(paths: list[Path]) -> tuple[list[Path], int]:
    """Files that were named, and the DICOM objects in folders; how many files of these are none."""
    from HCCResponseLib.dicom.catalogue.walk import found_below

    for path in paths:
        if not path.exists():
            raise InputError(f"'{path}' does not exist.")
    found = found_below([path for path in paths if path.is_dir()])
    if found.faults:
        raise InputError(f"{len(found.faults)} files cannot be stored. {found.faults[0]}")
    files = [path for path in paths if not path.is_dir()] + [
        Path(header.filename) for header in found.headers
    ]
    if not files:
        raise InputError(f"There is no DICOM object in {', '.join(map(str, paths))}.")
    return files, found.others
