"""Servers by name, as the user has written them down; passwords are never in this file."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.folders import data_folder
from HCCResponseLib.base.yaml_files import load_checked_yaml

SERVERS_FILE = "servers.yaml"
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
AE_TITLE = r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,15}$"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_KEYRING = "hcc-response"


class Server(BaseModel):
    """An archive: by DICOMweb (``url``), or by the older services of DICOM where only these are spoken (``host``).

    Attributes:
        url: of its DICOMweb services, https unless it is on this computer.
        user: for HTTP basic authentication; the password comes from ``password_env``, else from the system's keyring.
        password_env: name of an environment variable.
        token_env: name of an environment variable with a bearer token, in place of a user.
        certificates: file of the authorities to trust, in place of the system's.
        timeout_s: how long one answer may take.
        host, port, ae_title: of the archive that speaks C-FIND, C-MOVE and C-STORE.
        our_ae_title, our_port: of this computer, as the archive knows it; it sends images there.
        unencrypted: these services have neither encryption nor passwords; the user knows that.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    user: Annotated[str, Field(min_length=1)] | None = None
    password_env: str | None = None
    token_env: str | None = None
    certificates: Path | None = None
    timeout_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    host: str | None = None
    port: Annotated[int, Field(gt=0, lt=65536)] | None = None
    ae_title: Annotated[str, Field(pattern=AE_TITLE)] | None = None
    our_ae_title: Annotated[str, Field(pattern=AE_TITLE)] = "HCCRESPONSE"
    our_port: Annotated[int, Field(gt=0, lt=65536)] = 11113
    unencrypted: bool = False

    @model_validator(mode="after")
    def _safe(self) -> "Server":
        if (self.url is None) == (self.host is None):
            raise ValueError("name a url (DICOMweb), or a host with port and ae_title")
        if self.url is None:
            return self._classic()
        parts = urlsplit(self.url)
        if not parts.hostname:
            raise ValueError("the url names no computer")
        if parts.username or parts.password:
            raise ValueError(
                "user and password do not belong into the url; name them by 'user' and 'password_env'"
            )
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError(
                "the url is not encrypted (http); only a server on this computer may be reached so"
            )
        if self.user and self.token_env:
            raise ValueError("name a user or a token, not both")
        return self

    def _classic(self) -> "Server":
        if self.port is None or self.ae_title is None:
            raise ValueError("a host needs its port and its ae_title")
        if self.user or self.token_env or self.certificates:
            raise ValueError("user, token and certificates belong to a url; a host knows none of them")
        if not self.unencrypted and self.host not in _LOOPBACK:
            raise ValueError(
                "a host is not reached encrypted; if that is allowed in your network, say unencrypted: true"
            )
        return self


class _Servers(RootModel[dict[Annotated[str, Field(pattern=NAME)], Server]]):
    pass


def servers_file() -> Path:
    """Where the servers stand: ``servers.yaml`` in the user's folder of this software."""
    return data_folder() / SERVERS_FILE


def load_servers(path: Path | None = None) -> dict[str, Server]:
    """All servers by name.

    Raises:
        InputError: the file is missing, no YAML, or says something impossible.
    """
    path = path or servers_file()
    if not path.is_file():
        raise InputError(
            f"No server is known: '{path}' does not exist. Write one line for each, for instance: "
            "hospital: {url: https://pacs.hospital.example/dicom-web, user: reader, password_env: PACS_PASSWORD}"
        )
    return load_checked_yaml(path, _Servers, "The list of servers").root


def server_named(name: str, path: Path | None = None) -> Server:
    """The server of this name. Raises ``InputError`` where there is none."""
    known = load_servers(path)
    if name not in known:
        raise InputError(f"There is no server '{name}'; known are {', '.join(sorted(known)) or 'none'}.")
    return known[name]


def password_of(name: str, server: Server) -> str | None:
    """The password of a server's user: from the environment, else from the system's keyring; ``None`` without a user.

    Raises:
        InputError: there is none.
    """
    if server.user is None:
        return None
    if server.password_env:
        return _from_environment(name, server.password_env)
    found: str | None = None
    try:
        import keyring
        import keyring.errors
    except ImportError:
        pass
    else:
        # Without a backend on this machine, or locked, it has no password either.
        with suppress(keyring.errors.KeyringError):
            found = keyring.get_password(f"{_KEYRING}:{name}", server.user)
    if found is None:
        raise InputError(
            f"No password for '{server.user}' at '{name}': name an environment variable that holds it (password_env), "
            f"or put it into the keyring: keyring set {_KEYRING}:{name} {server.user}"
        )
    return found


def token_of(name: str, server: Server) -> str | None:
    """The bearer token of a server; ``None`` where it takes none. Raises ``InputError`` if it is not set."""
    return _from_environment(name, server.token_env) if server.token_env else None


def _from_environment(name: str, variable: str) -> str:
    found = os.environ.get(variable)
    if not found:
        raise InputError(f"The environment variable {variable}, which server '{name}' needs, is not set.")
    return found
