"""A list of people who get their accounts at once: into a committee's database, or into one that is made for them."""

from pathlib import Path

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.sign_in import CommandAnswer, SignedIn, new_password, people_at
from HCCResponseLib.review.people.account_rules import shipped_rules
from HCCResponseLib.review.people.accounts import Account
from HCCResponseLib.review.people.newcomers import Newcomer, load_newcomers
from HCCResponseLib.review.read.access import Role


def joined(signed: SignedIn, path: Path) -> CommandAnswer:
    """Everybody of a list gets an account and a temporary password from a manager who has signed in."""
    newcomers = load_newcomers(path, signed.people.rules())
    return _answer(signed.people.add_all(newcomers, signed.person), newcomers)


def founded(where: str, path: Path, as_name: str | None, password_file: Path | None) -> CommandAnswer:
    """The accounts of a new database: first that of the list's manager, who then adds everybody else, or nobody.

    Args:
        as_name: which of the managers is at the keyboard; needed where the list has more than one.

    Raises:
        InputError: the list has no such manager; nothing is made then.
    """
    # Looked at before the database is made, so that a slip in the list leaves no empty one behind.
    manager, others = _manager_first(load_newcomers(path, shipped_rules()), where, as_name)
    secret = new_password(password_file, shipped_rules())
    shipped_rules().check_password(secret, manager.name, manager.printed_name)
    with people_at(where, create=True) as (store, people), store.transaction():
        first = people.add(manager.name, manager.printed_name, manager.roles, secret)
        made = people.add_all(others, people.authenticate(manager.name, secret)) if others else []
    return _answer([first, *made], [None, *others])


def _manager_first(
    newcomers: list[Newcomer], where: str, as_name: str | None
) -> tuple[Newcomer, list[Newcomer]]:
    managers = [one for one in newcomers if Role.MANAGER in one.roles and as_name in (None, one.name)]
    if not managers:
        who = f"the manager '{as_name}'" if as_name else "a manager"
        raise InputError(
            f"'{where}' has no accounts yet, and its first one must be a manager's: the list has to name {who}."
        )
    if len(managers) > 1:
        names = ", ".join(one.name for one in managers)
        raise InputError(f"The list has several managers ({names}): say with --as which of them you are.")
    return managers[0], [one for one in newcomers if one is not managers[0]]


def _answer(made: list[Account], newcomers: list[Newcomer | None] | list[Newcomer]) -> CommandAnswer:
    """Who got an account, each with the temporary password; ``None`` for whoever typed one."""
    rows, words = [], []
    for account, one in zip(made, newcomers, strict=True):
        roles = sorted(role.value for role in account.roles)
        temporary = None if one is None else one.password
        given = f"temporary password {temporary}" if temporary else "the password that you gave"
        rows.append({"name": account.name, "roles": roles, "temporary_password": temporary})
        words.append(f"{account.name} ({', '.join(roles)}): {given}")
    return CommandAnswer(rows, "\n".join(words))
