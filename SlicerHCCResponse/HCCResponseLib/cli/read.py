"""``hcc-response read``: the stored reads of a study or a committee."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from HCCResponseLib.cli.common import errors_as_one_line, say, say_json

read_app = typer.Typer(
    name="read", help="The stored reads: what is in them, and whether they are whole.", no_args_is_help=True
)

Where = Annotated[
    str, typer.Argument(metavar="STORE", help="File of the read, or postgresql:// URL of a committee.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@read_app.command()
def verify(
    where: Where,
    read_id: Annotated[
        str | None, typer.Option("--read", help="Only this read; without it the whole store.")
    ] = None,
    expect: Annotated[
        str | None, typer.Option(help="Hash that an earlier check printed; it must still be in the chain.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Go along the chain of events: names the first event that was changed, or prints the hash of the last one.

    Note the printed hash down elsewhere: what a cut at the end leaves is a chain that fits, so only a noted hash shows
    that something is gone.
    """
    from HCCResponseLib.errors import StorageError
    from HCCResponseLib.review.store import open_store

    with errors_as_one_line():
        store = open_store(where, create=False)
        try:
            found = store.check(read_id, expect)
        finally:
            store.close()
        if as_json:
            say_json({"good": found.good, **dataclasses.asdict(found)})
        if not found.good:
            event = f"event {found.sequence} of read '{found.read_id}': " if found.sequence else ""
            raise StorageError(f"'{store.name}' is not as it was written: {event}{found.reason}.")
        if not as_json:
            say(f"{found.events} events, all as they were written. Hash of the last one: {found.head}")


@read_app.command()
def prepare(where: Where) -> None:
    """Make the tables of a committee's database, or bring those of an earlier version up to date."""
    from HCCResponseLib.review.store import open_store

    with errors_as_one_line():
        store = open_store(where)
        store.close()
        say(f"'{store.name}' is ready.")
