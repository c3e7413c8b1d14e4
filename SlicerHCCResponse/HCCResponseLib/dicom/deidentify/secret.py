"""What stands for a patient, an identifier, a day: made from a secret, so that the same always becomes the same.

Who has the secret can find out whether two sets are of one patient; nobody can get back from what is made without it.
"""

import hashlib
import hmac
import os
import secrets
import uuid
from dataclasses import dataclass
from pathlib import Path

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import storage_error, unread

_LENGTH = 32
# Days by which a subject's dates are moved into the past; whole weeks, so that a weekday stays one.
_FEWEST_WEEKS, _MOST_WEEKS = 5, 260


@dataclass(frozen=True)
class Secret:
    """The key of a set of images; ``Secret.new()`` for one that nobody will know."""

    key: bytes

    @classmethod
    def new(cls) -> "Secret":
        return cls(secrets.token_bytes(_LENGTH))

    def _of(self, *words: str) -> bytes:
        return hmac.new(self.key, chr(0).join(words).encode(), hashlib.sha256).digest()

    def uid(self, original: str) -> str:
        """The UID in place of one."""
        return f"2.25.{uuid.UUID(bytes=self._of('uid', original)[:16], version=4).int}"

    def subject(self, patient_id: str) -> str:
        """A name for a patient, of 8 letters and figures."""
        return f"S{int.from_bytes(self._of('subject', patient_id)[:5]) % 10**7:07d}"

    def days(self, patient_id: str) -> int:
        """By how many days a patient's dates are moved; below 0."""
        span = _MOST_WEEKS - _FEWEST_WEEKS
        return -7 * (_FEWEST_WEEKS + int.from_bytes(self._of("days", patient_id)[:4]) % span)


def kept_secret(path: Path) -> Secret:
    """The secret in a file, which is made, readable for its owner alone, where there is none yet.

    Raises:
        InputError: the file holds something else. StorageError: it cannot be written.
    """
    if path.exists():
        try:
            key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as problem:
            raise InputError(unread(f"The secret '{path}'", problem)) from problem
        if len(key) != _LENGTH:
            raise InputError(
                f"'{path}' is no secret of this software: it holds {len(key)} bytes, not {_LENGTH}."
            )
        return Secret(key)
    made = Secret.new()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
        ) as file:
            file.write(made.key.hex() + "\n")
    except OSError as problem:
        raise storage_error(path, problem) from problem
    return made
