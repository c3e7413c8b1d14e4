"""A PostgreSQL server of the tests' own: started from the installed programs, on loopback, gone at the end."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from waiting import PATIENCE_S, wait_until

PASSWORD = "se/cret"
WANTED = "PostgreSQL's server programs are not installed here (apt-get install postgresql)"


def programs() -> Path | None:
    """Folder with ``initdb`` and ``postgres``, newest first; ``None`` where there is none."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: -float(p.parent.name))
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


class Server:
    """One server with its data in a folder of its own; ``durable``: every commit waits for the disk."""

    def __init__(self, bin_folder: Path, folder: Path, durable: bool = False) -> None:
        self._durable = durable
        # The server refuses to run as root.
        self._user = (
            {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        )
        self._bin = bin_folder
        self._data = folder / "data"
        self._numbers = itertools.count()
        self.own(folder)
        word = folder / "password"
        word.write_text(PASSWORD, encoding="utf-8")
        self._call("initdb", "-D", self._data, "-U", "owner", "--auth=scram-sha-256", f"--pwfile={word}",
                   "--encoding=UTF8", "--locale=C", "--no-sync")  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    def _call(self, program: str, *arguments: str | Path) -> None:
        command = [self._bin / program, *arguments]
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", cwd="/", check=False, **self._user
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self._data}
        if not self._durable:
            # The tests end the server, not the machine under it: what it has handed over to the system survives.
            options |= {"fsync": "off", "full_page_writes": "off"}
        words = [w for name, value in options.items() for w in ("-c", f"{name}={value}")]
        with (self._data.parent / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, *words],
                stdout=log,
                stderr=log,
                cwd="/",
                **self._user,
            )
        wait_until(self._answers, pause_s=0.1)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            self.query("postgres", "SELECT 1")
        except (OSError, SQLAlchemyError):
            assert self._process.poll() is None, (self._data.parent / "log").read_text(encoding="utf-8")
            return False
        return True

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it; ``SIGQUIT`` is what a crash looks like, ``SIGINT`` is in order."""
        self._process.send_signal(how)
        self._process.wait(PATIENCE_S)

    def query(self, database: str, *statements: str) -> None:
        """Run statements as the owner, each by itself."""
        engine = create_engine(self.url(database).replace("postgresql", "postgresql+psycopg"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    def url(self, database: str, user: str = "owner", password: str = PASSWORD) -> str:
        """URL of one of its databases."""
        return f"postgresql://{user}:{password.replace('/', '%2F')}@127.0.0.1:{self.port}/{database}"

    def let_in(self, database: str, *names: str) -> None:
        """Give people a login each that may look into a database, as docs/store.md says it."""
        logins = "".join(
            f"IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{name}') THEN CREATE ROLE {name} LOGIN; END IF; "
            f"ALTER ROLE {name} PASSWORD '{PASSWORD}'; GRANT SELECT ON events, blobs, alembic_version TO {name}; "
            f"GRANT SELECT, INSERT, UPDATE ON standings TO {name}; "
            for name in names
        )
        self.query(database, f"DO $$ BEGIN {logins} END $$")

    def own(self, folder: Path) -> None:
        """Give a folder to the user that the server runs as."""
        if self._user:
            shutil.chown(folder, "postgres", "postgres")

    def new_database(self, options: str = "") -> str:
        """The URL of an empty database."""
        name = f"reads_{next(self._numbers)}"
        self.query("postgres", f"CREATE DATABASE {name} {options}")
        return self.url(name)


@contextmanager
def running_server(durable: bool = False) -> Iterator[Server]:
    """A server while it is needed. Raises ``FileNotFoundError`` where its programs are not installed."""
    folder = programs()
    if folder is None:
        raise FileNotFoundError(WANTED)
    # Not below pytest's own folder, which only the user may enter who runs the tests.
    work = Path(tempfile.mkdtemp(prefix="hcc-postgres-"))
    server = None
    try:
        server = Server(folder, work, durable)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(work, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The server; tests that need it say that they were skipped where its programs are not installed."""
    if programs() is None:
        pytest.skip(WANTED)
    with running_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a new store: the path of a file, and the URL of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "read.sqlite")
    server: Server = request.getfixturevalue("postgres")
    return server.new_database()
