"""``hcc-response profiles``: criteria with their charter parameters."""

from pathlib import Path
from typing import Annotated

import typer

from HCCResponseLib.cli.common import JsonOption, errors_as_one_line, say, say_json

#: Kinds of files that somebody can add, each in a folder of its own.
_OWN = {
    "profiles": "YAML; hcc-response profiles new NAME writes one",
    "criteria": "Python, one file each",
    "quantities": "Python, one file each: what is added up",
}

profiles_app = typer.Typer(
    name="profiles",
    help="Criteria with their charter parameters: list, show, write one of your own.",
    no_args_is_help=True,
)


@profiles_app.command("list")
def list_profiles(as_json: JsonOption = False) -> None:
    """Every profile that a study can name, shipped or in your own folder."""
    from HCCResponseLib.base.errors import InputError
    from HCCResponseLib.base.extensions import own_folder
    from HCCResponseLib.response.criteria import criteria
    from HCCResponseLib.response.profiles.load import is_shipped, load_profile, profile_files
    from HCCResponseLib.response.quantities import quantities

    with errors_as_one_line():
        rows = []
        for name, file in sorted(profile_files().items()):
            try:
                title = load_profile(name).title
            except InputError as problem:
                title = f"cannot be used: {problem}"
            rows.append({"name": name, "title": title, "shipped": is_shipped(name), "file": str(file)})
        folders = {kind: str(own_folder(kind)) for kind in _OWN}
        if as_json:
            say_json(
                {
                    "profiles": rows,
                    "criteria": list(criteria()),
                    "quantities": list(quantities()),
                    "own_folder": folders["profiles"],
                    "own_folders": folders,
                }
            )
            return
        for row in rows:
            say(f"{row['name']:<20} {row['title']}" + ("" if row["shipped"] else f"  ({row['file']})"))
        say(f"Criteria: {', '.join(criteria())}")
        say(f"Quantities: {', '.join(quantities())}")
        say("Your own files go here; make the folder if it is not there yet:")
        for kind, what in _OWN.items():
            say(f"  {kind:<11} {folders[kind]}  ({what})")
        say("A profile beside study.yaml can be named too.")


@profiles_app.command()
def show(
    profile: Annotated[str, typer.Argument(help="Name of a profile, or a YAML file.")],
    as_json: JsonOption = False,
) -> None:
    """Every field of a profile: its value, what it means, where it comes from."""
    from HCCResponseLib.response.profiles.annotated import meanings
    from HCCResponseLib.response.profiles.load import load_profile

    with errors_as_one_line():
        found = load_profile(profile)
        if as_json:
            say_json(found.model_dump(mode="json"))
            return
        values = found.model_dump(mode="json")
        say(f"{found.name}: {found.title}")
        for field, meaning in meanings().items():
            say(f"{field}: {_words(values[field])}")
            say(f"    {meaning}")
            say(f"    Source: {found.source_of(field)}")


@profiles_app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of your profile, such as the trial's.")],
    parent: Annotated[str, typer.Option("--from", help="Profile to begin with.")] = "recist-1.1",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for NAME.yaml, such as the study's; default: your own folder."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a profile of your own to edit: every field with its meaning, value and source."""
    from HCCResponseLib.base.extensions import own_folder
    from HCCResponseLib.response.profiles.annotated import write_annotated

    with errors_as_one_line():
        path = (output or own_folder("profiles")) / f"{name}.yaml"
        made = write_annotated(path, name, parent)
        if as_json:
            say_json({"profile": made.name, "file": str(path)})
            return
        say(f"Profile: {path}")
        say(
            f"Edit it, look at it with 'hcc-response profiles show {path}', and write 'profile: {name}' in study.yaml."
        )


def _words(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value in (None, "", {}) else str(value)
