"""The CT of patient folders as a list: what each series is, whether it can be read, and what was left out."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.catalogue.split import direction_of, stacks_in
from HCCResponseLib.dicom.catalogue.walk import FoundFiles, found_below
from HCCResponseLib.imaging.dicom_headers import header_text, study_day
from HCCResponseLib.imaging.frames import slices_of
from HCCResponseLib.imaging.phase.phases import PhaseFinding
from HCCResponseLib.imaging.series import stack_of, stated_phase

_FEWEST_SLICES = 3
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
# Kinds of images that were computed from slices and show other HU than these (ImageType 0008,0008), or are no slices.
_COMPUTED = {
    "LOCALIZER": "a localizer",
    "MIP": "a maximum intensity projection",
    "MAXIMUM": "a maximum intensity projection",
    "MINIP": "a minimum intensity projection",
    "MINIMUM": "a minimum intensity projection",
    "PROJECTION IMAGE": "a projection",
    "VOLREN": "a rendering",
    "RENDERING": "a rendering",
    "SCREEN SAVE": "a picture of a screen",
    "DOSE_INFO": "a dose report",
}
_SAID_COMPUTED = re.compile(
    r"\b(mip|minip|3d|vrt|topogram|scout|surview|localizer|smart ?prep|bolus|premonitoring)\b"
)


@dataclass(frozen=True)
class FoundSeries:
    """One stack of CT slices, by its headers.

    Attributes:
        patient_id: (0010,0020); empty where it is not stated.
        day: of the examination (0008,0020).
        uid: of the series (0020,000E).
        part: what tells it from other stacks of the series; empty where there is none.
        files: of its slices, along the body.
        slices: how many; more than files where one holds many.
        step_mm, thickness_mm: from slice to slice and as the scanner states it; ``None`` where unknown.
        kernel: convolution kernel (0018,1210).
        stated: contrast phase by description or time, ``None`` where they are silent.
        fault: why it cannot be read; empty where it can.
        against: why nothing should be measured on it; empty where it may.
        remarks: what a reader has to know of it.
    """

    patient_id: str
    day: date | None
    uid: str
    number: int | None
    description: str
    part: str
    files: tuple[Path, ...]
    slices: int
    step_mm: float | None
    thickness_mm: float | None
    kernel: str
    stated: PhaseFinding | None
    fault: str = ""
    against: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def covers_mm(self) -> float:
        """Length of the body that it shows, mm; 0 where it is unknown."""
        return (self.step_mm or 0.0) * self.slices

    @property
    def key(self) -> tuple[str, str, Path]:
        """What no two stacks of slices share, and stays when something is found out about one."""
        return self.uid, self.part, self.files[0]

    @property
    def name(self) -> str:
        """For people: its number, description and part."""
        words = [f"series {self.number}"] if self.number is not None else []
        words.append(f"'{self.description}'" if self.description else "without description")
        return ", ".join([" ".join(words), *([self.part] if self.part else [])])


@dataclass(frozen=True)
class Catalogue:
    """The CT below some folders.

    Attributes:
        series: by patient, day and number.
        left_out: what is no stack of CT slices, in words, with its number of files.
        files: what the search itself met.
    """

    series: tuple[FoundSeries, ...]
    left_out: dict[str, int]
    files: FoundFiles

    def patients(self) -> list[str]:
        return sorted({one.patient_id for one in self.series})


def catalogue(
    folders: Sequence[Path],
    report: Callable[[int], None] = lambda _: None,
    files: Mapping[str, Sequence[Path]] = MappingProxyType({}),
) -> Catalogue:
    """Look through whole patient folders; only headers are read.

    Args:
        report: called with the number of files that were looked at.
        files: further files, by the UID of the series to which a database says that they belong.

    Raises:
        InputError: a folder does not exist.
    """
    found = found_below(folders, report, files)
    by_series: dict[str, list[Any]] = {}
    for header in found.headers:
        by_series.setdefault(header_text(header, "SeriesInstanceUID"), []).append(header)
    left_out: Counter[str] = Counter()
    listed: list[FoundSeries] = []
    for headers in by_series.values():
        reason = _no_ct(headers[0])
        if reason:
            left_out[reason] += len(headers)
            continue
        for one in _series_in(headers, found):
            if one.slices < _FEWEST_SLICES:
                left_out["single images of CT (bolus tracking, key images)"] += len(one.files)
            else:
                listed.append(one)
    listed.sort(key=lambda s: (s.patient_id, s.day or date.max, s.number or 0, s.uid, s.part))
    return Catalogue(tuple(listed), dict(left_out), found)


def _no_ct(header: Any) -> str:
    modality = header_text(header, "Modality")
    if modality != "CT":
        return f"{modality or 'without a modality'}"
    if header_text(header, "SOPClassUID").startswith(_SECONDARY_CAPTURE):
        return "pictures of screens"
    if "LOCALIZER" in (header.get("ImageType") or ()):
        return "localizers"
    return ""


def _series_in(headers: list[Any], found: FoundFiles) -> Iterator[FoundSeries]:
    localizer = [h for h in headers if "LOCALIZER" in (h.get("ImageType") or ())]
    slices = list(slices_of(h for h in headers if h not in localizer))
    for part, stack in stacks_in(slices):
        yield _described(part, stack, found)


def _described(part: str, slices: list[Any], found: FoundFiles) -> FoundSeries:
    first = slices[0]
    stack, fault = None, ""
    try:
        stack = stack_of(Path(first.filename).parent, slices)
    except InputError as problem:
        fault = str(problem)
    doubled = [
        str(s.get("SOPInstanceUID")) for s in slices if str(s.get("SOPInstanceUID")) in found.contradicting
    ]
    if doubled:
        one, other = found.contradicting[doubled[0]][:2]
        fault = (
            f"{len(doubled)} of its images exist twice with different contents, '{one}' and '{other}' for one. "
            "Keep the files of one export only."
        )
    uid = header_text(first, "SeriesInstanceUID")
    lost = [one for one in found.faults if one.series == uid]
    if lost:
        fault = f"{len(lost)} of its files cannot be used, so it may be incomplete. {lost[0]}"
    day, wrong = _day(first)
    number = header_text(first, "SeriesNumber")
    return FoundSeries(
        patient_id=header_text(first, "PatientID"),
        day=day,
        uid=uid,
        number=int(number) if number.lstrip("-").isdigit() else None,
        description=header_text(first, "SeriesDescription"),
        part=part,
        files=tuple(dict.fromkeys(Path(one.filename) for one in (stack.slices if stack else slices))),
        slices=len(slices),
        step_mm=stack.step_mm if stack else None,
        thickness_mm=stack.thickness_mm if stack else None,
        kernel=header_text(first, "ConvolutionKernel"),
        stated=stated_phase(first),
        fault=fault or wrong,
        against=_against(first),
        remarks=(
            *(stack.remarks if stack else ()),
            *_other_day(first, day),
            *_damaged_beside(slices, found),
        ),
    )


def _day(header: Any) -> tuple[date | None, str]:
    """The day of the examination, and what is wrong with it."""
    text = study_day(header)
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None, f"Its study date (0008,0020) is {text or 'not stated'}, which is no day."
    if day > date.today():
        return day, f"Its study date (0008,0020), {day}, lies in the future."
    return day, ""


def _other_day(header: Any, day: date | None) -> tuple[str, ...]:
    text = header_text(header, "AcquisitionDate")
    if day is None or len(text) != 8 or text == day.strftime("%Y%m%d"):
        return ()
    return (f"it was acquired on {text[:4]}-{text[4:6]}-{text[6:]}, its study is of {day}",)


def _damaged_beside(slices: list[Any], found: FoundFiles) -> tuple[str, ...]:
    """Whether damaged files of an unknown series lie in the folders of these slices."""
    folders = {Path(one.filename).parent for one in slices}
    count = sum(not one.series and one.folder in folders for one in found.faults)
    return (f"{count} damaged files lie among its files: it may be incomplete",) if count else ()


def _against(header: Any) -> str:
    kinds = [str(word).upper() for word in (header.get("ImageType") or ())]
    for kind, words in _COMPUTED.items():
        if kind in kinds:
            return words
    said = _SAID_COMPUTED.search(header_text(header, "SeriesDescription").lower().replace("_", " "))
    if said:
        return f"called '{said.group()}'"
    direction = direction_of(header)
    return "" if direction in ("axial", "") else f"{direction} slices: a reformat"
