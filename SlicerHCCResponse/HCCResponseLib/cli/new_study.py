"""``hcc-response study new``, and the images that ``assess`` and ``propose`` take in place of a study file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from HCCResponseLib.cli.common import JsonOption, errors_as_one_line, say, say_json

StudyArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="STUDY | IMAGE...",
        help="study.yaml or its folder; or the CT of each visit (file or folder of one DICOM series); or one folder "
        "with the series of all visits.",
    ),
]
ContourOption = Annotated[
    Path | None,
    typer.Option(help="With images: label map of the baseline's lesions that a reader has drawn."),
]
DrawnByOption = Annotated[str | None, typer.Option(help="The reader who drew --contour.")]
SubjectOption = Annotated[
    str | None, typer.Option(help="With images: name of the subject; default: the patient id of the headers.")
]
ProfileOption = Annotated[
    str | None, typer.Option(help="With images: profile to assess by; default: recist-1.1.")
]
DateOption = Annotated[
    list[datetime] | None,
    typer.Option(
        "--date",
        formats=["%Y-%m-%d"],
        help="With images: day of each, in the same order, where headers have none.",
    ),
]
_PROFILE = "recist-1.1"
DEFAULT_FOLDER = "hcc-response-output"

study_app = typer.Typer(name="study", help="Study files.", no_args_is_help=True)


@study_app.command()
def new(
    images: Annotated[
        list[Path],
        typer.Argument(
            help="The CT of each visit: a file, a folder of one DICOM series, or one folder with all of them."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for study.yaml; default: that of the baseline."),
    ] = None,
    contour: ContourOption = None,
    drawn_by: DrawnByOption = None,
    subject: SubjectOption = None,
    profile: ProfileOption = None,
    dates: DateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a study.yaml that can be edited: visits by date, the first one is the baseline."""
    with errors_as_one_line():
        path = write_study(images, output, FromImages(contour, drawn_by, subject, profile, dates))
        if as_json:
            say_json({"study": str(path)})
        else:
            say(path.read_text(encoding="utf-8").rstrip())
            say(f"Study: {path}")


@dataclass(frozen=True)
class FromImages:
    """What may be said with images, and goes into the study file."""

    contour: Path | None = None
    drawn_by: str | None = None
    subject: str | None = None
    profile: str | None = None
    dates: list[datetime] | None = None


def study_of(paths: list[Path], output: Path | None, said: FromImages) -> tuple[Path, Path]:
    """The study file that is meant, made of images where these are named, and the folder of its read."""
    from HCCResponseLib.base.errors import InputError
    from HCCResponseLib.review.read.session import STORE

    if is_study(paths):
        if said != FromImages():
            raise InputError(
                f"'{paths[0]}' is a study file and says its subject, dates, profile and contours itself; "
                "change it there."
            )
        home = paths[0] if paths[0].is_dir() else paths[0].parent
        # What was made from images has study and read in one folder.
        begun = home if (home / STORE).is_file() else home / DEFAULT_FOLDER
        return paths[0], output or begun
    study = write_study(paths, output, said, DEFAULT_FOLDER)
    return study, study.parent


def write_study(images: list[Path], output: Path | None, said: FromImages, below: str = "") -> Path:
    """The study file of these images; an equal one that is there already is used again.

    Args:
        below: name of the folder beside the baseline where it goes without ``output``.
    """
    from HCCResponseLib.imaging.new_study import STUDY_FILE, visits_of, write_new_study
    from HCCResponseLib.response.profiles.load import load_profile

    profile = said.profile or _PROFILE
    load_profile(profile)
    visits = visits_of(images, [d.date() for d in said.dates or []])
    folder = output or visits[0].path.resolve().parent / below
    write_new_study(folder, visits, said.subject, profile, said.contour, said.drawn_by)
    return folder / STUDY_FILE


def is_study(paths: list[Path]) -> bool:
    """Whether these arguments name a study file or its folder, and not images."""
    from HCCResponseLib.imaging.new_study import STUDY_FILE

    return len(paths) == 1 and (paths[0].suffix in (".yaml", ".yml") or (paths[0] / STUDY_FILE).is_file())
