"""What every object that is written shares: who made it, whose it is, and in which series it stands."""

import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError

MANUFACTURER, MODEL = "SlicerHCCResponse contributors", "hcc-response"
# Of patient and study, which a segmentation takes over: what has to be there, and what has to stand there, even empty.
_NEEDED = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
_MAY_BE_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
    "AccessionNumber", "ReferringPhysicianName", "PositionReferenceIndicator",
)  # fmt: skip


def own_series(number: int) -> dict[str, Any]:
    """Arguments of highdicom's objects: one object in a new series of this number, made by this software."""
    import highdicom as hd

    return {
        "series_instance_uid": hd.UID(), "series_number": number, "sop_instance_uid": hd.UID(), "instance_number": 1,
        "manufacturer": MANUFACTURER, "manufacturer_model_name": MODEL,
    }  # fmt: skip


def in_unicode(made: Any) -> Any:
    """The same object with texts in UTF-8, whatever alphabet its images are named in: readers have names, too."""
    made.SpecificCharacterSet = "ISO_IR 192"
    return made


def observer(reader: str) -> Any:
    """The person who decided (TID 1003), as highdicom has it."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    return hd.sr.ObserverContext(
        codes.DCM.Person, hd.sr.PersonObserverIdentifyingAttributes(as_person(reader))
    )


def source_headers(files: Sequence[Path]) -> list[Any]:
    """The data sets of an image's slices, without pixels, with what every object that refers to them takes over.

    Raises:
        InputError: an identifier is missing.
    """
    from pydicom import dcmread

    headers = [dcmread(file, stop_before_pixels=True) for file in files]
    for header in headers:
        for name in _NEEDED:
            if not header.get(name):
                raise InputError(
                    f"'{header.filename!s}' has no {name}, which every object that refers to it needs."
                )
        for name in _MAY_BE_EMPTY:
            if name not in header:
                setattr(header, name, None)
    return headers


def as_it_is() -> AbstractContextManager[object]:
    """Without highdicom's remarks on names and identifiers that an archive has given, which stay as they are."""
    return warnings.catch_warnings(action="ignore", category=UserWarning)


def as_person(name: str) -> str:
    """A name as DICOM writes one (PS3.5, 6.2.1); what is no family and given name becomes the family name."""
    return name if "^" in name else f"{name}^"
