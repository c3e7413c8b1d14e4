"""``hcc-response read`` for the manager of a committee: assign, list, amend, lock, re-read."""

from pathlib import Path
from typing import Annotated, Any

import typer

from HCCResponseLib.cli.read.report import follow
from HCCResponseLib.cli.sign_in import CommandAnswer, ReadName, Reason, SignedIn, signed_command

TimePoint = Annotated[
    str, typer.Argument(metavar="TIMEPOINT", help="Name of the time point, as in study.yaml.")
]


@signed_command
def assign(
    signed: SignedIn,
    studies: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[STUDY]...", help="study.yaml of each subject, or the folders that hold them."
        ),
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=STREAM",
            help="Who is to read them, and as what in the committee: --to 'ann=RADIOLOGIST 1'. May be given more than "
            "once.",
        ),
    ] = None,
    listed: Annotated[
        Path | None,
        typer.Option(
            "--list", help="CSV file with the columns study, reader and stream, in place of the above."
        ),
    ] = None,
    identified: Annotated[
        bool,
        typer.Option(
            "--identified",
            help="Give out DICOM images that say whose they are, where the charter allows that.",
        ),
    ] = False,
) -> CommandAnswer:
    """Give subjects to readers (manager): all that is asked for, or nothing.

    Readers get the images without anybody else's contours. Order of reading, adjudication variables and streams, such
    as 'RADIOLOGIST 1', come from each study's profile. DICOM images that name a patient or a place are refused.
    """
    from HCCResponseLib.cli.read.assignment_list import assigned, wanted

    made = assigned(signed, wanted(studies or [], to or [], listed), identified)
    words = [
        f"Read '{n.read_id}' of subject '{n.subject}' assigned to '{n.reader}' as {n.stream}." for n in made
    ]
    return CommandAnswer([_facts(n) for n in made], "\n".join(words))


@signed_command
def list_reads(signed: SignedIn) -> CommandAnswer:
    """The reads that you may know of, and how far they are."""
    from HCCResponseLib.review.committee.worklist import work_list

    rows = []
    for item in work_list(signed.store, signed.person):
        how_far = item.progress
        # A server hides a read from an adjudicator until it is signed to its end.
        hidden = how_far.time_points == 0
        more = {
            "stage": "not finished" if hidden else how_far.stage.value,
            "signed_time_points": "not shown" if hidden else f"{how_far.signed} of {how_far.time_points}",
            "version": how_far.version,
        }
        rows.append({**_facts(item.assignment), **more})
    return CommandAnswer(rows, "\n".join(map(_line, rows)))


def _line(row: dict[str, Any]) -> str:
    who = f", {row['reader']}" if row["reader"] else ""
    return (
        f"{row['read']}: subject {row['subject']}, {row['stream']}{who}, {row['kind']}, {row['stage']}, "
        f"{row['signed_time_points']} time points signed"
    )


@signed_command
def amend(signed: SignedIn, read_id: ReadName, time_point: TimePoint, reason: Reason) -> CommandAnswer:
    """Open a locked time point again as a new version; the old one stays and 'read show --version' shows it.

    A manager may do this until the read is locked for good, its reader in the final review of a hybrid read or where
    reading has no order. Later time points must then be signed again.
    """
    from HCCResponseLib.review.read.lifecycle import amend as reopen
    from HCCResponseLib.review.read.state import read_life, read_state

    read = signed.store.other(read_id)
    version = reopen(read, read_life(read), signed.people, signed.credentials, time_point, reason)
    report, line = follow(read, read_state(read), signed.person.name)
    values = {"read": read_id, "time_point": time_point, "version": version, **report}
    return CommandAnswer(values, f"'{time_point}' of '{read_id}' is open again: version {version}.{line}")


@signed_command
def lock(signed: SignedIn, read_id: ReadName, reason: Reason) -> CommandAnswer:
    """Lock a completely signed read for good (manager): no amendment is possible any more.

    Single time points are locked by the reader's signature, see 'read sign'.
    """
    from HCCResponseLib.review.read.lifecycle import close
    from HCCResponseLib.review.read.state import read_life, read_state

    read = signed.store.other(read_id)
    close(read, read_life(read), signed.people, signed.credentials, reason)
    report, line = follow(read, read_state(read), signed.person.name)
    values = {"read": read_id, "stage": "final", **report}
    return CommandAnswer(values, f"Read '{read_id}' is locked for good.{line}")


@signed_command
def reread(signed: SignedIn, read_id: ReadName, reason: Reason) -> CommandAnswer:
    """Give a finished read to the same reader again, for intra-reader agreement (manager).

    The re-read starts fresh; the first read is not shown to its reader until the re-read is signed.
    """
    from HCCResponseLib.review.committee.assignments import reread as again

    new = again(signed.store, signed.person, read_id, reason)
    return CommandAnswer(_facts(new), f"'{new.reader}' reads '{read_id}' again in '{new.read_id}'.")


def _facts(found: Any) -> dict[str, Any]:
    return {
        "read": found.read_id,
        "subject": found.subject,
        "reader": found.reader,
        "stream": found.stream,
        "kind": found.kind.value,
        "repeats": found.repeats,
    }
