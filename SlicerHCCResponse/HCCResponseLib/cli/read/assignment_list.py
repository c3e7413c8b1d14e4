"""What ``hcc-response read assign`` is asked for: subjects and readers by words, or a list from a spreadsheet."""

from dataclasses import dataclass
from pathlib import Path

from HCCResponseLib.base.csv_files import read_csv_table
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.progress import progress_bar
from HCCResponseLib.cli.sign_in import SignedIn
from HCCResponseLib.imaging.study import Study, load_study
from HCCResponseLib.imaging.whose import says_whose
from HCCResponseLib.review.committee.assignments import assign, blinded, planned
from HCCResponseLib.review.committee.worklist import Assignment
from HCCResponseLib.review.people.person import require_role
from HCCResponseLib.review.read.access import Role
from HCCResponseLib.review.read.session import load_images

COLUMNS = ("study", "reader", "stream")


@dataclass(frozen=True)
class Wanted:
    """One read that is to be given to somebody: study file, sign-in name, place in the committee."""

    study: Path
    reader: str
    stream: str


def wanted(studies: list[Path], to: list[str], listed: Path | None) -> list[Wanted]:
    """Every study for everybody, or what the list says; its paths start from its own folder.

    Raises:
        InputError: neither or both were given, or the list is no such table.
    """
    if (listed is None) != bool(studies and to):
        raise InputError("Name studies and --to NAME=STREAM for their readers, or a list with --list.")
    if listed is None:
        pairs = [_pair(words) for words in to]
        return [Wanted(study, *pair) for study in studies for pair in pairs]
    rows = read_csv_table(listed, "List of assignments", COLUMNS)
    return [
        Wanted(listed.parent / row["study"], row["reader"].strip(), row["stream"].strip()) for row in rows
    ]


def _pair(words: str) -> tuple[str, str]:
    name, mark, stream = words.partition("=")
    if not (mark and name.strip() and stream.strip()):
        raise InputError(f"--to takes NAME=STREAM, such as 'ann=RADIOLOGIST 1', not '{words[:80]}'.")
    return name.strip(), stream.strip()


def assigned(signed: SignedIn, everything: list[Wanted], identified: bool = False) -> list[Assignment]:
    """Give all of them out in one transaction.

    Names, roles, streams and doubles are checked before the images of each study are read, which takes long; and again
    when the assignments are written.

    Args:
        identified: let readers have images that say whose they are.
    """
    require_role(signed.person, Role.MANAGER)
    contents = {one.study: blinded(load_study(one.study)) for one in everything}
    plans: list[Assignment] = []
    for one in everything:
        study = contents[one.study]
        plans.append(planned(signed.store, signed.people, study, one.reader, one.stream, plans))
    if not identified:
        for content in contents.values():
            _require_blind(content)
    with progress_bar() as bar:
        paths = bar.track(list(contents), description="Reading the images of all subjects")
        prints = {path: load_images(contents[path])[1] for path in paths}
    with signed.store.transaction():
        return [
            assign(
                signed.store,
                signed.person,
                signed.people,
                contents[one.study],
                prints[one.study],
                one.reader,
                one.stream,
            )
            for one in everything
        ]


def _require_blind(study: Study) -> None:
    for point in study.timepoints:
        if named := says_whose(point.image):
            raise InputError(
                f"The images of '{point.name}' of subject '{study.subject}' say whose they are ({', '.join(named)}). "
                "Write them anew with 'hcc-response deidentify'; or give them out as they are, where the charter "
                "allows that: --identified."
            )
