"""``hcc-response read``: the stored reads of a study or a committee."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from HCCResponseLib.cli.common import JsonOption, errors_as_one_line, say, say_json
from HCCResponseLib.cli.read import audit as read_audit
from HCCResponseLib.cli.read import manage as read_manage
from HCCResponseLib.cli.read import report as read_report
from HCCResponseLib.cli.read import work as read_work
from HCCResponseLib.cli.read.users import users_app
from HCCResponseLib.cli.sign_in import Where

if TYPE_CHECKING:
    from HCCResponseLib.review.signing.audit import AuditResult

read_app = typer.Typer(
    name="read",
    help="Central review: accounts, independent reads, signatures, adjudication, and the log behind them. "
    "Commands ask who you are, except 'verify' and 'prepare', and 'report' where a store has no accounts.",
    no_args_is_help=True,
)
read_app.add_typer(users_app)
for name, command in (
    ("assign", read_manage.assign),
    ("list", read_manage.list_reads),
    ("open", read_work.open_and_propose),
    ("show", read_work.show),
    ("report", read_report.report),
    ("decide", read_work.decide),
    ("sign", read_work.sign),
    ("amend", read_manage.amend),
    ("lock", read_manage.lock),
    ("compare", read_work.compare),
    ("adjudicate", read_work.adjudicate),
    ("reread", read_manage.reread),
    ("unblind", read_audit.unblind),
    ("log", read_audit.log),
    ("bundle", read_audit.bundle),
):
    read_app.command(name)(command)


@read_app.command()
def verify(
    where: Where,
    read_id: Annotated[
        str | None, typer.Option("--read", help="Only this read; without it the whole store.")
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(
            help="Hash that an earlier check printed, all 64 characters; it must still be in the chain."
        ),
    ] = None,
    accounts: Annotated[
        Path | None,
        typer.Option(
            help="File of the accounts that signed, for a read that was signed on another computer."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the log event by event and every signature: names the first that was changed, or prints the last hash.

    A signature must be made with its signer's key, and its category and sum must follow from the decisions. A store
    without accounts is checked against those of this computer; --accounts names another file of accounts.

    Keep the printed hash elsewhere: a log that was cut off at its end still fits together, so only a hash noted
    before, given with --expect, shows that something is gone.
    """
    from HCCResponseLib.base.errors import StorageError
    from HCCResponseLib.review.people.people import People
    from HCCResponseLib.review.signing.audit import verify as check
    from HCCResponseLib.review.store import STORE_LOG, ReadStore, open_store

    with errors_as_one_line():
        store = open_store(where, create=False)
        people = None
        try:
            people = People(ReadStore(open_store(accounts, create=False))) if accounts else None
            found = check(ReadStore(store, STORE_LOG), read_id, expect, people)
        finally:
            store.close()
            if people is not None:
                people.close()
        facts = {
            **dataclasses.asdict(found.chain),
            "signatures": found.signatures,
            "adjudications": found.adjudications,
            "without_key": found.without_key,
            "notes": found.notes,
            "reason": found.problem,
        }
        if as_json:
            say_json({"good": not found.problem, **facts})
        if found.problem:
            raise StorageError(f"'{store.name}' is not as it was written: {found.problem}.")
        if not as_json:
            _tell_check(found, noted=expect is not None)


def _tell_check(found: "AuditResult", noted: bool) -> None:
    """What a check that found nothing wrong says, and what it did not look at."""
    for note in found.notes:
        say(f"Note: {note}.")
    chain = found.chain
    if chain.unseen or chain.unseen_keys:
        say(
            f"Not looked at, because this login of the database may not see them: {chain.unseen} events "
            f"of other reads, {chain.unseen_keys} locked keys of other accounts."
        )
    chosen = found.adjudications
    parts = f" ({found.signatures - chosen} under time points, {chosen} of adjudications, one in each read)"
    parts = parts if chosen else ""
    without = f" ({found.without_key} of them without key)" if found.without_key else ""
    last = "last event that was looked at" if chain.unseen else "last event"
    say(
        f"{chain.events} events, all as they were written; {found.signatures} signatures fit{parts}{without}. "
        f"Hash of the {last}: {chain.head}"
    )
    if noted:
        say("The noted hash was found in it.")


@read_app.command()
def prepare(where: Where) -> None:
    """Make the tables of a committee's database, or bring those of an earlier version up to date.

    The table behind the work lists is made anew from the log.
    """
    from HCCResponseLib.review.store import open_store

    with errors_as_one_line():
        store = open_store(where)
        try:
            store.rebuild_standings()
        finally:
            store.close()
        say(f"'{store.name}' is ready.")
