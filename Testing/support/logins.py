"""A committee on a server where everybody has a login of the own name; a copy of one that has begun for each test."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from committees import FIRST, PR, ROLES, SECOND, SmallCommittee
from postgres import Server


class Trial:
    """A committee's database on a server: everybody has a login of the own name."""

    def __init__(self, server: Server, url: str) -> None:
        self.server, self.database = server, url.rpartition("/")[2]
        self.opened: dict[str, SmallCommittee] = {}
        self.owner = SmallCommittee(url)

    def url(self, name: str) -> str:
        """The URL for a person's login."""
        return self.server.url(self.database, name)

    def as_(self, name: str) -> SmallCommittee:
        """The committee through this person's login."""
        if name not in self.opened:
            self.opened[name] = SmallCommittee(self.url(name))
        return self.opened[name]

    def sql(self, name: str, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """What a login gets by itself."""
        engine = create_engine(self.url(name).replace("postgresql", "postgresql+psycopg"))
        try:
            with engine.begin() as connection:
                done = connection.execute(text(statement), values)
                return [tuple(row) for row in done] if done.returns_rows else []
        finally:
            engine.dispose()

    def reads_of(self, name: str) -> list[str]:
        """The reads that a login sees events of."""
        return [read for (read,) in self.sql(name, "SELECT DISTINCT read_id FROM events ORDER BY 1")]

    def close(self) -> None:
        """Let all connections go."""
        for committee in (self.owner, *self.opened.values()):
            committee.store.close()


@pytest.fixture(scope="module")
def begun(postgres: Server) -> str:
    """S1 is read by ann (signed, PR) and by bob (baseline accepted, unsigned), all through their logins."""
    url = postgres.new_database()
    committee = SmallCommittee(url)
    postgres.let_in(url.rpartition("/")[2], *ROLES)
    committee.store.close()
    trial = Trial(postgres, url)
    trial.as_("boss").assign("ann", FIRST)
    trial.as_("boss").assign("bob", SECOND)
    trial.as_("ann").read("ann", "S1-1", PR)
    trial.as_("bob").draft("bob", "S1-2")
    trial.close()
    return trial.database


@pytest.fixture
def trial(postgres: Server, begun: str) -> Iterator[Trial]:
    """A copy of it for each test."""
    trial = Trial(postgres, postgres.new_database(f"TEMPLATE {begun}"))
    yield trial
    trial.close()
