"""What images do not say and a study needs: all of it is asked for at once, with the command that says it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from HCCResponseLib.base.errors import InputError

if TYPE_CHECKING:
    from HCCResponseLib.cli.options import ImageOptions
    from HCCResponseLib.imaging.search import FoundImage
    from HCCResponseLib.response.profiles.load import Profile

_DAY = "YYYY-MM-DD"


def require_facts(images: Sequence[FoundImage], said: ImageOptions, profile: Profile | None) -> None:
    """Refuse to begin a study while something is missing that nobody but the user knows.

    Args:
        profile: that the study is to be read by; ``None`` where it is not known yet.

    Raises:
        InputError: it names everything that is missing, and the command that gives it.
    """
    missing = [
        *_dates(images, said),
        *_subject(images, said),
        *_contour(said),
        *_start(said, profile),
    ]
    if not missing:
        return
    words = "; ".join(what for what, _ in missing)
    more = [word for _, options in missing for word in options]
    raise InputError(f"Still needed: {words}. All in one command: {_command(more)}")


def _dates(images: Sequence[FoundImage], said: ImageOptions) -> Iterable[tuple[str, list[str]]]:
    undated = [image.path.name for image in images if image.taken is None]
    given = said.dates or []
    if len(given) == len(images) or not (undated or given):
        return
    names = ", ".join(f"'{name}'" for name in undated)
    what = (
        f"the day of every image, since the headers of {names} have none"
        if undated
        else "as many dates as images"
    )
    if given:
        what += f" ({len(given)} given for {len(images)} images)"
    days = [image.taken or day or _DAY for image, day in zip_longest(images, given[: len(images)])]
    yield what, [word for day in days for word in ("--date", str(day))]


def _subject(images: Sequence[FoundImage], said: ImageOptions) -> Iterable[tuple[str, list[str]]]:
    from HCCResponseLib.imaging.new_study import subject_name

    known = [image.patient_id for image in images if image.patient_id and subject_name(image.patient_id)]
    if said.subject is None and not known:
        yield "a name for the subject (the headers have no patient id)", ["--subject", "NAME"]


def _contour(said: ImageOptions) -> Iterable[tuple[str, list[str]]]:
    if said.contour is not None and not said.drawn_by:
        yield f"who has drawn '{said.contour.name}'", ["--drawn-by", "NAME"]


def _start(said: ImageOptions, profile: Profile | None) -> Iterable[tuple[str, list[str]]]:
    from HCCResponseLib.review.read.start import START_FIELDS

    field, words = START_FIELDS.get(profile.sd_min_reference if profile else "", ("", ""))
    if profile is not None and field and field not in said.starts:
        what = f"the day of {words}, from which '{profile.name}' counts the minimum time of stable disease"
        yield what, [f"--{field.replace('_', '-')}", _DAY]


def _command(more: Sequence[str]) -> str:
    """The command as it was given, with the missing words; dates are given anew where they are among these."""
    words, kept = iter(sys.argv[1:]), []
    for word in words:
        if "--date" in more and word == "--date":
            next(words, None)
        elif not ("--date" in more and word.startswith("--date=")):
            kept.append(word)
    return shlex.join(["hcc-response", *kept, *more])
