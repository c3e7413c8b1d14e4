"""A structured report of ours, read back item by item: without the library that wrote it."""

import struct
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import unread
from HCCResponseLib.dicom import codes as words
from HCCResponseLib.dicom.entries import CategoryEntry, Length, LesionEntry, VisitReport
from HCCResponseLib.imaging.dicom_headers import dicom_header, header_text

COMPREHENSIVE_3D = "1.2.840.10008.5.1.4.1.1.88.34"
# Concepts of TID 1500 and 1502, by their DICOM codes.
_GROUP, _TRACKING_NAME, _TRACKING_UID, _FINDING = "125007", "112039", "112040", "121071"
_SITE = "363698007"
_TIME_POINT, _ORDER, _OBSERVER = "126070", "126073", "121008"
_AWAY_MM = 0.05
_NOT_OURS = (AttributeError, KeyError, IndexError, ValueError, TypeError, StopIteration)


def read_report(path: Path) -> VisitReport:
    """Read a structured report that this software wrote.

    Raises:
        InputError: no such file, damaged, or a report of another kind.
    """
    from pydicom import dcmread
    from pydicom.errors import BytesLengthException

    if not path.is_file():
        raise InputError(unread(f"The report '{path}'", FileNotFoundError()))
    header = dicom_header(path, ["SOPClassUID"])
    if header is None or str(header.get("SOPClassUID")) != COMPREHENSIVE_3D:
        raise InputError(f"'{path}' is no structured report with measurements (Comprehensive 3D SR).")
    try:
        return _report(dcmread(path))
    except (OSError, EOFError, struct.error, ArithmeticError, BytesLengthException, *_NOT_OURS) as problem:
        raise InputError(f"The report '{path}' is damaged, or none of this software's.") from problem


def _report(whole: Any) -> VisitReport:
    groups = [item for item in _items(whole) if _concept(item) == _GROUP]
    lesions, categories = [], []
    for group in groups:
        if _value_of(_coded(group, _FINDING)) == words.RESPONSE_EVALUATION.value:
            categories.append(_category(group))
        else:
            lesions.append(_lesion(group))
    return VisitReport(
        time_point=str(_one(groups[0], _TIME_POINT).TextValue),
        order=int(_one(groups[0], _ORDER).MeasuredValueSequence[0].NumericValue),
        reader=str(_one(whole, _OBSERVER).PersonName).removesuffix("^"),
        lesions=tuple(lesions),
        categories=tuple(categories),
        final=header_text(whole, "PreliminaryFlag") == "FINAL",
    )


def _items(node: Any) -> Iterator[Any]:
    for item in node.get("ContentSequence") or ():
        yield item
        yield from _items(item)


def _concept(item: Any) -> str:
    names = item.get("ConceptNameCodeSequence")
    return _value_of(names[0]) if names else ""


def _value_of(code: Any) -> str:
    """The value of a code; one of more than 16 characters stands in an element of its own."""
    return str(code.get("CodeValue") or code.LongCodeValue)


def _one(node: Any, concept: str) -> Any:
    return next(item for item in _items(node) if _concept(item) == concept)


def _coded(node: Any, concept: str) -> Any:
    return _one(node, concept).ConceptCodeSequence[0]


def _said(node: Any) -> dict[str, Any]:
    """The coded answers of a group by the code of what they answer."""
    return {_concept(item): item.ConceptCodeSequence[0] for item in _items(node) if item.ValueType == "CODE"}


def _numbers(node: Any) -> dict[str, Any]:
    return {_concept(item): item for item in _items(node) if item.ValueType == "NUM"}


def _value(item: Any) -> Decimal:
    return Decimal(str(item.MeasuredValueSequence[0].NumericValue))


def _lesion(group: Any) -> LesionEntry:
    said, found = _said(group), _numbers(group)
    role = said.get(words.ROLE.value)
    decision = said.get(words.DECISION.value)
    volume = found.get(words.VOLUME.value)
    segments = [
        int(i.ReferencedSOPSequence[0].ReferencedSegmentNumber)
        for i in _items(group)
        if i.ValueType == "IMAGE" and "ReferencedSegmentNumber" in i.ReferencedSOPSequence[0]
    ]
    return LesionEntry(
        name=str(_one(group, _TRACKING_NAME).TextValue),
        uid=str(_one(group, _TRACKING_UID).UID),
        state=str(said[words.STATE.value].CodeMeaning),
        role=next((n for n, code in words.ROLES.items() if role and code.value == _value_of(role)), ""),
        decision=str(decision.CodeMeaning) if decision else "",
        long_axis=_length(found.get(words.LONG_AXIS.value)),
        short_axis=_length(found.get(words.SHORT_AXIS.value)),
        volume_mm3=None if volume is None else float(_value(volume)),
        segment=segments[0] if segments else None,
        **_site(group),
    )


def _site(group: Any) -> dict[str, Any]:
    found = [i.ConceptCodeSequence[0] for i in _items(group) if _concept(i) == _SITE]
    node = [code for code in found if _value_of(code) == words.LYMPH_NODE.value]
    organs = [code for code in found if code not in node]
    if not organs:
        return {"node": bool(node)}
    liver = _value_of(organs[0]) == words.sites_of(words.LIVER, node=False)[0].value
    return {"organ": words.LIVER if liver else str(organs[0].CodeMeaning), "node": bool(node)}


def _length(item: Any | None) -> Length | None:
    if item is None:
        return None
    ends = [i for i in _items(item) if i.ValueType == "SCOORD3D"]
    if not ends:
        return Length(_value(item))
    x1, y1, z1, x2, y2, z2 = (float(v) for v in ends[0].GraphicData)
    return Length(_value(item), ((x1, y1, z1), (x2, y2, z2)))


def _category(group: Any) -> CategoryEntry:
    figures = _numbers(group)
    response = _said(group).get(words.CURRENT_RESPONSE.value)
    ours = (words.SUM, words.NADIR, words.FROM_BASELINE, words.FROM_NADIR)
    sums = figures.get(words.SUM.value)
    unit = None if sums is None else sums.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue
    return CategoryEntry(
        criterion=str(_one(group, _TRACKING_NAME).TextValue),
        uid=str(_one(group, _TRACKING_UID).UID),
        response=None if response is None else _value_of(response),
        figures={code.value: _value(figures[code.value]) for code in ours if code.value in figures},
        unit=next((name for name, code in words.UNITS.items() if code.value == unit), "mm"),
    )


def differences(wanted: VisitReport, found: VisitReport) -> list[str]:
    """In what a report that was read differs from what was to be written; empty if in nothing.

    End points may be off by 0.05 mm, since DICOM stores them with 24 bits.
    """
    problems = [
        f"{name} is {there!r}, not {here!r}"
        for name in ("time_point", "order", "reader", "final")
        if (here := getattr(wanted, name)) != (there := getattr(found, name))
    ]
    if [one.uid for one in wanted.lesions] != [one.uid for one in found.lesions]:
        return [*problems, "not the same lesions"]
    for here, there in zip(wanted.lesions, found.lesions, strict=True):
        problems += [f"lesion {here.name}: {word}" for word in _differing(here, there)]
    if list(wanted.categories) != list(found.categories):
        problems.append("sums or categories are not those that went in")
    return problems


def _differing(here: LesionEntry, there: LesionEntry) -> list[str]:
    plain = [
        n
        for n in ("name", "state", "role", "decision", "segment", "organ", "node")
        if getattr(here, n) != getattr(there, n)
    ]
    axes = [n for n in ("long_axis", "short_axis") if not _same(getattr(here, n), getattr(there, n))]
    one, other = here.volume_mm3, there.volume_mm3
    same = one == other or (one is not None and other is not None and abs(one - other) <= 1e-6 * one)
    return [*plain, *axes, *([] if same else ["volume"])]


def _same(here: Length | None, there: Length | None) -> bool:
    if here is None or there is None:
        return here is there
    if here.mm != there.mm or (here.ends is None) != (there.ends is None):
        return False
    gaps = (
        abs(a - b)
        for p, q in zip(here.ends or (), there.ends or (), strict=True)
        for a, b in zip(p, q, strict=True)
    )
    return all(gap <= _AWAY_MM for gap in gaps)
