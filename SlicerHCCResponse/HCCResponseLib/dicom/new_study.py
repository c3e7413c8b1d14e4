"""A study file whose images are series that stay where they are, among others."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from HCCResponseLib.base.errors import HCCResponseError, InputError
from HCCResponseLib.dicom.catalogue.choice import Proposed, Visit
from HCCResponseLib.imaging.new_study import visit_names, write_new_study
from HCCResponseLib.imaging.search import FoundImage
from HCCResponseLib.imaging.slice_list import SLICE_LIST, read_slice_list, write_slice_list
from HCCResponseLib.imaging.study import STUDY_FILE


def write_study(folder: Path, visits: Sequence[Visit], subject: str | None, profile: str) -> Path:
    """Write the study file of visits, with the lists of slices that it names: all of them, or none.

    Args:
        subject: name of the subject; without it the patient ID.

    Raises:
        InputError: another study or list is there already, or the subject has no name.
        StorageError: the disk is full, or the folder cannot be written.
    """
    before = set(folder.glob(f"*{SLICE_LIST}"))
    try:
        write_new_study(folder, write_visits(folder, visits), subject, profile)
    except HCCResponseError:
        for new in set(folder.glob(f"*{SLICE_LIST}")) - before:
            new.unlink()
        raise
    return folder / STUDY_FILE


def write_visits(folder: Path, visits: Sequence[Visit]) -> list[FoundImage]:
    """Write a list of slices for every phase of every visit, and say which are the visits' images.

    Args:
        folder: of the study file.
        visits: by day, the first is the baseline.

    Returns:
        for each visit the list of the series that it is measured on, for :func:`.write_new_study`.

    Raises:
        InputError: another list of that name is there already.
        StorageError: the disk is full, or the folder cannot be written.
    """
    lists: dict[Path, Proposed] = {}
    images = []
    for name, visit in zip(visit_names(len(visits)), visits, strict=True):
        for phase, proposed in visit.proposed.items():
            end = "" if phase is visit.measured else f"-{phase.replace(' ', '-')}"
            lists[folder / f"{name.replace(' ', '-')}{end}{SLICE_LIST}"] = proposed
        path = folder / f"{name.replace(' ', '-')}{SLICE_LIST}"
        images.append(
            FoundImage(path, visit.day, visit.image.series.patient_id or None, visit.image.series.name)
        )
    _require_same_or_none(lists)
    for path, proposed in lists.items():
        write_slice_list(path, proposed.series.uid, proposed.series.files)
    return images


def _require_same_or_none(lists: Mapping[Path, Proposed]) -> None:
    for path, proposed in lists.items():
        if not path.exists():
            continue
        there = read_slice_list(path)
        files = [os.path.realpath(file) for file in there.files]
        same = there.series == proposed.series.uid and files == [
            os.path.realpath(f) for f in proposed.series.files
        ]
        if not same:
            raise InputError(
                f"'{path}' is there already and names other slices. Delete the study in that folder, or choose "
                "another folder (-o)."
            )
