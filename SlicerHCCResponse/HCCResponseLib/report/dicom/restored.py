"""A read made anew from its DICOM objects: the same lesions, diameters and category, in a store of its own."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from HCCResponseLib.base.errors import HCCResponseError, InputError, StorageError
from HCCResponseLib.base.files import write_text
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.base.text import in_one_line
from HCCResponseLib.dicom.catalogue.walk import FoundFiles
from HCCResponseLib.dicom.decided import DecidedRead, DecidedVisit
from HCCResponseLib.imaging.dicom_headers import header_text, study_day
from HCCResponseLib.imaging.series import stack_of
from HCCResponseLib.imaging.slice_list import SLICE_LIST, write_slice_list
from HCCResponseLib.imaging.study import NAME, STUDY_FILE, Study, load_study
from HCCResponseLib.report.dicom.restored_rows import decide_visit, differences
from HCCResponseLib.report.subject.output import file_stems
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.read.category import missing
from HCCResponseLib.review.read.session import STORE, Session, open_session
from HCCResponseLib.review.read.transaction import all_or_nothing

# The study has its name only once the read is whole: what was stopped on the way cannot be opened.
_UNFINISHED = "restoring.yaml"
_LISTED = 8


@dataclass(frozen=True)
class Restored:
    """What came of it.

    Attributes:
        profile: by which the new read assesses.
        notes: in what the new read differs from its reports, and what has to be decided again.
    """

    session: Session
    profile: str
    notes: tuple[str, ...]


def restore(
    read: DecidedRead, found: FoundFiles, folder: Path, profile: str = "", subject: str = ""
) -> Restored:
    """Write a study of the read's images, and decide in its read what the reports say that was decided.

    Args:
        found: the files among which the images and segmentations are.
        folder: for ``study.yaml`` and the read; new, empty, or with what a restoring that was stopped has left.
        profile: to assess by, a name or a file; without it the one of the reports' criterion.
        subject: name of the subject; without it the patient ID, as far as it can be one.

    Raises:
        InputError: reports, images or a segmentation are missing or damaged, or the folder is not empty.
        StorageError: the disk is full, or the folder cannot be written.
    """
    folder = folder.resolve()
    if folder.is_dir() and (others := sorted(p.name for p in folder.iterdir() if not _is_left(p))):
        raise InputError(f"'{folder}' is not empty ({others[0]}); choose another folder for the read.")
    read.require_whole()
    profile = _profile_of(read, profile)
    by_uid = {header_text(h, "SOPInstanceUID"): h for h in found.headers}
    for visit in read.visits:
        _require_there(visit, by_uid, found)
    lists, content = _study(read, by_uid, profile, subject)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _take_away(folder)
        return _made(folder, read, by_uid, lists, content)
    except OSError as problem:
        raise StorageError(f"'{folder}' cannot be written: {problem.strerror or problem}.") from problem


def _made(
    folder: Path,
    read: DecidedRead,
    by_uid: Mapping[str, Any],
    lists: Mapping[str, tuple[str, Sequence[Path]]],
    content: Mapping[str, Any],
) -> Restored:
    session = None
    try:
        write_text(folder / _UNFINISHED, yaml.safe_dump(dict(content), sort_keys=False))
        for name, (series, files) in lists.items():
            write_slice_list(folder / name, series, files)
        session = open_session(load_study(folder / _UNFINISHED), folder)
        notes = _decided(session, read, by_uid)
        (folder / _UNFINISHED).rename(folder / STUDY_FILE)
    except BaseException:
        # All or nothing.
        if session is not None:
            session.store.close()
        _take_away(folder)
        raise
    return Restored(session, str(content["profile"]), notes)


def _is_left(path: Path) -> bool:
    """Whether this is of a restoring that was stopped: its study has another name than a whole one's."""
    if not (path.parent / _UNFINISHED).exists():
        return False
    return path.name == _UNFINISHED or path.suffix == SLICE_LIST or path.name.startswith((STORE, ".writing-"))


def _take_away(folder: Path) -> None:
    """Take away what a restoring has left, and nothing else; its mark goes last."""
    left = [path for path in folder.iterdir() if _is_left(path)]
    for path in sorted(left, key=lambda one: one.name == _UNFINISHED):
        path.unlink()


def _profile_of(read: DecidedRead, wanted: str) -> str:
    """The profile to assess by; a file by its full path, since the study lies elsewhere."""
    if wanted:
        known = Path(wanted).resolve() if Path(wanted).suffix in (".yaml", ".yml") else wanted
        load_profile(known)
        return str(known)
    criterion = read.visits[0].report.categories[0].criterion
    stems = [path.stem for path in sorted(resource_path("Profiles").glob("*.yaml"))]
    same = [stem for stem in stems if load_profile(stem).criterion == criterion]
    if not same:
        raise InputError(f"No profile of this software assesses by '{criterion}'; name one (--profile).")
    # A profile that only changes another one's limits has a longer name.
    return min(same, key=len)


def _require_there(visit: DecidedVisit, by_uid: Mapping[str, Any], found: FoundFiles) -> None:
    """Every slice and the segmentation of a visit is among the files, once."""
    wanted = [*visit.slices, *([visit.segmentation] if visit.segmentation else [])]
    for uid in wanted:
        if uid in found.contradicting:
            one, other = found.contradicting[uid][:2]
            raise InputError(
                f"'{one}' and '{other}' have one identifier and different contents; which of them was read at "
                f"'{visit.report.time_point}' nobody can tell. Keep the files of one export only."
            )
    lost = sum(uid not in by_uid for uid in visit.slices)
    where = f"'{visit.report.time_point}'"
    faults = "".join(f" {fault}" for fault in found.faults[:_LISTED])
    if lost:
        raise InputError(
            f"{lost} of the {len(visit.slices)} slices that {where} was read on are not among the files (series "
            f"{visit.series}). Fetch the images of the study, too.{faults}"
        )
    if visit.segmentation and visit.segmentation not in by_uid:
        raise InputError(
            f"The segmentation that the report of {where} names is not among the files ({visit.segmentation}).{faults}"
        )


def _study(
    read: DecidedRead, by_uid: Mapping[str, Any], profile: str, subject: str
) -> tuple[dict[str, tuple[str, Sequence[Path]]], dict[str, Any]]:
    """The lists of slices by their file name, and the content of the study file, which is checked."""
    names = [visit.report.time_point for visit in read.visits]
    if odd := [name for name in names if not re.match(NAME, name)]:
        raise InputError(f"The reports call a time point {odd[0]!r}, which no study can.")
    stems, points = file_stems(names), []
    lists: dict[str, tuple[str, Sequence[Path]]] = {}
    for visit, name in zip(read.visits, names, strict=True):
        headers = [by_uid[uid] for uid in visit.slices]
        first = Path(headers[0].filename)
        files = dict.fromkeys(Path(s.filename) for s in stack_of(first.parent, headers).slices)
        lists[f"{stems[name]}{SLICE_LIST}"] = (visit.series, tuple(files))
        points.append({"name": name, "date": _day(headers[0]), "image": f"{stems[name]}{SLICE_LIST}"})
    subject = subject or re.sub(r"[^A-Za-z0-9 ._-]+", "-", read.patient_id).strip(" ._-")[:64] or "subject"
    content: dict[str, Any] = {"subject": subject, "profile": profile, "timepoints": points}
    if read.patient_id and read.patient_id != subject:
        content = {
            "subject": subject,
            "patient_id": read.patient_id,
            "profile": profile,
            "timepoints": points,
        }
    try:
        Study.model_validate(content)
    except ValidationError as problem:
        raise InputError(f"The reports make no study: {in_one_line(problem, 'study')}.") from problem
    return lists, content


def _day(header: Any) -> date:
    text = study_day(header) or ""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"'{header.filename}' says no day of its study (0008,0020), which a time point needs."
        ) from None


def _decided(session: Session, read: DecidedRead, by_uid: Mapping[str, Any]) -> tuple[str, ...]:
    notes: list[str] = []
    pairs = list(zip(session.study.timepoints, read.visits, strict=True))
    with all_or_nothing(session.store, session.state):
        for point, visit in pairs:
            path = Path(by_uid[visit.segmentation].filename) if visit.segmentation else None
            try:
                notes += decide_visit(session, point, visit, path)
            except HCCResponseError as problem:
                raise InputError(f"The report '{visit.path}' cannot be taken over: {problem}") from problem
        undecided = missing(session.state)
        for point, visit in pairs:
            notes += differences(session, point, visit, decided=not undecided)
    return (*notes, *undecided)
