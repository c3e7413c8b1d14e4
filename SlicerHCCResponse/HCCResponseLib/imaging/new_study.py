"""A new study from images: which visit is which, whose they are, and ``study.yaml``."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from pydantic import ValidationError

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import write_text
from HCCResponseLib.base.text import in_one_line
from HCCResponseLib.imaging.search import FoundImage, images_at
from HCCResponseLib.imaging.study import PROFILE_FILES, STUDY_FILE, Study, load_study

_HEAD = """# Made by hcc-response; every line may be edited. The first time point is the baseline.
# A contour that a reader has drawn goes below its time point:
#     contour: {path: contour.nii.gz, drawn_by: Dr A}
"""


def visit_names(count: int) -> list[str]:
    """Names of time points in order: baseline, follow-up 1, follow-up 2, ..."""
    return ["baseline", *(f"follow-up {n}" for n in range(1, count))][:count]


def images_of(paths: Sequence[Path]) -> list[FoundImage]:
    """One image for each visit, as they were named.

    Args:
        paths: an image or a folder with one series for each visit, or one folder that holds those of all visits.

    Raises:
        InputError: a folder of several series beside other images, or an image that is named twice.
    """
    found = [images_at(path) for path in paths]
    for path, images in zip(paths, found, strict=True):
        if len(paths) > 1 and len(images) > 1:
            raise InputError(
                f"Folder '{path}' holds {len(images)} images; name one of them: {_listed(images)}."
            )
    visits = [image for images in found for image in images]
    places = [image.path.resolve() for image in visits]
    double = [path for path in dict.fromkeys(places) if places.count(path) > 1]
    if double:
        raise InputError(f"'{double[0]}' is named twice; every visit needs an image of its own.")
    return visits


def by_date(images: Sequence[FoundImage], dates: Sequence[date]) -> list[FoundImage]:
    """The visits in the order of their dates.

    Args:
        images: from :func:`images_of`.
        dates: one for each image, where headers have none; empty where all have one.

    Raises:
        InputError: several images of one day, a visit without a date, dates that are not as many as the images, or one
            that a header contradicts.
    """
    visits = list(images)
    if dates and len(dates) != len(visits):
        raise InputError(f"{len(dates)} dates were given for {len(visits)} images: {_listed(visits)}.")
    if dates:
        visits = [_dated(image, day) for image, day in zip(visits, dates, strict=True)]
    undated = [image for image in visits if image.taken is None]
    if undated:
        raise InputError(
            f"The headers do not say when these were taken: {_listed(undated)}. Give one --date for every image."
        )
    visits.sort(key=lambda image: image.taken or date.max)
    for day in {image.taken for image in visits}:
        same = [image for image in visits if image.taken == day]
        if len(same) > 1:
            raise InputError(
                f"{len(same)} images are of {day}; name the one to read at each visit: {_listed(same)}."
            )
    return visits


def other_order(paths: Sequence[Path], visits: Sequence[FoundImage]) -> str:
    """In words that visits of :func:`by_date` are in another order than they were named; empty if they are not."""
    named = [next((p for p in paths if p == v.path or p in v.path.parents), v.path) for v in visits]
    if len(paths) != len(visits) or named == list(paths):
        return ""
    order = zip(visit_names(len(visits)), visits, strict=True)
    words = ", ".join(f"{name} {image.taken} ('{image.path.name}')" for name, image in order)
    return f"The images are taken in the order of their dates, not as they were named: {words}."


def _dated(image: FoundImage, day: date) -> FoundImage:
    if image.taken is not None and image.taken != day:
        raise InputError(f"The header of {image} contradicts the date {day}.")
    return replace(image, taken=day)


def _listed(images: Sequence[FoundImage]) -> str:
    return ", ".join(str(image) for image in images)


def write_new_study(
    folder: Path,
    visits: Sequence[FoundImage],
    subject: str | None = None,
    profile: str = "recist-1.1",
    contour: Path | None = None,
    drawn_by: str | None = None,
    starts: Mapping[str, date] = MappingProxyType({}),
) -> Study:
    """Write ``study.yaml`` into a folder; images and contour stay where they are.

    Args:
        visits: from :func:`by_date`.
        subject: name of the subject; without it the patient id of the headers, in characters that a name may have.
        contour: label map of the baseline that ``drawn_by`` has drawn.
        starts: of the fields ``randomisation_date`` and ``first_dose_date`` those that are known.

    Raises:
        InputError: several patients, no name, a contour without its reader, or another study is there already.
    """
    patients = {image.patient_id for image in visits if image.patient_id}
    if len(patients) > 1:
        raise InputError(f"The images belong to different patients: {', '.join(sorted(patients))}.")
    patient = next(iter(patients), None)
    name = subject or (subject_name(patient) if patient else None)
    if name is None:
        raise InputError("The headers do not say whose images these are. Name the subject: --subject.")
    if contour is not None and not drawn_by:
        raise InputError(f"Who has drawn '{contour}'? A contour counts as its reader's: --drawn-by NAME.")
    if contour is not None and not contour.is_file():
        raise InputError(f"The contour '{contour}' does not exist.")
    if Path(profile).suffix in PROFILE_FILES:
        profile = _relative(Path(profile), folder)
    content: dict[str, Any] = {"subject": name}
    if patient and patient != name:
        content["patient_id"] = patient
    content |= {field: str(day) for field, day in starts.items()}
    points: list[dict[str, Any]] = [
        {"name": point, "date": str(image.taken), "image": _relative(image.path, folder)}
        for point, image in zip(visit_names(len(visits)), visits, strict=True)
    ]
    if contour is not None:
        points[0]["contour"] = {"path": _relative(contour, folder), "drawn_by": drawn_by}
    content |= {"profile": profile, "timepoints": points}
    return _write(folder / STUDY_FILE, content)


def subject_name(patient_id: str) -> str | None:
    """A patient id in the characters that names of subjects have: others become ``-``; None if nothing is left."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", patient_id).strip("-._")
    return name[:64] or None


def _write(path: Path, content: dict[str, Any]) -> Study:
    try:
        Study.model_validate(content)
    except ValidationError as problem:
        raise InputError(f"This study cannot be made: {in_one_line(problem, 'study', content)}.") from problem
    if path.exists():
        try:
            same = yaml.safe_load(path.read_text(encoding="utf-8")) == content
        except (OSError, ValueError, yaml.YAMLError):
            same = False
        if not same:
            raise InputError(
                f"'{path}' is there already and says something else. Edit it, or delete it and give this command "
                "again; to keep it, name that file to assess it, or another folder (-o)."
            )
    else:
        write_text(path, _HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return load_study(path)


def _relative(path: Path, folder: Path) -> str:
    """Relative where the image lies below the study, so that both can be moved together."""
    full, home = path.resolve(), folder.resolve()
    return os.path.relpath(full, home) if full.is_relative_to(home) else str(full)
