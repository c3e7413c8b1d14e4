"""The key pair under which a person signs: Ed25519 (RFC 8032), the private half locked by the person's password.

    key = new_key()
    box = lock(key, password, rules)        # plain JSON; kept beside the account's event
    unlock(box, password)                   # the key again, or None for a wrong password

A password is right when it opens the lock: one Argon2id pass (RFC 9106) derives the key of a ChaCha20-Poly1305 box
(RFC 8439), and nothing in the store tells more about the password than an Argon2id hash would.
"""

import base64
import hashlib
import os
from dataclasses import dataclass, field
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from HCCResponseLib.review.people.account_rules import AccountRules


@dataclass(frozen=True)
class SigningKey:
    """A person's unlocked key; kept for the moment of signing only, never stored or shown.

    Attributes:
        private: the private half.
    """

    private: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> str:
        """The public half: 32 bytes, base64."""
        return _text(self.private.public_key().public_bytes_raw())

    @property
    def key(self) -> str:
        """Fingerprint of the public half."""
        return fingerprint(self.public)

    def sign(self, content: bytes) -> str:
        """The signature over these bytes: 64 bytes, base64."""
        return _text(self.private.sign(content))


def new_key() -> SigningKey:
    """A fresh key from the system's random numbers."""
    return SigningKey(Ed25519PrivateKey.generate())


def fingerprint(public: str) -> str:
    """SHA-256 of a public key (base64) in hexadecimal digits. Raises ``ValueError`` for what is not base64."""
    return hashlib.sha256(base64.b64decode(public, validate=True)).hexdigest()


def signature_fits(public: str, content: bytes, signature: str) -> bool:
    """Whether a signature (base64) over these bytes was made by the private half of this public key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def lock(key: SigningKey, password: str, rules: AccountRules) -> dict[str, Any]:
    """The private half locked by a password, with salt and costs, as plain JSON."""
    costs = (rules.argon2_time_cost, rules.argon2_memory_kib, rules.argon2_parallelism)
    salt, nonce = os.urandom(16), os.urandom(12)
    data = ChaCha20Poly1305(_derived(password, salt, *costs)).encrypt(
        nonce, key.private.private_bytes_raw(), key.public.encode()
    )
    packed = {"salt": _text(salt), "nonce": _text(nonce), "data": _text(data), "public": key.public}
    return {"kind": "argon2id+chacha20poly1305", "costs": list(costs), **packed}


def unlock(box: dict[str, Any], password: str) -> SigningKey | None:
    """The key out of :func:`lock`; ``None`` for a wrong password or a box that was changed."""
    salt, nonce, data = (base64.b64decode(box[name]) for name in ("salt", "nonce", "data"))
    try:
        private = ChaCha20Poly1305(_derived(password, salt, *box["costs"])).decrypt(
            nonce, data, box["public"].encode()
        )
    except InvalidTag:
        return None
    return SigningKey(Ed25519PrivateKey.from_private_bytes(private))


def _derived(password: str, salt: bytes, time_cost: int, memory_kib: int, parallelism: int) -> bytes:
    return hash_secret_raw(
        password.encode("utf-8", "surrogatepass"), salt, time_cost, memory_kib, parallelism, 32, Type.ID
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
