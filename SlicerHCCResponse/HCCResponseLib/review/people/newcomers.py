"""People who are to get an account, one by one or as a list from a spreadsheet."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from HCCResponseLib.base.csv_files import read_csv_table
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.review.people.account_rules import AccountRules
from HCCResponseLib.review.read.access import Role

COLUMNS = ("name", "printed_name", "roles")


@dataclass(frozen=True)
class Newcomer:
    """Somebody who is to get an account; arguments as of :meth:`People.add`."""

    name: str
    printed_name: str
    roles: Collection[Role]
    password: str


def load_newcomers(path: Path, rules: AccountRules) -> list[Newcomer]:
    """The people of a CSV file with the columns name, printed_name and roles, each with a password made for them.

    Several roles of one person have spaces between them: ``reader manager``.

    Raises:
        InputError: not such a table, an unknown role, or the same name twice; the message names file and line.
    """
    found: dict[str, Newcomer] = {}
    for number, row in enumerate(read_csv_table(path, "List of people", COLUMNS), start=2):
        name, roles = row["name"].strip(), _roles(row["roles"], f"'{path}', line {number}")
        if name in found:
            raise InputError(f"'{path}', line {number}: '{name}' is listed twice.")
        found[name] = Newcomer(name, row["printed_name"], roles, _password(rules, name, row["printed_name"]))
    return list(found.values())


def _roles(text: str, where: str) -> set[Role]:
    words, known = text.replace(",", " ").split(), ", ".join(Role)
    unknown = [word for word in words if word not in set(Role)]
    if unknown or not words:
        problem = f"'{unknown[0]}' is no role" if unknown else "no role"
        raise InputError(f"{where}: {problem}; there are {known}.")
    return {Role(word) for word in words}


def _password(rules: AccountRules, name: str, printed_name: str) -> str:
    """A temporary password that the rules allow; its owner replaces it before anything else."""
    while True:
        password = secrets.token_urlsafe(max(rules.min_length, 12))[: rules.max_length]
        try:
            rules.check_password(password, name, printed_name)
        except InputError:
            continue
        return password
