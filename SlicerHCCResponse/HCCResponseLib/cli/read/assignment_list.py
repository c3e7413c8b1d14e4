"""What ``hcc-response read assign`` is asked for: subjects and readers by words, or a list from a spreadsheet."""

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from HCCResponseLib.base.csv_files import read_csv_table
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.progress import progress_bar
from HCCResponseLib.cli.sign_in import SignedIn
from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.review.committee.assignments import assign, blinded
from HCCResponseLib.review.committee.worklist import Assignment
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


def assigned(signed: SignedIn, everything: list[Wanted]) -> list[Assignment]:
    """Give all of them out in one transaction; the images of each study are read once before it."""
    ready = []
    studies = [(study, list(group)) for study, group in groupby(everything, key=lambda w: w.study)]
    with progress_bar() as bar:
        for path, group in bar.track(studies, description="Reading the images of all subjects"):
            content = blinded(load_study(path))
            ready.append((content, load_images(content)[1], group))
    with signed.store.transaction():
        return [
            assign(signed.store, signed.person, signed.people, content, prints, one.reader, one.stream)
            for content, prints, group in ready
            for one in group
        ]
