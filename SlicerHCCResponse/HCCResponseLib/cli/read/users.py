"""``hcc-response read users``: the accounts of a committee."""

from pathlib import Path
from typing import Annotated, Any

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import JsonOption, errors_as_one_line, say, say_json
from HCCResponseLib.cli.sign_in import (
    NEW_PASSWORD,
    CommandAnswer,
    Name,
    NewPasswordFile,
    PasswordFile,
    PasswordFiles,
    Reason,
    SignedIn,
    Where,
    enter,
    new_password,
    password,
    people_at,
    signed_command,
    signed_in,
)
from HCCResponseLib.review.read.access import Role

users_app = typer.Typer(
    name="users",
    help="Who can sign in, with which roles. The first account is a manager's; there are no default passwords.",
    no_args_is_help=True,
)
Account = Annotated[str, typer.Argument(metavar="NAME", help="Sign-in name of the account.")]
ManagerName = Annotated[
    str | None,
    typer.Option("--as", envvar="HCC_RESPONSE_USER", help="Your own sign-in name, as a manager."),
]
ListPasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--new-password-file",
        help="For a new database, or where your password is temporary or too old: file whose first line is your new "
        f"one. Without it: {NEW_PASSWORD}, else you are asked twice.",
    ),
]
_WITHOUT_NAME = (
    "'{where}' has accounts already: a manager adds others and gives the own sign-in name with --as."
)
Roles = Annotated[list[Role], typer.Option("--role", help="May be given more than once.")]


@users_app.command()
def add(
    where: Where,
    name: Account,
    printed_name: Annotated[str, typer.Option(help="As it is to stand below a signature.")],
    role: Roles,
    as_name: ManagerName = None,
    password_file: PasswordFile = None,
    new_password_file: NewPasswordFile = None,
    as_json: JsonOption = False,
) -> None:
    """Make an account. The first one makes the database and needs no --as; the others are made by a manager.

    The password that a manager sets is temporary: its owner is asked for another one at the first sign-in.
    """
    with people_at(where, create=True) as (_, people):
        by = None
        if people.accounts():
            if not as_name:
                raise InputError(_WITHOUT_NAME.format(where=where))
            by, _ = enter(people, as_name, PasswordFiles(password_file, new_is_anothers=True))
        made = people.add(name, printed_name, set(role), new_password(new_password_file, people.rules()), by)
        result = {"name": made.name, "printed_name": made.printed_name, "roles": sorted(made.roles)}
        say_json(result) if as_json else say(f"Account '{name}' made: {', '.join(sorted(made.roles))}.")


@users_app.command("add-all")
def add_all(
    where: Where,
    people: Annotated[
        Path, typer.Argument(metavar="PEOPLE", help="CSV file with the columns name, printed_name and roles.")
    ],
    as_name: ManagerName = None,
    password_file: PasswordFile = None,
    new_password_file: ListPasswordFile = None,
    as_json: JsonOption = False,
) -> None:
    """Make an account for everybody in a list (manager), or for nobody, and print their temporary passwords.

    A database that is not there yet is made: its first account is that of the list's manager, whose password is asked
    for. Several roles of one person have spaces between them. The temporary passwords are shown this once: hand each to
    its owner, who is asked for another one at the first sign-in.
    """
    from HCCResponseLib.cli.read.newcomers import founded, joined

    with errors_as_one_line():
        if not _has_accounts(where):
            answer = founded(where, people, as_name, new_password_file)
        elif not as_name:
            raise InputError(_WITHOUT_NAME.format(where=where))
        else:
            with signed_in(where, as_name, PasswordFiles(password_file, new_password_file)) as signed:
                answer = joined(signed, people)
        say_json(answer.values) if as_json else say(answer.words)


def _has_accounts(where: str) -> bool:
    """Whether a database is there and somebody has an account in it; none is made."""
    if "://" not in where and not Path(where).exists():
        return False
    with people_at(where, create="://" in where) as (_, people):
        return bool(people.accounts())


@users_app.command("list")
@signed_command
def list_accounts(signed: SignedIn) -> CommandAnswer:
    """All accounts: name, printed name, roles, and whether they can sign in."""
    rows: list[dict[str, Any]] = [
        {
            "name": a.name,
            "printed_name": a.printed_name,
            "roles": sorted(a.roles),
            "active": a.active,
            "temporary_password": a.temporary,
            "password_set": a.password_set,
            "failed_sign_ins": a.failures,
        }
        for a in signed.people.accounts()
    ]
    return CommandAnswer(rows, "\n".join(map(_line, rows)))


def _line(row: dict[str, Any]) -> str:
    notes = [] if row["active"] else ["disabled"]
    notes += ["temporary password"] if row["temporary_password"] else []
    notes += [f"{row['failed_sign_ins']} failed sign-ins"] if row["failed_sign_ins"] else []
    more = f" ({'; '.join(notes)})" if notes else ""
    return f"{row['name']}: {row['printed_name']}, {', '.join(row['roles'])}{more}"


@users_app.command("password")
def change_password(
    where: Where,
    as_name: Name,
    password_file: PasswordFile = None,
    new_password_file: NewPasswordFile = None,
    as_json: JsonOption = False,
) -> None:
    """Change your own password; a temporary or expired one is also asked for by every other command with --as."""
    with people_at(where, create=False) as (_, people):
        own = password(password_file)
        people.change_password(as_name, own, new_password(new_password_file, people.rules(), changed=True))
        answer = _done(as_name, "password changed")
        say_json(answer.values) if as_json else say(answer.words)


@users_app.command()
@signed_command
def reset(signed: SignedIn, name: Account, new_password_file: NewPasswordFile = None) -> CommandAnswer:
    """Give somebody who lost theirs a temporary password (manager). Check first who is asking."""
    secret = new_password(new_password_file, signed.people.rules(), changed=True)
    signed.people.reset_password(signed.person, name, secret)
    return _done(name, "temporary password set")


@users_app.command()
@signed_command
def roles(signed: SignedIn, name: Account, role: Roles, reason: Reason) -> CommandAnswer:
    """Replace somebody's roles by these (manager)."""
    signed.people.set_roles(signed.person, name, set(role), reason)
    return _done(name, ", ".join(sorted(role)))


@users_app.command()
@signed_command
def disable(signed: SignedIn, name: Account, reason: Reason) -> CommandAnswer:
    """Close an account (manager). Its signatures stay, its name is never given to anybody else."""
    signed.people.disable(signed.person, name, reason)
    return _done(name, "disabled")


@users_app.command()
@signed_command
def enable(signed: SignedIn, name: Account, reason: Reason) -> CommandAnswer:
    """Open a disabled account again (manager)."""
    signed.people.enable(signed.person, name, reason)
    return _done(name, "enabled")


@users_app.command()
@signed_command
def unlock(signed: SignedIn, name: Account, reason: Reason) -> CommandAnswer:
    """End the lock-out after too many failed sign-ins before its time (manager)."""
    signed.people.let_in(signed.person, name, reason)
    return _done(name, "let in again")


@users_app.command()
@signed_command
def rules(
    signed: SignedIn,
    file: Annotated[
        Path | None, typer.Option(help="YAML file with other rules; without it the present ones are printed.")
    ] = None,
    reason: Reason = "",
) -> CommandAnswer:
    """Rules for passwords and lock-outs: print them, or put others in force (manager)."""
    from HCCResponseLib.review.people.account_rules import load_rules

    if file is not None:
        signed.people.set_rules(signed.person, load_rules(file), reason)
    values = signed.people.rules().model_dump()
    return CommandAnswer(values, "\n".join(f"{k}: {v}" for k, v in values.items()))


def _done(name: str, what: str) -> CommandAnswer:
    return CommandAnswer({"name": name, "result": what}, f"'{name}': {what}.")
