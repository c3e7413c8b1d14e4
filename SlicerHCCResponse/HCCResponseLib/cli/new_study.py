"""``hcc-response study new``, and the images that ``assess`` and ``propose`` take in place of a study file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from HCCResponseLib.base.errors import HCCResponseError, InputError, ProfileError
from HCCResponseLib.cli.common import JsonOption, console, errors_as_one_line, say, say_json
from HCCResponseLib.cli.missing_facts import require_facts
from HCCResponseLib.cli.options import ImageOptions, ScanOptions, require_there, with_groups

if TYPE_CHECKING:
    from HCCResponseLib.imaging.study import Study
    from HCCResponseLib.response.profiles.load import Profile

_PROFILE = "recist-1.1"
DEFAULT_FOLDER = "hcc-response-output"

study_app = typer.Typer(name="study", help="Write the study file of a patient's scans.", no_args_is_help=True)


@study_app.command()
@with_groups
def new(
    images: ScanOptions,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for study.yaml; default: that of the baseline."),
    ] = None,
    said: ImageOptions,
    as_json: JsonOption = False,
) -> None:
    """Write the study.yaml of a patient's scans, to be edited: visits by date, the first one is the baseline.

    A decisions.yaml beside it lists the lesions of the contour at every visit, to be filled in.
    """
    with errors_as_one_line():
        paths = images.paths
        path = write_study(paths, output, said)
        from HCCResponseLib.imaging.study import load_study
        from HCCResponseLib.review.decisions.template import write_first_template

        template = write_first_template(path.parent, load_study(path))
        if as_json:
            say_json({"study": str(path), "decisions": str(template)})
        else:
            say(path.read_text(encoding="utf-8").rstrip())
            say(f"Study: {path}")
            say(f"Decisions to fill in: {template}")
        console.print(f"Next: hcc-response assess {path}", soft_wrap=True, markup=False)


def study_of(paths: list[Path], output: Path | None, said: ImageOptions) -> tuple[Path, Path]:
    """The study file that is meant, made of images where these are named, and the folder of its read."""
    if is_study(paths):
        if said != ImageOptions():
            raise InputError(
                f"'{paths[0]}' is a study file and says its subject, dates, profile and contours itself; "
                "change it there."
            )
        from HCCResponseLib.review.read.session import STORE, holds_read_alone

        if holds_read_alone(paths[0]):
            return paths[0], output or paths[0]
        home = paths[0] if paths[0].is_dir() else paths[0].parent
        # What was made from images has study and read in one folder.
        begun = home if (home / STORE).is_file() else home / DEFAULT_FOLDER
        return paths[0], output or begun
    study = write_study(paths, output, said, DEFAULT_FOLDER)
    return study, study.parent


def write_study(images: list[Path], output: Path | None, said: ImageOptions, below: str = "") -> Path:
    """The study file of these images; an equal one that is there already is used again.

    Args:
        below: name of the folder beside the baseline where it goes without ``output``.
    """
    if said.drawn_by:
        require_there(said.contour, "The contour ")
    from HCCResponseLib.imaging.new_study import by_date, images_of, other_order, write_new_study
    from HCCResponseLib.imaging.study import STUDY_FILE

    profile = said.profile or _PROFILE
    found = images_of(images)
    require_facts(found, said, _known_profile(profile, output or found[0].path.resolve().parent / below))
    visits = by_date(found, said.dates or [])
    order = other_order(images, visits)
    if order:
        console.print(order, style="yellow", soft_wrap=True, markup=False)
    folder = output or visits[0].path.resolve().parent / below
    profile_beside(profile, folder)
    file = folder / STUDY_FILE
    is_new = not file.exists()
    study = write_new_study(folder, visits, said.subject, profile, said.contour, said.drawn_by, said.starts)
    if is_new and said.contour is not None:
        _require_contour(study, file)
    return file


def profile_beside(name: str, folder: Path) -> Profile:
    """The profile of a study in this folder. Raises ``ProfileError``."""
    from HCCResponseLib.response.profiles.load import load_profile

    beside = folder / f"{name}.yaml"
    return load_profile(beside if beside.is_file() else name)


def _known_profile(name: str, folder: Path) -> Profile | None:
    try:
        return profile_beside(name, folder)
    except ProfileError:  # said once it is known where the study lies, and with it the user's own profiles
        return None


def _require_contour(study: Study, file: Path) -> None:
    """Read images and contour once: a study file that cannot be used must not stand in the way of the right one.

    Raises:
        InputError: an image or the contour cannot be used; the file is taken away again.
    """
    from HCCResponseLib.review.read.session import load_images

    try:
        load_images(study)
    except HCCResponseError as problem:
        file.unlink()
        first = study.timepoints[0]
        raise type(problem)(f"{problem} (The baseline is {first.image.name} of {first.date}.)") from problem


def is_study(paths: list[Path]) -> bool:
    """Whether these arguments name a study file, its folder or that of a read, and not images."""
    if len(paths) != 1:
        return False
    from HCCResponseLib.imaging.study import STUDY_FILE
    from HCCResponseLib.review.read.session import holds_read_alone

    [path] = paths
    named = path.suffix in (".yaml", ".yml") or (path / STUDY_FILE).is_file()
    return named or holds_read_alone(path)
