"""Rules for accounts and passwords (21 CFR 11.300): data, not constants; a site can put its own values in."""

from functools import lru_cache
from pathlib import Path

import argon2
from pydantic import BaseModel, ConfigDict, Field

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.base.yaml_files import load_checked_yaml


class AccountRules(BaseModel):
    """What a password must be like, how long it lasts, and when an account is locked out.

    Attributes:
        min_length, max_length: characters.
        min_different_characters: of all characters of the password.
        failures_before_lock: failed sign-ins in a row that lock an account out.
        lock_minutes: how long; ``None``: until a manager lets the person in again.
        password_days: age at which a password must be changed; ``None``: never.
        remembered_passwords: so many earlier passwords cannot be used again.
        argon2_time_cost, argon2_memory_kib, argon2_parallelism: cost of one password check.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_length: int = Field(ge=8, le=64)
    max_length: int = Field(ge=64, le=1024)
    min_different_characters: int = Field(ge=1, le=20)
    failures_before_lock: int = Field(ge=1, le=20)
    lock_minutes: int | None = Field(ge=1)
    password_days: int | None = Field(ge=1)
    remembered_passwords: int = Field(ge=0, le=50)
    argon2_time_cost: int = Field(ge=1, le=20)
    argon2_memory_kib: int = Field(ge=8192, le=4194304)
    argon2_parallelism: int = Field(ge=1, le=16)

    def words(self, changed: bool = False) -> str:
        """What a password must be like, as a sentence to show before it is chosen.

        Args:
            changed: it takes the place of an earlier one.
        """
        parts = [f"{self.min_length} to {self.max_length} characters"]
        if self.min_different_characters > 1:
            parts.append(f"at least {self.min_different_characters} different ones")
        parts.append("no part of the person's name")
        if changed and self.remembered_passwords:
            before = self.remembered_passwords
            parts.append("not the last password" if before == 1 else f"none of the last {before} passwords")
        return f"A new password: {', '.join(parts)}."

    def check_password(self, password: str, name: str, printed_name: str) -> None:
        """Refuse a weak password.

        Raises:
            InputError: what is wrong with it; the password itself is never shown.
        """
        plain = password.casefold()
        words = [w for w in (name, *printed_name.split()) if len(w) > 3]
        problem = ""
        if not self.min_length <= len(password) <= self.max_length:
            problem = f"it must have {self.min_length} to {self.max_length} characters"
        elif len(set(password)) < self.min_different_characters:
            problem = f"it must hold at least {self.min_different_characters} different characters"
        elif any(word.casefold() in plain for word in words):
            problem = "it holds the person's name"
        if problem:
            raise InputError(f"This password cannot be used: {problem}.")

    def hasher(self) -> argon2.PasswordHasher:
        """Argon2id with these costs."""
        return argon2.PasswordHasher(
            self.argon2_time_cost, self.argon2_memory_kib, self.argon2_parallelism, type=argon2.Type.ID
        )


def load_rules(path: Path) -> AccountRules:
    """Rules from a YAML file.

    Raises:
        InputError: missing, not YAML, an unknown, missing or impossible value; the message names it.
    """
    return load_checked_yaml(path, AccountRules, "Account rules")


@lru_cache(maxsize=1)
def shipped_rules() -> AccountRules:
    """The rules that hold until a manager puts others in."""
    return load_rules(resource_path("Accounts/rules.yaml"))
