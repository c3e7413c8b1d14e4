"""``hcc-response read report``, and the report that follows every command that changes its read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.cli.common import JsonOption, errors_as_one_line, say, say_json
from HCCResponseLib.cli.sign_in import DuePasswordFile, PasswordFile, PasswordFiles, signed_in

if TYPE_CHECKING:
    from HCCResponseLib.review.read.state import ReadState
    from HCCResponseLib.review.store import ReadStore

AGAIN = "hcc-response read report"
Place = Annotated[
    str,
    typer.Argument(
        metavar="STORE", help="Output folder of a read, file of reads, or postgresql:// URL of a committee."
    ),
]

OwnName = Annotated[
    str | None,
    typer.Option(
        "--as", envvar="HCC_RESPONSE_USER", help="Your own sign-in name; needed where the store has accounts."
    ),
]


def report(
    where: Place,
    read_id: Annotated[
        str | None,
        typer.Argument(metavar="READ", help="Name of the read; not needed where there is only one."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder to write to; default: where its last report lies."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also as report.pdf, for printing.")] = False,
    name: OwnName = None,
    password_file: PasswordFile = None,
    new_password_file: DuePasswordFile = None,
    as_json: JsonOption = False,
) -> None:
    """Write the report of a read again, as HTML and with --pdf also as PDF; also of one that is signed.

    A read of a committee asks who you are, and shows you what you may see.
    """
    with _opened(where, read_id, name, PasswordFiles(password_file, new_password_file)) as (store, state):
        from HCCResponseLib.base.errors import InputError
        from HCCResponseLib.report.subject.rewriting import report_folder, rewrite_report

        # Who looks at somebody else's read gets a report that may hide names: it must not replace the reader's.
        own = state.person is None or state.person.name == state.locks.reader
        folder = output or (report_folder(store, state) if own else None)
        if folder is None:
            why = "lies on this computer" if own else "is yours"
            raise InputError(f"No report of '{store.read_id}' {why}; name a folder for it with --output.")
        written = rewrite_report(store, state, folder, name or "", pdf=pdf)
        if as_json:
            say_json(written)
            return
        say(f"Report: {written['report']}")
        if written["report_pdf"]:
            say(f"PDF: {written['report_pdf']}")


@contextmanager
def _opened(
    where: str, read_id: str | None, name: str | None, files: PasswordFiles
) -> Iterator[tuple[ReadStore, ReadState]]:
    """A read with its state: of a store without accounts as it is, else through the committee's door."""
    with errors_as_one_line():
        from HCCResponseLib.base.errors import AccessError
        from HCCResponseLib.cohort.committee.from_store import open_place
        from HCCResponseLib.review.committee.assignments import open_any
        from HCCResponseLib.review.people.people import People
        from HCCResponseLib.review.read.state import read_state
        from HCCResponseLib.review.store import ReadStore

        store = ReadStore(open_place(where))
        try:
            own = store.other(_only_read(store, read_id))
            if not People(store).accounts():
                yield own, read_state(own)
                return
        finally:
            store.close()
        if name is None:
            raise AccessError(f"'{where}' has accounts: say who you are with --as NAME.")
        with signed_in(where, name, files) as signed:
            yield open_any(signed.store, signed.person, own.read_id)


def _only_read(store: ReadStore, read_id: str | None) -> str:
    """The read that is meant. Raises ``InputError`` where it is not there, or not said which."""
    from HCCResponseLib.base.errors import InputError
    from HCCResponseLib.review.store import STORE_LOG

    known = [one for one in store.store.reads() if one != STORE_LOG]
    if read_id is not None and read_id not in known:
        raise InputError(f"There is no read '{read_id[:80]}' in '{store.store.name}'.")
    if read_id is None and len(known) != 1:
        some = f"{len(known)} reads" if known else "no read"
        raise InputError(f"'{store.store.name}' holds {some}: name the one that you mean.")
    return read_id or known[0]


def follow(store: ReadStore, state: ReadState, by: str) -> tuple[dict[str, Any], str]:
    """Write the report of a read that has just changed anew, where one lies on this computer.

    What was decided or signed stands, whatever happens here: a report that cannot be written is said, not raised.

    Returns:
        values for ``--json``, and a line to add to the answer, which begins with a line break; both may be empty.
    """
    from HCCResponseLib.base.errors import HCCResponseError
    from HCCResponseLib.report.subject.rewriting import report_folder, rewrite_report

    folder = report_folder(store, state)
    if folder is None or state.study is None:
        return {}, ""
    try:
        path = rewrite_report(store, state, folder, by)["report"]
    except HCCResponseError as problem:
        return {"report": None, "report_problem": str(problem)}, (
            f"\nThe report in '{folder}' is older than this and was not written anew: {problem} "
            f"Once that is mended: {AGAIN} {store.store.name}"
        )
    return {"report": path}, f"\nReport: {path}"


def follow_all(store: ReadStore, read_ids: Sequence[str], by: str) -> tuple[list[str], list[str]]:
    """Like :func:`follow`, for reads of which whoever changed them may not know the reader: no place is told.

    Returns:
        names of the reads whose report was written anew, and the lines to say.
    """
    from HCCResponseLib.review.read.state import read_state

    renewed, lines = [], []
    for read_id in read_ids:
        own = store.other(read_id)
        done, _ = follow(own, read_state(own), by)
        if done.get("report"):
            renewed.append(read_id)
        elif done:
            lines.append(
                f"The report of '{read_id}' is older than this; its reader can renew it: {AGAIN} STORE {read_id}"
            )
    told = [f"Reports renewed: {', '.join(renewed)}."] if renewed else []
    return renewed, [*told, *lines]
