"""A read whose study names another profile than it was begun under: what differs, and going on under the new one."""

from dataclasses import dataclass

from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.base.text import one_line
from HCCResponseLib.imaging.study import Study
from HCCResponseLib.measure import convention_of
from HCCResponseLib.response.profiles.load import Profile, load_profile
from HCCResponseLib.review.read.profile import archived, profile_of
from HCCResponseLib.review.read.state import ReadState, refresh
from HCCResponseLib.review.read.workflow import this_account
from HCCResponseLib.review.store import ReadStore, blob_key

PROFILE_TAKEN = "profile-changed"
_SHOWN = 6


@dataclass(frozen=True)
class ProfileChange:
    """The profile that a read keeps, and the one that its study names now.

    Attributes:
        name: the new one as the study names it, by name or path.
    """

    before: Profile
    after: Profile
    name: str

    @property
    def words(self) -> str:
        """What differs, in one line."""
        old, new = (
            p.model_dump(mode="json", exclude={"title", "sources", "name"}) for p in (self.before, self.after)
        )
        differing = [f"{field} {old[field]} -> {new[field]}" for field in old if old[field] != new[field]]
        more = [f"and {len(differing) - _SHOWN} more"] if len(differing) > _SHOWN else []
        renamed = [f"{self.before.name} -> {self.after.name}"] if self.before.name != self.after.name else []
        return ", ".join([*renamed, *differing[:_SHOWN], *more])


def changed_profile(store: ReadStore, state: ReadState, study: Study) -> ProfileChange | None:
    """What has changed in the profile since the read was begun; ``None`` for nothing that counts.

    Another title or citation changes nothing. A read of an earlier version keeps no profile and goes by the file.

    Raises:
        ProfileError: the study's profile cannot be used.
    """
    if state.profile_key is None or state.locks.reader is not None:
        return None
    change = ProfileChange(profile_of(store, state), load_profile(study.profile), study.profile)
    return change if change.words else None


def take_profile(
    store: ReadStore, state: ReadState, change: ProfileChange, reason: str, by: str = ""
) -> None:
    """Let a read go on under the new profile; what was proposed and decided stays, the event says what has changed.

    Args:
        by: who wants it; empty: the computer's account.

    Raises:
        InputError: no reason, or the new one measures other tissue than the contours that are there.
        AccessError: the read is assigned to somebody, or a time point of it is signed.
    """
    why = one_line(reason, "the reason for the other profile", 500)
    if convention_of(change.before) is not convention_of(change.after):
        raise InputError(
            f"Profile '{change.after.name}' measures other tissue (the whole tumour, or its viable part) than "
            f"'{change.before.name}', under which this read was begun. Name another output folder to read it anew."
        )
    kept = archived(change.after)
    with store.transaction():
        refresh(store, state)
        if state.locks.reader is not None:
            raise AccessError("This read goes by the profile of its assignment; the manager assigns it anew.")
        if state.locked:
            raise AccessError(
                f"{', '.join(sorted(state.locked))} is signed under profile '{change.before.name}' as it was, and the "
                "profile of a signed read stays. Name another output folder to read it anew."
            )
        payload = {"profile": blob_key(kept), "name": change.name}
        store.append(
            by or this_account(),
            PROFILE_TAKEN,
            payload,
            [kept],
            item="profile",
            old=change.before.name,
            new=change.words,
            reason=why,
        )
    state.take_profile(payload)
