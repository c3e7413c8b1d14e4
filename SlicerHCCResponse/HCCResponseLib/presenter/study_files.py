"""A new study from volumes that are open in the application: images and ``study.yaml`` in the folder of the read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml
from pydantic import ValidationError

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import write_text
from HCCResponseLib.base.text import in_one_line
from HCCResponseLib.imaging.new_study import visit_names
from HCCResponseLib.imaging.study import STUDY_FILE, Study, load_study
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume


@dataclass(frozen=True)
class NewPoint:
    """One time point of a study that is being put together."""

    date: date
    phase: str
    image: Volume


def write_study(folder: Path, subject: str, profile: str, points: Sequence[NewPoint]) -> Study:
    """Write the images and the study file; the earliest time point is the baseline.

    Raises:
        InputError: no time point, two on one day, a name that a study cannot have, or a study is there already.
        StorageError: a file cannot be written.
    """
    ordered = sorted(points, key=lambda p: p.date)
    if not ordered:
        raise InputError("Add at least one time point first.")
    target = folder / STUDY_FILE
    if target.exists():
        raise InputError(
            f"'{target}' exists already; open that study, or choose another folder for the new one."
        )
    entries = [
        {
            "name": n,
            "date": p.date.isoformat(),
            "phase": p.phase,
            "image": f"images/{n.replace(' ', '-')}.nrrd",
        }
        for n, p in zip(visit_names(len(ordered)), ordered, strict=True)
    ]
    content = {"subject": subject, "profile": profile, "timepoints": entries}
    try:
        Study.model_validate(content)
    except ValidationError as problem:
        raise InputError(f"This study cannot be made: {in_one_line(problem, 'study')}.") from problem
    for entry, point in zip(entries, ordered, strict=True):
        write_volume(point.image, folder / str(entry["image"]))
    write_text(target, yaml.safe_dump(content, sort_keys=False))
    return load_study(target)
