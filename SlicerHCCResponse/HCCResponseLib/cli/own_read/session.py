"""The read of a radiologist alone, opened from its folder."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from HCCResponseLib.base.errors import InputError, ProfileError
from HCCResponseLib.cli.common import working_in
from HCCResponseLib.cli.new_study import DEFAULT_FOLDER
from HCCResponseLib.cli.options import require_there

if TYPE_CHECKING:
    from HCCResponseLib.review.read.session import Session

ReadFolder = Annotated[
    Path,
    typer.Argument(
        metavar="OUT", help="Folder of the read, as 'assess' or 'propose' wrote it; or its study.yaml."
    ),
]


@contextmanager
def own_read(path: Path, command: str) -> Iterator["Session"]:
    """Open the read that lies in a folder, for one command alone.

    Args:
        path: the folder, its ``study.yaml``, or a study whose read lies in the default folder beside it.
        command: what works there, as it is typed behind ``hcc-response``.

    Raises:
        InputError: there is no read, or an image of it is gone.
        InUseError: another command works in it.
        AccessError: it is a committee's read.
    """
    require_there(path)
    from HCCResponseLib.review.read.session import STORE

    home = path if path.is_dir() else path.parent
    found = [folder for folder in (home, home / DEFAULT_FOLDER) if (folder / STORE).is_file()]
    if not found:
        raise InputError(
            f"There is no read in '{home}'. Make one first: hcc-response assess IMAGE... -o FOLDER"
        )
    with working_in(found[0], command):
        yield _opened(home, found[0])


def _opened(home: Path, folder: Path) -> "Session":
    from HCCResponseLib.imaging.study import STUDY_FILE, load_study
    from HCCResponseLib.review.read.session import open_session, stored_study

    if (home / STUDY_FILE).is_file():
        from HCCResponseLib.cli.study import settle_profile

        named = load_study(home)
        session = open_session(named, folder, other_profile=True)
        with suppress(ProfileError):  # one that is gone or broken now leaves the read with its own
            settle_profile(session, named, ask=False)
        return session
    study = stored_study(folder)
    for point in study.timepoints:
        require_there(point.image, f"The image of '{point.name}', ")
    return open_session(study, folder)


def how_to_amend(session: "Session") -> str:
    """The command that opens the last time point of a signed read again, as a sentence."""
    last = session.study.timepoints[-1].name
    return f"To change one: hcc-response amend {session.folder} '{last}' --reason WHY"
