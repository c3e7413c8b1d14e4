"""An open read: its store, its state and the images of its time points; opened anew or resumed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.imaging.study import STUDY_FILE, Study, TimePointEntry, load_contour, load_image
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.response.profiles.load import Profile, load_profile
from HCCResponseLib.review.read.access import Stage
from HCCResponseLib.review.read.lifecycle import stage
from HCCResponseLib.review.read.profile import archived
from HCCResponseLib.review.read.start import require_start
from HCCResponseLib.review.read.state import ReadState, read_life, read_state
from HCCResponseLib.review.read.workflow import OPENED, note
from HCCResponseLib.review.store import ReadStore, blob_key

STORE = "read.sqlite"


@dataclass
class Session:
    """An open read: the store, its state, the images of all time points."""

    study: Study
    folder: Path
    store: ReadStore
    state: ReadState
    images: dict[str, Volume]

    def image(self, point: TimePointEntry) -> Volume:
        """The image of a time point.

        Raises:
            AccessError: reading is sequential and an earlier time point is not locked yet.
        """
        if stage(self.state, point.name) is Stage.WAITING:
            raise AccessError(
                f"'{point.name}' is shown when every time point before it is signed and locked."
            )
        return self.images[point.name]


def load_images(study: Study) -> tuple[dict[str, Volume], dict[str, Any]]:
    """All images of a study by time point, and the fingerprint of each with its contour.

    Raises:
        InputError: an image or contour cannot be used.
    """
    images = {p.name: load_image(study, p) for p in study.timepoints}
    for point in study.timepoints:
        if point.contour:
            load_contour(point, images[point.name])
    return images, {p.name: _fingerprint(p, images[p.name]) for p in study.timepoints}


def holds_read_alone(folder: Path) -> bool:
    """Whether a folder holds a read, and its study file lies elsewhere."""
    return (folder / STORE).is_file() and not (folder / STUDY_FILE).is_file()


def stored_study(folder: Path) -> Study:
    """The study of the read in a folder as it was begun. Raises ``InputError`` where it never was."""
    store = ReadStore(folder / STORE)
    try:
        study = read_life(store).study
    finally:
        store.close()
    if study is None:
        raise InputError(
            f"The read in '{folder}' was never begun. Run: hcc-response assess IMAGE... -o '{folder}'"
        )
    return study


def open_session(
    study: Study,
    folder: Path,
    opened: tuple[ReadStore, ReadState] | None = None,
    by: str = "",
    other_profile: bool = False,
) -> Session:
    """Open the read of a study in an output folder, or resume the one that is there.

    Everything that the study names is read and checked first, so that bad input leaves nothing behind.

    Args:
        opened: an assigned read, as :func:`HCCResponseLib.review.committee.assignments.open_read` hands it out.
        by: who opens it, for the log; whoever signed in for an assigned read, else the computer's account.
        other_profile: let the study name another profile; the caller then asks
            :func:`HCCResponseLib.review.read.profile_change.changed_profile`.

    Raises:
        InputError: an image or contour cannot be used, the study lacks a date that its profile needs, or the folder
            holds the read of another study or profile.
        AccessError: the read is assigned to somebody and was not opened by that person.
    """
    if opened is None and not (Path(folder) / STORE).exists():
        require_start(study, load_profile(study.profile))
    images, fingerprints = load_images(study)
    store = opened[0] if opened else ReadStore(Path(folder) / STORE)
    state = opened[1] if opened else read_state(store)
    if opened is None and state.locks.reader is not None:
        store.close()
        raise AccessError(f"The read in '{folder}' is assigned to '{state.locks.reader}', who must sign in.")
    if state.study is None:
        write_study(store, "software", study, fingerprints, load_profile(study.profile))
        state = read_state(store)
    elif state.fingerprints != fingerprints or state.study.subject != study.subject:
        store.close()
        raise InputError(
            f"'{folder}' holds the read of another study: {_difference(state, study, fingerprints)}. Name another "
            "output folder to read it anew, or put back what has changed."
        )
    elif not other_profile and _profile_name(state.study) != _profile_name(study):
        # Its path may change with the folder; the read goes on under the copy that it keeps.
        store.close()
        raise InputError(
            f"The read in '{folder}' was begun under profile '{state.study.profile}', the study now names "
            f"'{study.profile}'. Name another output folder to read it anew, or put the profile back."
        )
    actor = by or (state.person.name if state.person else "")
    note(store, actor, OPENED, f"read {store.read_id}", {"subject": study.subject})
    return Session(study, Path(folder), store, state, images)


def write_study(
    store: ReadStore, actor: str, study: Study, fingerprints: Mapping[str, Any], profile: Profile
) -> None:
    """Begin a read: its study, the fingerprints of its images and its profile, which stays as it is now.

    Raises:
        InputError: the study lacks a date that the profile needs.
    """
    require_start(study, profile)
    kept = archived(profile)
    content = {"study": study.model_dump(mode="json"), "fingerprints": dict(fingerprints)}
    store.append(actor, "study", {**content, "profile": blob_key(kept)}, [kept], item="study")


def _profile_name(study: Study) -> str:
    return Path(study.profile).name.removesuffix(".yaml").removesuffix(".yml")


def _difference(state: ReadState, study: Study, now: Mapping[str, Mapping[str, Any]]) -> str:
    """What of a study is not as it was when its read began, in words."""
    assert state.study is not None  # whoever asks has seen to it
    before = state.fingerprints
    if state.study.subject != study.subject:
        return f"subject '{state.study.subject}' is called '{study.subject}' now"
    if list(before) != list(now):
        return f"its time points were {', '.join(before)}, now they are {', '.join(now)}"
    words = {"date": "the date", "image_sha256": "the image", "contour_sha256": "the given contour"}
    changed = [
        f"{what} of '{point}' has changed"
        for point in before
        for name, what in words.items()
        if before[point].get(name) != now[point].get(name)
    ]
    return ", ".join(changed)


def _fingerprint(point: TimePointEntry, image: Volume) -> dict[str, Any]:
    contour = hashlib.sha256(point.contour.file.read_bytes()).hexdigest() if point.contour else None
    return {
        "date": point.date.isoformat(),
        "image_sha256": image.voxels_sha256,
        "contour_sha256": contour,
    }
