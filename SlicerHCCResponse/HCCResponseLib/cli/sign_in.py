"""Signing in on the command line: a password comes from a prompt, a file or the environment, never as an argument."""

from __future__ import annotations

import inspect
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import JsonOption, errors_as_one_line, say, say_json

if TYPE_CHECKING:
    from HCCResponseLib.review.people.people import People
    from HCCResponseLib.review.people.person import Signatory
    from HCCResponseLib.review.store import ReadStore

PASSWORD, NEW_PASSWORD = "HCC_RESPONSE_PASSWORD", "HCC_RESPONSE_NEW_PASSWORD"

Where = Annotated[
    str,
    typer.Argument(
        metavar="STORE",
        help="The committee's database: a file, or a postgresql:// URL (keep its password in ~/.pgpass).",
    ),
]
Name = Annotated[str, typer.Option("--as", envvar="HCC_RESPONSE_USER", help="Your own sign-in name.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        help=f"File whose first line is your password. Without it: the variable {PASSWORD}, else you are asked."
    ),
]
NewPasswordFile = Annotated[
    Path | None,
    typer.Option(
        help=f"File whose first line is the new password. Without it: {NEW_PASSWORD}, else you are asked twice."
    ),
]
Observer = Annotated[
    str | None,
    typer.Option(
        "--as",
        envvar="HCC_RESPONSE_USER",
        help="Your own sign-in name; a store with accounts opens only for its managers and auditors.",
    ),
]
Reason = Annotated[str, typer.Option(help="Why; stays in the log for good.")]
ReadName = Annotated[str, typer.Argument(metavar="READ", help="Name of the read, as 'read list' shows it.")]


@dataclass(frozen=True)
class SignedIn:
    """Somebody who has signed in at a store."""

    store: ReadStore
    people: People
    person: Signatory
    credentials: tuple[str, str]


@dataclass(frozen=True)
class CommandAnswer:
    """What a command says: values for ``--json``, else words."""

    values: Any
    words: str


_Own = ParamSpec("_Own")


def signed_command(command: Callable[Concatenate[SignedIn, _Own], CommandAnswer]) -> Callable[..., None]:
    """A command line that signs in first and prints what ``command`` answers, as words or as JSON.

    STORE comes before the command's own parameters, ``--as``, ``--password-file`` and ``--json`` after them.
    """

    def run(
        where: Where, as_name: Name, password_file: PasswordFile, as_json: JsonOption, **own: Any
    ) -> None:
        with signed_in(where, as_name, password_file) as signed:
            answer = command(signed, **own)  # type: ignore[call-arg]  # typer gives what the signature names
            if as_json:
                say_json(answer.values)
            elif answer.words:
                say(answer.words)

    store, *ours, _ = inspect.signature(run, eval_str=True).parameters.values()
    defaults = {"password_file": None, "as_json": False}
    after = [p.replace(default=defaults.get(p.name, p.default)) for p in ours]
    given = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (store, *given, *after)]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


@contextmanager
def signed_in(where: str, name: str, password_file: Path | None) -> Iterator[SignedIn]:
    """Open a store that is there and sign in; errors become one line."""
    from HCCResponseLib.review.people.people import people_of

    with people_at(where, create=False) as (store, _):
        people = people_of(store)
        try:
            credentials = (name, password(password_file))
            person = people.authenticate(*credentials)
            try:
                yield SignedIn(store, people, person, credentials)
            finally:
                people.sign_out(person)
        finally:
            people.close()


@contextmanager
def people_at(where: str, create: bool) -> Iterator[tuple[ReadStore, People]]:
    """Open a store with its accounts; errors become one line."""
    with errors_as_one_line():
        from HCCResponseLib.review.people.people import People
        from HCCResponseLib.review.store import STORE_LOG, ReadStore, open_store

        store = ReadStore(open_store(where, create=create), STORE_LOG)
        try:
            yield store, People(store)
        finally:
            store.close()


def new_account_password(files: tuple[Path | None, Path | None]) -> str:
    """The password of somebody's first account: the one that is to be set, else the one that is there to sign in with.

    Args:
        files: file with the password, and file with the new one.
    """
    own, new = files
    if new is None and NEW_PASSWORD not in os.environ and (own is not None or PASSWORD in os.environ):
        return password(own)
    return password(new, new=True)


def password(path: Path | None, prompt: str = "Password", new: bool = False) -> str:
    """The user's own password, or a new one that is to be set.

    Raises:
        InputError: no way to get one, or a file that others can read.
    """
    variable, prompt = (NEW_PASSWORD, "New password") if new else (PASSWORD, prompt)
    if path is not None:
        return _first_line(path)
    if variable in os.environ:
        return os.environ[variable]
    if not sys.stdin.isatty():
        raise InputError(f"No password: name a file, set {variable}, or run this where you can type it.")
    answer: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=new, err=True)
    return answer


def _first_line(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise InputError(f"Others can read the password file '{path}'; run: chmod 600 '{path}'.")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(f"Password file '{path}' cannot be read: {problem}.") from problem
    if not lines or not lines[0]:
        raise InputError(f"The first line of password file '{path}' is empty.")
    return lines[0]
