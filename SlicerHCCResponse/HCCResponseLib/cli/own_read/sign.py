"""``hcc-response sign``: a radiologist alone signs and locks the time points of a read."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import JsonOption, console, errors_as_one_line, say, say_json
from HCCResponseLib.cli.own_read.session import ReadFolder, how_to_amend, own_read
from HCCResponseLib.cli.sign_in import (
    NewPasswordFile,
    PasswordFile,
    PasswordFiles,
    enter,
    new_account_password,
)

if TYPE_CHECKING:
    from HCCResponseLib.review.people.accounts import Account
    from HCCResponseLib.review.people.people import People
    from HCCResponseLib.review.read.session import Session

OwnName = Annotated[
    str | None,
    typer.Option(
        "--as", envvar="HCC_RESPONSE_USER", help="Your sign-in name; needed where there are several."
    ),
]


def sign(
    read: ReadFolder,
    time_point: Annotated[
        str | None,
        typer.Argument(
            metavar="TIMEPOINT",
            help="Time point to sign; default: the last. Earlier ones are signed with it.",
        ),
    ] = None,
    as_name: OwnName = None,
    printed_name: Annotated[
        str | None, typer.Option(help="At the first use: your name as it is to stand below a signature.")
    ] = None,
    password_file: PasswordFile = None,
    new_password_file: NewPasswordFile = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a read of your own with name and password; what is signed is locked.

    At the first use your account on this computer is made. What is still missing is listed instead (exit status 1).
    """
    with errors_as_one_line(), own_read(read, "sign") as session:
        due = _due(session, time_point)
        for line in _what_is_signed(session, due):
            console.print(line, soft_wrap=True, markup=False)
        signed = _sign(session, due, (as_name, printed_name), (password_file, new_password_file))
        from HCCResponseLib.report.subject.output import write_outputs

        result = write_outputs(session, by=signed[-1]["signer"])
        if as_json:
            say_json({"category": result["category"], "report": result["report"], "signatures": signed})
            return
        for one in signed:
            category = f", category {one['category']}" if one["category"] else ""
            say(f"'{one['time_point']}' signed by {one['printed_name']}{category}.")
        say(f"Report: {result['report']}")


def _due(session: "Session", time_point: str | None) -> list[str]:
    """The time points that a signature under this one takes in, in order.

    Raises:
        InputError: no such time point, or it is signed already.
    """
    from HCCResponseLib.review.read.lifecycle import points

    names = points(session.state)
    last = time_point or names[-1]
    if last not in names:
        raise InputError(f"There is no time point '{last}' in this read; it has {', '.join(names)}.")
    due = [name for name in names[: names.index(last) + 1] if name not in session.state.locked]
    if not due:
        report = session.folder / "report.html"
        raise InputError(f"'{last}' is signed and locked already. {how_to_amend(session)} Report: {report}")
    return due


def _what_is_signed(session: "Session", due: list[str]) -> list[str]:
    """What the signature will stand under; nobody is asked for a password while something is missing.

    Raises:
        IncompleteReadError: it says what is missing.
    """
    from HCCResponseLib.base.errors import IncompleteReadError
    from HCCResponseLib.review.read.profile import profile_of
    from HCCResponseLib.review.signing.signing import evaluate_up_to, reviewed_up_to

    profile = profile_of(session.store, session.state)
    lines = []
    try:
        evaluate_up_to(session.state, profile, due[-1])
        for name in due:
            found = evaluate_up_to(session.state, profile, name)
            total = "" if found.target.sum is None else f", sum {found.target.sum} {profile.unit}"
            lines.append(f"To be signed: {name}: {found.overall or 'no category at baseline'}{total}")
    except IncompleteReadError as problem:
        raise IncompleteReadError(
            f"{problem} Decide row by row: hcc-response review {session.folder}"
        ) from problem
    if not reviewed_up_to(session.state, due[-1]):
        lines.append(
            "Caution: some proposals were accepted without a look at each of them, and signature and report will say "
            f"so. To look at them first: hcc-response review {session.folder}"
        )
    return lines


def _sign(
    session: "Session",
    due: list[str],
    names: tuple[str | None, str | None],
    files: tuple[Path | None, Path | None],
) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from HCCResponseLib.review.people.people import people_of
    from HCCResponseLib.review.people.person import Person
    from HCCResponseLib.review.signing.authorship import require_author
    from HCCResponseLib.review.signing.signing import sign_and_lock

    people = people_of(session.store)
    account, credentials = account_of(people, session, names, files)
    # All of it may be signed, or none is: who decided what is looked at before the first signature.
    person = Person(account.name, account.printed_name, account.roles)
    require_author(person, session.state, session.store.events(), _up_to(session, due[-1]), due[-1])
    return [asdict(sign_and_lock(session.store, session.state, people, credentials, name)) for name in due]


def _up_to(session: "Session", last: str) -> list[str]:
    from HCCResponseLib.review.read.lifecycle import points

    names = points(session.state)
    return names[: names.index(last) + 1]


def account_of(
    people: "People",
    session: "Session",
    names: tuple[str | None, str | None],
    files: tuple[Path | None, Path | None],
) -> tuple["Account", tuple[str, str]]:
    """The signer's account, with name and password; the first account of this computer is made here."""
    as_name, printed_name = names
    if not any(a.active for a in people.accounts()):
        return _first_account(people, session, names, files)
    if printed_name is not None:
        raise InputError(
            "--printed-name is for the first account alone; there are accounts on this computer already."
        )
    return known_account(people, as_name, files)


def known_account(
    people: "People", as_name: str | None, files: tuple[Path | None, Path | None]
) -> tuple["Account", tuple[str, str]]:
    """The account of whoever signs in, with name and password; there is at least one.

    Raises:
        InputError: there are several, and it was not said which.
        SignInError: not accepted.
    """
    known = [a for a in people.accounts() if a.active]
    if as_name is None and len(known) > 1:
        raise InputError(f"Who are you? Name yourself with --as: {', '.join(a.name for a in known)}.")
    account = people.account(as_name) if as_name else known[0]
    return account, enter(people, account.name, PasswordFiles(*files))[1]


def _first_account(
    people: "People",
    session: "Session",
    names: tuple[str | None, str | None],
    files: tuple[Path | None, Path | None],
) -> tuple["Account", tuple[str, str]]:
    from HCCResponseLib.review.read.access import Role

    as_name, printed = names
    readers = session.state.readers()
    printed = printed or (readers[0] if len(readers) == 1 else None)
    if sys.stdin.isatty():
        console.print("There is no account on this computer yet; yours is made now.")
        printed = typer.prompt("Your name, as it is to stand below the signature", default=printed, err=True)
        as_name = as_name or typer.prompt("Your sign-in name", default=_suggested(str(printed)), err=True)
    if not as_name or not printed:
        raise InputError(
            "There is no account on this computer yet; make yours with --as NAME --printed-name 'YOUR NAME'."
        )
    secret = new_account_password(files, people.rules())
    return people.add(as_name, printed, {Role.READER, Role.MANAGER}, secret), (as_name, secret)


def _suggested(printed: str) -> str:
    """A sign-in name out of a printed one: "Dr A. Lee" gives dr-a-lee."""
    return re.sub(r"[^a-z0-9]+", "-", printed.lower()).strip("-")[:40] or "reader"
