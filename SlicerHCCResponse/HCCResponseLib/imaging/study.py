"""``study.yaml``: one subject, its time points, their images and the contours that readers have already drawn."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import is_there
from HCCResponseLib.base.text import in_one_line
from HCCResponseLib.base.yaml_files import yaml_fault
from HCCResponseLib.imaging.dicom_seg import SegmentInfo, read_dicom_seg, segments_of
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.volumes import LabelMap, Volume, require_same_grid

NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


STUDY_FILE = "study.yaml"
PROFILE_FILES = (".yaml", ".yml")


class ContourEntry(_Strict):
    """Contours that a reader has drawn and accepted, in one of two kinds of files.

    Attributes:
        path: label map file.
        dicom_seg: DICOM Segmentation; its segments are the lesions.
        drawn_by: the reader who drew and accepted it.
        viable: it shows the viable (arterially enhancing) parts, as mRECIST, EASL and qEASL need them.
        lesions: label value, or segment number, to lesion name; without it, value n is lesion ``Ln`` (a single value is
            ``L1``), and a segment has the name that it carries.
    """

    path: Path | None = None
    dicom_seg: Path | None = None
    drawn_by: str = Field(min_length=1, max_length=100)
    viable: bool = False
    lesions: dict[int, Annotated[str, Field(pattern=NAME)]] | None = None

    @field_validator("lesions")
    @classmethod
    def _names_differ(cls, value: dict[int, str] | None) -> dict[int, str] | None:
        if value is not None and len(set(value.values())) != len(value):
            raise ValueError("two label values carry the same lesion name")
        return value

    @model_validator(mode="after")
    def _one_file(self) -> "ContourEntry":
        if (self.path is None) == (self.dicom_seg is None):
            raise ValueError("name one file: 'path' for a label map, or 'dicom_seg' for a DICOM Segmentation")
        return self

    @property
    def file(self) -> Path:
        """The file, of whichever kind."""
        found = self.dicom_seg or self.path
        assert found is not None  # the validator has seen to it
        return found


class TimePointEntry(_Strict):
    """One visit: its name, date, image, contrast phase in words and, where a reader has drawn one, its contour."""

    name: str = Field(pattern=NAME)
    date: date
    image: Path
    phase: str | None = Field(default=None, max_length=40)
    subject: str | None = None
    contour: ContourEntry | None = None


class Study(_Strict):
    """A subject with its time points in order; the first one is the baseline.

    Attributes:
        subject: name of the subject in this study, as reports and exports show it.
        patient_id: what the images' headers call this patient (DICOM 0010,0020), where that differs from ``subject``.
        randomisation_date, first_dose_date: where the profile counts the minimum time of SD from one of them.
    """

    subject: str = Field(pattern=NAME)
    patient_id: str | None = Field(default=None, min_length=1, max_length=64)
    profile: str = "recist-1.1"
    randomisation_date: date | None = None
    first_dose_date: date | None = None
    timepoints: tuple[TimePointEntry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "Study":
        names = [t.name for t in self.timepoints]
        if len(set(names)) != len(names):
            raise ValueError("two time points have the same name")
        for before, after in zip(self.timepoints, self.timepoints[1:], strict=False):
            if after.date <= before.date:
                raise ValueError(
                    f"dates are out of order: '{after.name}' ({after.date}) does not come after "
                    f"'{before.name}' ({before.date})"
                )
        for point in self.timepoints:
            if point.subject is not None and point.subject != self.subject:
                raise ValueError(
                    f"time point '{point.name}' belongs to subject '{point.subject}', the study to '{self.subject}'"
                )
        return self


def load_study(path: Path) -> Study:
    """Read and check ``study.yaml``; relative paths are taken from its folder.

    Raises:
        InputError: missing, not YAML, an unknown or impossible field, or a file it names does not exist.
    """
    path = Path(path)
    if path.is_dir():
        path = path / STUDY_FILE
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as problem:
        raise InputError(f"Study file '{path}' does not exist.") from problem
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise InputError(f"Study file '{path}' cannot be read as YAML: {yaml_fault(problem)}.") from problem
    if not isinstance(raw, dict):
        raise InputError(f"Study file '{path}' is not a mapping with 'subject' and 'timepoints'.")
    try:
        study = Study.model_validate(raw)
    except ValidationError as problem:
        raise InputError(f"Study file '{path}': {in_one_line(problem, 'study', raw)}.") from problem
    return _absolute(study, path.resolve().parent)


def _absolute(study: Study, folder: Path) -> Study:
    points = []
    for point in study.timepoints:
        changes: dict[str, Any] = {"image": folder / point.image}
        _require_file(folder / point.image, f"image of time point '{point.name}'")
        if point.contour:
            _require_file(folder / point.contour.file, f"contour of time point '{point.name}'")
            kind = "path" if point.contour.dicom_seg is None else "dicom_seg"
            changes["contour"] = point.contour.model_copy(update={kind: folder / point.contour.file})
        points.append(point.model_copy(update=changes))
    profile = study.profile
    # One that lies beside the study goes before those that have a name elsewhere.
    if is_there(folder / f"{profile}.yaml"):
        profile = f"{profile}.yaml"
    if Path(profile).suffix in PROFILE_FILES:
        _require_file(folder / profile, "profile")
        profile = str(folder / profile)
    return study.model_copy(update={"timepoints": tuple(points), "profile": profile})


def _require_file(path: Path, what: str) -> None:
    if not is_there(path):
        raise InputError(
            f"The {what}, '{str(path)[:300]}', does not exist. Check the path in the study file."
        )


def load_image(study: Study, point: TimePointEntry) -> Volume:
    """Read the image of a time point and check that it is this subject's and this date's.

    Raises:
        InputError: unreadable, or its DICOM identity contradicts the study file.
    """
    volume = read_volume(point.image)
    expected = study.patient_id or study.subject
    if volume.patient_id and volume.patient_id != expected:
        raise InputError(
            f"Image '{point.image}' belongs to patient '{volume.patient_id}', the study to '{expected}'. "
            f"If they are the same person, write patient_id: \"{volume.patient_id}\" below 'subject' in the study file."
        )
    if volume.study_date and volume.study_date != point.date.isoformat():
        raise InputError(
            f"Image '{point.image}' was acquired on {volume.study_date}, the study file says {point.date} for "
            f"'{point.name}'."
        )
    return volume


def contour_names(point: TimePointEntry) -> list[str]:
    """Names of the lesions that a time point's contour shows; none without a contour.

    Raises:
        InputError: the contour cannot be read.
    """
    if point.contour is None:
        return []
    entry = point.contour
    if entry.lesions:
        return list(entry.lesions.values())
    if entry.dicom_seg is not None:
        return list(_segment_names(entry.dicom_seg, segments_of(entry.dicom_seg)).values())
    return list(_default_names(read_label_map(entry.file)).values())


def _default_names(contour: LabelMap) -> dict[int, str]:
    values = contour.values()
    return {values[0]: "L1"} if len(values) == 1 else {v: f"L{v}" for v in values}


def _segment_names(path: Path, segments: Sequence[SegmentInfo]) -> dict[int, str]:
    """The name of the lesion that each segment is. Raises ``InputError``."""
    names = {segment.number: segment.name for segment in segments}
    wrong = [name for name in names.values() if not re.match(NAME, name)]
    if wrong or len(set(names.values())) != len(names):
        why = f"'{wrong[0]}' cannot be the name of a lesion" if wrong else "two of its segments have one name"
        raise InputError(
            f"Segmentation '{path}': {why}. Name them in the study file: lesions: {{1: L1, 2: L2}}."
        )
    return names


def load_contour(point: TimePointEntry, image: Volume) -> tuple[LabelMap, dict[int, str]]:
    """Read a time point's accepted contour and the lesion name of each of its values.

    Raises:
        InputError: no contour, empty, or values that the study file does not name.
        GeometryError: it was not drawn on this image.
    """
    if point.contour is None:
        raise InputError(f"Time point '{point.name}' has no contour in the study file.")
    entry, names = point.contour, point.contour.lesions
    if entry.dicom_seg is not None:
        contour, segments = read_dicom_seg(entry.dicom_seg, image)
        names = names or _segment_names(entry.dicom_seg, segments)
    else:
        contour = read_label_map(entry.file)
        require_same_grid(contour, image)
    values = contour.values()
    if names is None:
        return contour, _default_names(contour)
    unknown = sorted(set(values) - set(names))
    if unknown:
        raise InputError(
            f"Contour '{entry.file}' holds unknown label values {unknown}; "
            f"the study file names {sorted(names)}."
        )
    absent = sorted(set(names) - set(values))
    if absent:
        raise InputError(
            f"The study file names label values {absent}, which contour '{entry.file}' does not hold "
            f"(it holds {list(values)})."
        )
    return contour, dict(names)
