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

from HCCResponseLib.base.errors import InputError, PasswordDueError
from HCCResponseLib.base.files import unread
from HCCResponseLib.cli.common import JsonOption, console, errors_as_one_line, say, say_json

if TYPE_CHECKING:
    from HCCResponseLib.review.people.account_rules import AccountRules
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
DuePasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--new-password-file",
        help="Where your password is temporary or too old: file whose first line is your new one. Without it: "
        f"{NEW_PASSWORD}, else you are asked twice.",
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
class PasswordFiles:
    """Where passwords are read from; ``None``: the variable, else the terminal.

    Attributes:
        own: the password to sign in with.
        new: the one that takes its place where it is temporary or too old.
        new_is_anothers: this command sets a new password for somebody else, so that neither file nor variable can be
            meant for the person who signs in: that person is asked.
    """

    own: Path | None = None
    new: Path | None = None
    new_is_anothers: bool = False

    @property
    def can_renew(self) -> bool:
        """Whether a new password of the person who signs in can be had."""
        return _at_a_terminal() or not self.is_typed

    @property
    def is_typed(self) -> bool:
        """Whether that password can only be typed."""
        return self.new_is_anothers or (self.new is None and NEW_PASSWORD not in os.environ)

    def renewed(self) -> str:
        """That new password; typed twice where it is typed."""
        return _typed_new() if self.new_is_anothers else new_password(self.new)


@dataclass(frozen=True)
class CommandAnswer:
    """What a command says: values for ``--json``, else words.

    Attributes:
        problem: what went wrong after all, for standard error; ``status``: the exit status then.
        then: what goes on once that was said, and may take minutes; its values join these.
    """

    values: Any
    words: str
    problem: str = ""
    status: int = 0
    then: Callable[[], CommandAnswer] | None = None


_Own = ParamSpec("_Own")


def signed_command(command: Callable[Concatenate[SignedIn, _Own], CommandAnswer]) -> Callable[..., None]:
    """A command line that signs in first and prints what ``command`` answers, as words or as JSON.

    STORE comes before the command's own parameters, ``--as``, ``--password-file``, ``--new-password-file`` and
    ``--json`` after them.
    """

    def run(
        where: Where,
        as_name: Name,
        password_file: PasswordFile,
        new_password_file: DuePasswordFile,
        as_json: JsonOption,
        **own: Any,
    ) -> None:
        files = PasswordFiles(password_file, new_password_file, sets_anothers)
        if sets_anothers:
            own["new_password_file"] = new_password_file
        with signed_in(where, as_name, files) as signed:
            _tell_answer(command(signed, **own), as_json)  # type: ignore[call-arg]  # typer gives what the signature names

    store, *ours, _ = inspect.signature(run, eval_str=True).parameters.values()
    defaults = {"password_file": None, "new_password_file": None, "as_json": False}
    given = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
    sets_anothers = "new_password_file" in [p.name for p in given]
    ours = [p for p in ours if p.name not in [q.name for q in given]]
    after = [p.replace(default=defaults.get(p.name, p.default)) for p in ours]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (store, *given, *after)]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def _tell_answer(answer: CommandAnswer, as_json: bool) -> None:
    """Say an answer and what goes on after it. Ends the command with its exit status where something went wrong."""
    values, last = answer.values, answer
    if not as_json and answer.words:
        say(answer.words)
    if answer.then is not None:
        sys.stdout.flush()
        last = answer.then()
        values = {**values, **last.values}
        if not as_json and last.words:
            say(last.words)
    if as_json:
        say_json(values)
    if last.problem:
        console.print(f"error: {last.problem}", style="red", soft_wrap=True, markup=False)
        raise typer.Exit(last.status)


@contextmanager
def signed_in(where: str, name: str, files: PasswordFiles) -> Iterator[SignedIn]:
    """Open a store that is there and sign in; errors become one line."""
    from HCCResponseLib.review.people.people import people_of

    with people_at(where, create=False) as (store, _):
        people = people_of(store)
        try:
            person, credentials = enter(people, name, files)
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


def enter(people: People, name: str, files: PasswordFiles) -> tuple[Signatory, tuple[str, str]]:
    """Sign in; a temporary or expired password is changed on the spot where a new one can be had.

    Returns:
        the person, with the name and the password that hold from now on.

    Raises:
        SignInError: not accepted, or the password is due and there is no new one.
        InputError: the new password is too weak.
    """
    secret = password(files.own, f"Password of {name}")
    try:
        return people.authenticate(name, secret), (name, secret)
    except PasswordDueError as due:
        if not files.can_renew:
            raise
        console.print(str(due), style="yellow", soft_wrap=True, markup=False)
    new = _changed(people, name, secret, files)
    console.print(f"The password of '{name}' is changed.", markup=False)
    return people.authenticate(name, new), (name, new)


def _changed(people: People, name: str, secret: str, files: PasswordFiles) -> str:
    """Change a password; where the new one is typed and cannot be used, it is said why and asked for again."""
    if files.is_typed:
        _tell(people.rules().words(changed=True))
    while True:
        new = files.renewed()
        try:
            people.change_password(name, secret, new)
            return new
        except InputError as problem:
            if not files.is_typed:
                raise
            console.print(str(problem), style="yellow", soft_wrap=True, markup=False)


def new_account_password(files: tuple[Path | None, Path | None], rules: AccountRules) -> str:
    """The password of somebody's first account: the one that is to be set, else the one that is there to sign in with.

    Args:
        files: file with the password, and file with the new one.
        rules: what a password must be like.
    """
    own, new = files
    if new is None and NEW_PASSWORD not in os.environ and (own is not None or PASSWORD in os.environ):
        return password(own)
    return new_password(new, rules)


def password(path: Path | None, prompt: str = "Password") -> str:
    """The user's own password.

    Raises:
        InputError: no way to get one, or a file that others can read.
    """
    given = _given(path, PASSWORD)
    return _typed(prompt, twice=False) if given is None else given


def new_password(path: Path | None, rules: AccountRules | None = None, changed: bool = False) -> str:
    """A new password that is to be set; typed twice where it is typed.

    Args:
        rules: what it must be like, said before it is typed; ``None`` where that was said already.
        changed: it takes the place of an earlier one.

    Raises:
        InputError: no way to get one, or a file that others can read.
    """
    given = _given(path, NEW_PASSWORD)
    if given is not None:
        return given
    if rules is not None:
        _tell(rules.words(changed))
    return _typed_new()


def _given(path: Path | None, variable: str) -> str | None:
    """A password out of a file or a variable; ``None`` where it is to be typed."""
    if path is not None:
        return _first_line(path)
    if variable in os.environ:
        return os.environ[variable]
    if not _at_a_terminal():
        raise InputError(f"No password: name a file, set {variable}, or run this where you can type it.")
    return None


def _typed_new() -> str:
    return _typed("New password", twice=True)


def _tell(words: str) -> None:
    console.print(words, soft_wrap=True, markup=False)


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()


def _typed(prompt: str, *, twice: bool) -> str:
    answer: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True)
    return answer


def _first_line(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise InputError(f"Others can read the password file '{path}'; run: chmod 600 '{path}'.")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(unread(f"Password file '{path}'", problem)) from problem
    if not lines or not lines[0]:
        raise InputError(f"The first line of password file '{path}' is empty.")
    return lines[0]
