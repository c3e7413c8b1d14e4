"""What happens to each element of a CT image: the table of PS3.15 E.1-1 by ``dicom-anonymizer``, with three options.

* Dates are moved, by the same number of days for all of a subject (113107): intervals stay, since they decide when a
  disease has progressed. Times of the day of the acquisition stay, since they tell contrast phases.
* Descriptions keep the words that say what kind of series it is, and no others (113105).
* UIDs are replaced consistently, so that images still belong together.
"""

import re
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, partial
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.deidentify.secret import Secret

# UIDs of the standard itself: classes, transfer syntaxes, coding schemes.
_OF_THE_STANDARD = ("ClassUID", "SyntaxUID", "CodingSchemeUID", "ContextUID", "MappingResourceUID")
_TIMES = {"StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime", "ContrastBolusStartTime"}
_DESCRIPTIONS = {"SeriesDescription", "StudyDescription", "ProtocolName"}
_WORDS = re.compile(
    r"^(ct|liver|leber|abdomen|abd|abdominal|thorax|chest|pelvis|cap|tap|body|contrast|cont|iv|oral|w|wo|wwo|with|without|"
    r"pre|post|native?|nativ|plain|unenhanced|enhanced|art|arterial|arteriell|hap|lap|early|late|portal|venous|ven|pv|pvp|"
    r"portalvenous|delay|delayed|equilibrium|phase|ax|axial|cor|coronal|sag|sagittal|mpr|mip|soft|tissue|std|standard|"
    r"bone|lung|kernel|recon|thin|thick|slice|slices|mm|b\d\df?|br\d\d|fc\d\d|\d{1,3}(\.\d{1,2})?(mm|s))$"
)
_DAY = re.compile(r"\d{8}")
_MOMENT = re.compile(r"\d{8}(\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?)?([+-]\d{4})?")
_ACTIONS = {
    "D_TAGS": "empty", "Z_TAGS": "empty", "X_TAGS": "remove", "U_TAGS": "uid", "Z_D_TAGS": "empty",
    "X_Z_TAGS": "empty", "X_D_TAGS": "remove", "X_Z_D_TAGS": "empty", "X_Z_U_STAR_TAGS": "remove",
}  # fmt: skip


@dataclass
class Subject:
    """Whose images these are, before and after.

    Attributes:
        name: in place of the patient's name and ID. ``days``: by which dates are moved.
    """

    name: str
    days: int
    secret: Secret
    did: Counter[str] = field(default_factory=Counter)


def clean(whole: Any, subject: Subject, names: set[str]) -> None:
    """Take out of a data set, in place and in all of its sequences, what says whose it is.

    Args:
        names: words that say so; a description never keeps them.

    Raises:
        InputError: a date that cannot be moved; the message names its element.
    """
    _clean_level(whole, subject, {name.lower() for name in names})


def mark(whole: Any, subject: Subject) -> None:
    """Write into a cleaned data set whose it is now, and what was done."""
    whole.PatientName = whole.PatientID = subject.name
    whole.PatientIdentityRemoved = "YES"
    whole.LongitudinalTemporalInformationModified = "MODIFIED"
    whole.DeidentificationMethod = [
        "DICOM PS3.15 Annex E, basic profile", "dates moved", "descriptions cleaned",
    ]  # fmt: skip
    whole.DeidentificationMethodCodeSequence = [_code(*code) for code in (
        ("113100", "Basic Application Confidentiality Profile"),
        ("113105", "Clean Descriptors Option"),
        ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    )]  # fmt: skip


def _code(value: str, meaning: str) -> Any:
    from pydicom.dataset import Dataset

    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, "DCM", meaning
    return made


def _clean_level(node: Any, subject: Subject, names: set[str]) -> None:
    for element in list(node):
        action = _action(element)
        if action != "keep":
            subject.did[f"{element.name} {element.tag}: {action}"] += 1
        if action == "remove":
            del node[element.tag]
        elif action == "empty":
            element.value = [] if element.VR == "SQ" else None
        elif action == "uid":
            element.value = _each(element.value, subject.secret.uid)
        elif action == "move":
            element.value = _each(element.value, partial(_moved, element, subject.days))
        elif action == "clean":
            element.value = _each(element.value, partial(cleaned_words, names=names))
        elif element.VR == "SQ":
            for item in element.value:
                _clean_level(item, subject, names)


def _moved(element: Any, days: int, text: str) -> str:
    try:
        return moved(text, days, _DAY if element.VR == "DA" else _MOMENT)
    except (ValueError, OverflowError) as problem:
        raise InputError(f"{element.name} {element.tag} holds no date that can be moved") from problem


def _each(value: Any, change: Any) -> Any:
    if value is None or value == "":
        return value
    several = not isinstance(value, str) and hasattr(value, "__iter__")
    return [change(str(one)) for one in value] if several else change(str(value))


def _action(element: Any) -> str:
    """keep, remove, empty, move (a date), clean (words) or uid."""
    tag, keyword = element.tag, element.keyword
    if tag.is_private or _is_overlay_or_curve(tag.group) or not keyword:
        # Without a keyword it is not in the dictionary: nobody knows what it holds.
        return "remove"
    if keyword in _TIMES:
        return "keep"
    if keyword in _DESCRIPTIONS:
        return "clean"
    if element.VR in ("DA", "DT"):
        return "empty" if keyword == "PatientBirthDate" else "move"
    if element.VR == "UI":
        return "keep" if keyword.endswith(_OF_THE_STANDARD) else "uid"
    return _table().get((tag.group, tag.element), "keep")


def _is_overlay_or_curve(group: int) -> bool:
    return 0x5000 <= group <= 0x50FF or 0x6000 <= group <= 0x60FF


@cache
def _table() -> dict[tuple[int, int], str]:
    """The basic profile: what is done with the elements that it names."""
    try:
        from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as fields
    except ImportError as problem:
        raise InputError("De-identification needs: pip install 'hcc-response[deidentify]'") from problem
    return {
        tag: action for name, action in _ACTIONS.items() for tag in getattr(fields, name) if len(tag) == 2
    }


def moved(text: str, days: int, form: re.Pattern[str] = _MOMENT) -> str:
    """A DICOM date, or date and time, moved by days.

    Raises:
        ValueError: it is none, or a range, so nobody knows how to move it.
        OverflowError: it would be before the year 1.
    """
    plain = text.strip()
    if not plain:
        return plain
    if not form.fullmatch(plain):
        raise ValueError("no date")
    day = date(int(plain[:4]), int(plain[4:6]), int(plain[6:8]))
    return (day + timedelta(days=days)).strftime("%Y%m%d") + plain[8:]


def cleaned_words(text: str, names: Set[str] = frozenset()) -> str:
    """A description with the words that say what kind of series it is, and no others.

    Args:
        names: words that it must not keep, in lower case.
    """
    parts = re.split(r"[\s_/,;:()+&^=-]+", text)
    return " ".join(part for part in parts if part.lower() not in names and _WORDS.match(part.lower()))
