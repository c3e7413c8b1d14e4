"""Someone who has signed in, and what this person may do."""

from dataclasses import dataclass, field

from HCCResponseLib.base.errors import AccessError
from HCCResponseLib.review.people.keys import SigningKey
from HCCResponseLib.review.read.access import Role


@dataclass(frozen=True)
class Person:
    """Someone who has shown name and password."""

    name: str
    printed_name: str
    roles: frozenset[Role]


@dataclass(frozen=True)
class Signatory(Person):
    """Someone who has just shown name and password, to sign or to manage.

    Attributes:
        key: unlocked for this; whoever keeps the person for longer keeps :meth:`locked`.
    """

    key: SigningKey = field(repr=False, compare=False)

    def locked(self) -> Person:
        """The same person without the key."""
        return Person(self.name, self.printed_name, self.roles)


def require_role(person: Person | None, role: Role) -> None:
    """Let only persons of this role pass. Raises ``AccessError``."""
    if person is None or role not in person.roles:
        article = "an" if role.value[0] in "aeiou" else "a"
        raise AccessError(f"Only {article} {role} may do this.")
