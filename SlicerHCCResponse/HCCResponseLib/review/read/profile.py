"""The profile of a read: kept with it as it was when the read was made, and used from there ever after."""

import json
from functools import lru_cache

from pydantic import ValidationError

from HCCResponseLib.base.errors import ProfileError
from HCCResponseLib.base.text import in_one_line
from HCCResponseLib.response.profiles.load import LATER, Profile, load_profile
from HCCResponseLib.review.read.state import ReadState
from HCCResponseLib.review.store import ReadStore

_BEFORE = "the read was begun before profiles had this field"


def archived(profile: Profile) -> bytes:
    """All values of a profile with their sources, to be stored under their hash."""
    return json.dumps(profile.model_dump(mode="json"), sort_keys=True).encode()


def profile_of(store: ReadStore, state: ReadState) -> Profile:
    """The profile under which a read is read, whatever has become of its file since.

    Reads of earlier versions have none of their own: for them it is the one that their study names, as it is now.

    Args:
        store: of this read.

    Raises:
        ProfileError: the study's profile is not there, or the one kept with the read is not one of this version.
        StorageError: the one kept with the read is damaged.
    """
    assert state.study is not None
    if state.profile_key is None:
        return load_profile(state.study.profile).with_overrides(LATER, _BEFORE)
    return _restored(store.blob(state.profile_key))


@lru_cache(maxsize=32)
def _restored(data: bytes) -> Profile:
    try:
        return Profile.model_validate_json(_with_later_fields(data))
    except ValidationError as problem:
        raise ProfileError(
            f"The profile kept with this read does not fit this version: {in_one_line(problem, 'the profile')}."
        ) from problem


def _with_later_fields(data: bytes) -> bytes:
    """A kept profile with the fields that did not exist then, under the value by which its read was read."""
    try:
        kept = json.loads(data)
        missing = {name: value for name, value in LATER.items() if name not in kept}
        sources = {**kept["sources"], **dict.fromkeys(missing, _BEFORE)}
    except (ValueError, KeyError, TypeError):
        return data  # no profile at all, which its check will say
    return json.dumps({**kept, **missing, "sources": sources}).encode()
