"""What is done around a read without changing it, as events of the store's own log: opened, reported, exported.

A signed read is never written to for this, and what was signed keeps its hash. One store takes no such event: one that
lies where nothing can be written, such as an archive disc.
"""

import getpass
from collections.abc import Mapping
from typing import Any

from HCCResponseLib.review.people.keys import SigningKey
from HCCResponseLib.review.store import STORE_LOG, ReadStore
from HCCResponseLib.review.store.engine import is_archived

OPENED, REPORTED, EXPORTED, COMPARED = "opened", "report-written", "exported", "compared"
LOG_COPIED, BUNDLED, UNBLINDED = "log-copied", "bundle-exported", "unblinded"


def note(
    store: ReadStore,
    actor: str,
    action: str,
    item: str,
    details: Mapping[str, Any],
    *,
    new: str = "",
    reason: str = "",
    role: str = "",
    signer: SigningKey | None = None,
) -> None:
    """Append one such event.

    Args:
        store: any read of the store.
        actor: who did it; empty where nobody signs in, for whom the account of this computer stands.
        item: what it was done with, such as ``read S1-1``.
        details: plain JSON.
        new: what came of it, in words.
    """
    if store.path is not None and is_archived(store.path):
        return
    log = store.other(STORE_LOG)
    log.append(
        actor or this_account(),
        action,
        details,
        item=item,
        new=new,
        reason=reason,
        role=role,
        profile="",
        signer=signer,
    )


def this_account() -> str:
    """The name of the computer's account, for reads that nobody signs in to."""
    try:
        return f"computer account {getpass.getuser()}"
    except (OSError, KeyError, ImportError):
        return "computer account without a name"
