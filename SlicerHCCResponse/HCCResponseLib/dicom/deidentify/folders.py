"""Whole folders of images without whose they are: written anew, each under names that say nothing."""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import write_atomically, write_text
from HCCResponseLib.dicom.catalogue.walk import FoundFiles, found_below
from HCCResponseLib.dicom.deidentify.rules import Subject, clean, mark
from HCCResponseLib.dicom.deidentify.secret import Secret
from HCCResponseLib.imaging.dicom_headers import header_text, is_compressed, pixel_bytes

REPORT = "deidentification.txt"
_CT = ("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.2.1")
_IDENTIFYING = (
    "PatientID", "OtherPatientIDs", "AccessionNumber", "InstitutionName", "InstitutionAddress", "StationName",
    "DeviceSerialNumber", "StudyID", "IssuerOfPatientID", "PatientAddress", "PatientTelephoneNumbers",
)  # fmt: skip


@dataclass
class Deidentified:
    """What was done.

    Attributes:
        written: how many images. ``subjects``: their new names.
        did: how often each element was removed, emptied, moved, cleaned or replaced, by name.
        left_out: why images were not written, with their number; each needs somebody who looks.
        not_stated: how many images do not say whether something is burnt into their pixels.
    """

    written: int = 0
    subjects: tuple[str, ...] = ()
    did: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    not_stated: int = 0


def deidentify(
    folders: Sequence[Path],
    output: Path,
    secret: Secret,
    names: dict[str, str] | None = None,
    report: Callable[[int, int], None] = lambda *_: None,
) -> Deidentified:
    """Write the CT images below folders into ``output/SUBJECT/STUDY/SERIES/IMAGE.dcm``.

    Args:
        names: subject's name by patient ID, where it is not made from the secret.

    Raises:
        InputError: a folder is missing, the output lies in one of them or is not empty, or no image could be written.
        StorageError: the disk is full.
    """
    _require_apart(folders, output)
    found = found_below(folders)
    _require_known(names or {}, {header_text(header, "PatientID") for header in found.headers})
    done, subjects = Deidentified(), dict[str, Subject]()
    done.left_out.update(_not_read(found))
    output.parent.mkdir(parents=True, exist_ok=True)
    # All or nothing: whoever stops it, or a disk that is full, leaves no part that looks like the whole.
    with TemporaryDirectory(dir=output.parent, prefix=".writing-") as beside:
        for number, header in enumerate(found.headers, start=1):
            report(number, len(found.headers))
            if why := _why_not(header):
                done.left_out[why] += 1
                continue
            patient = header_text(header, "PatientID")
            subject = subjects.setdefault(patient, _subject(patient, secret, names or {}))
            _write(Path(header.filename), Path(beside), subject, done)
        if not done.written:
            reasons = "; ".join(f"{count} {why}" for why, count in sorted(done.left_out.items()))
            raise InputError(f"No CT image could be written: {reasons or 'none was found'}.")
        for subject in subjects.values():
            done.did.update(subject.did)
        done.subjects = tuple(sorted(one.name for one in subjects.values()))
        write_text(Path(beside) / REPORT, _in_words(done))
        _into_place(Path(beside), output)
    return done


def _require_known(names: Mapping[str, str], patients: set[str]) -> None:
    unknown = sorted(set(names) - patients)
    if unknown:
        raise InputError(
            f"There is no image of patient '{unknown[0]}', who was to be called '{names[unknown[0]]}'."
        )


def _not_read(found: FoundFiles) -> dict[str, int]:
    """What the search itself could not use, with its number."""
    double = sum(len(paths) for paths in found.contradicting.values())
    said = {"damaged": len(found.faults), "one identifier, several files with different contents": double}
    return {why: count for why, count in said.items() if count}


def _into_place(made: Path, output: Path) -> None:
    output.mkdir(exist_ok=True)
    for one in made.iterdir():
        one.replace(output / one.name)


def _in_words(done: Deidentified) -> str:
    """What was done, for whoever has to answer for it; no original value is in it."""
    lines = [
        f"{done.written} images of {len(done.subjects)} subjects: {', '.join(done.subjects)}",
        "DICOM PS3.15 Annex E, basic profile, with modified dates (113107) and cleaned descriptors (113105)",
        f"{done.not_stated} images do not say whether text is burnt into their pixels (0028,0301)",
        "",
        "Not written:",
        *(f"  {count} {why}" for why, count in sorted(done.left_out.items())),
        "",
        "Elements, and how often:",
        *(f"  {count} {what}" for what, count in sorted(done.did.items())),
    ]
    return "\n".join(lines) + "\n"


def _require_apart(folders: Sequence[Path], output: Path) -> None:
    place = output.resolve()
    if any(place.is_relative_to(folder.resolve()) for folder in folders):
        raise InputError(
            f"'{output}' lies in the folder that is read; choose another one for what is written."
        )
    if output.exists() and any(output.iterdir()):
        raise InputError(f"'{output}' is not empty; what is written must not mix with anything else.")


def _subject(patient: str, secret: Secret, names: dict[str, str]) -> Subject:
    return Subject(names.get(patient) or secret.subject(patient), secret.days(patient), secret)


def _why_not(header: Any) -> str:
    """Why an image is not written: it is no CT, or something may be burnt into its pixels."""
    if header_text(header, "SOPClassUID") not in _CT:
        return f"no CT image ({header_text(header, 'Modality') or 'no modality'})"
    if not header_text(header, "PatientID"):
        return "no patient ID, so nobody knows whose it is"
    if not all(header_text(header, name) for name in ("StudyInstanceUID", "SOPInstanceUID")):
        return "identifiers are missing"
    kinds = {str(word).upper() for word in (header.get("ImageType") or ())}
    if kinds & {"SCREEN SAVE", "DOSE_INFO", "REPORT"}:
        return "a picture of a screen: text may be burnt into its pixels"
    return ""


def _write(path: Path, output: Path, subject: Subject, done: Deidentified) -> None:
    from pydicom import dcmread
    from pydicom.dataset import FileMetaDataset

    # pydicom's remarks quote what they remark on.
    with warnings.catch_warnings(action="ignore"):
        whole = dcmread(path)
        burnt = header_text(whole, "BurnedInAnnotation").upper()
        why = "text is burnt into its pixels (0028,0301)" if burnt == "YES" else _cleaned(whole, subject)
    if why:
        done.left_out[why] += 1
        return
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = whole.file_meta.TransferSyntaxUID
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = whole.SOPClassUID, whole.SOPInstanceUID
    whole.file_meta, whole.preamble = meta, b"\0" * 128
    target = output / subject.name / str(whole.StudyInstanceUID) / str(whole.SeriesInstanceUID)
    name = target / f"{whole.SOPInstanceUID}.dcm"
    write_atomically(name, lambda temporary: whole.save_as(temporary, enforce_file_format=True))
    done.written += 1
    done.not_stated += not burnt


def _cleaned(whole: Any, subject: Subject) -> str:
    """Clean a data set; why it must not be written, empty where it may."""
    words = set(_originals(whole))
    try:
        clean(whole, subject, {part.lower() for word in words for part in re.split(r"\W+", word)})
    except InputError as problem:
        return str(problem)
    if left := leaks(whole, words):
        return f"what says whose it is still stands in {', '.join(left)}"
    mark(whole, subject)
    _cut_to_size(whole)
    return ""


def _cut_to_size(whole: Any) -> None:
    """Take away what stands behind the last pixel."""
    if "PixelData" in whole and not is_compressed(whole):
        size = pixel_bytes(whole)
        whole.PixelData = whole.PixelData[:size] + b"\0" * (size % 2)


def _originals(node: Any) -> Iterator[str]:
    """Words of a data set that say whose it is: names, numbers, places, dates, identifiers."""
    for element in node.iterall():
        values = (
            element.value if hasattr(element.value, "__iter__") and element.VR != "PN" else [element.value]
        )
        texts = [str(element.value)] if isinstance(element.value, str) else [str(v) for v in values or ()]
        if element.VR == "PN":
            yield from (w for text in texts for w in re.split(r"[\^=\s]+", text) if len(w) > 1)
        elif element.VR in ("DA", "DT"):
            yield from (text[:8] for text in texts if len(text) >= 8)
        elif element.keyword in _IDENTIFYING:
            yield from (text for text in texts if len(text) > 2)


def leaks(whole: Any, words: set[str]) -> list[str]:
    """Names of the elements in which one of these words still stands."""
    if not words:
        return []
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words), re.IGNORECASE)
    found = []
    for element in whole.iterall():
        if element.VR in ("OB", "OW", "SQ", "UI"):
            continue
        if pattern.search(str(element.value)):
            found.append(f"{element.name} {element.tag}")
    return sorted(set(found))
