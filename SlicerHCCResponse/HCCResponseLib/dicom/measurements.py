"""What was decided at a time point as a DICOM structured report (PS3.16, TID 1500).

One measurement group for each lesion, under the tracking identifier and UID that its segment has, too; one group for
each criterion, with sums and category.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from HCCResponseLib import __version__
from HCCResponseLib.base.errors import ExportError, InputError
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.dicom.entries import CategoryEntry, LesionEntry, VisitReport
from HCCResponseLib.dicom.reading import differences, read_report
from HCCResponseLib.dicom.written import as_it_is, in_unicode, observer, own_series

if TYPE_CHECKING:
    import highdicom as hd

_SERIES_NUMBER = 901


def write_report(path: Path, report: VisitReport, headers: Sequence[Any], segmentation: Any | None) -> None:
    """Write a time point as a structured report, and read it back.

    Args:
        headers: data sets of the image's slices. ``segmentation``: that of the time point.

    Raises:
        InputError: a lesion names a segment, and there is no segmentation.
        ExportError: what was written does not read back; nothing is left behind.
    """
    with as_it_is():
        made = in_unicode(_document(report, headers, segmentation))

    def write(temporary: Path) -> None:
        made.save_as(temporary)
        problems = differences(report, read_report(temporary))
        if problems:
            raise ExportError(str(path), problems)

    write_atomically(path, write)


def _document(
    report: VisitReport, headers: Sequence[Any], segmentation: Any | None
) -> "hd.sr.Comprehensive3DSR":
    import highdicom as hd
    from pydicom.sr.codedict import codes

    context = hd.sr.TimePointContext(
        time_point=report.time_point,
        time_point_order=report.order,
        subject_time_point_identifier=report.time_point,
    )
    groups = [_lesion_group(one, context, headers[0], segmentation) for one in report.lesions]
    groups += [_category_group(one, context) for one in report.categories]
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_person_context=observer(report.reader)),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    return hd.sr.Comprehensive3DSR(
        evidence=[*headers, *([segmentation] if segmentation is not None else [])],
        content=content,
        **own_series(_SERIES_NUMBER),
        software_versions=__version__,
        is_complete=True,
        is_final=report.final,
        series_description="Response, hcc-response",
    )


def _lesion_group(one: LesionEntry, context: Any, header: Any, segmentation: Any | None) -> Any:
    import highdicom as hd
    from pydicom.sr.codedict import codes

    from HCCResponseLib.dicom import codes as words

    said = [(words.STATE, words.own(one.state, one.state))]
    said += [(words.ROLE, words.ROLES[one.role])] if one.role else []
    said += (
        [(words.DECISION, words.own(one.decision.replace(" ", "-"), one.decision))] if one.decision else []
    )
    common = {
        "tracking_identifier": hd.sr.TrackingIdentifier(one.uid, one.name),
        "time_point_context": context,
        "finding_type": codes.SCT.Neoplasm,
        "finding_sites": [hd.sr.FindingSite(site) for site in words.sites_of(one.organ, one.node)],
        "measurements": _measurements(one),
        "qualitative_evaluations": [hd.sr.QualitativeEvaluation(name, value) for name, value in said],
    }
    return _with_ends(_group(one, common, header, segmentation), one, str(header.FrameOfReferenceUID))


def _group(one: LesionEntry, common: dict[str, Any], header: Any, segmentation: Any | None) -> Any:
    import highdicom as hd

    if one.segment is None:
        return hd.sr.MeasurementsAndQualitativeEvaluations(**common)
    if segmentation is None:
        raise InputError(f"Lesion '{one.name}' has a segment, and its time point has no segmentation.")
    segment = hd.sr.ReferencedSegment(
        str(segmentation.SOPClassUID),
        str(segmentation.SOPInstanceUID),
        one.segment,
        source_series=hd.sr.SourceSeriesForSegmentation(str(header.SeriesInstanceUID)),
    )
    return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_segment=segment, **common)


def _measurements(one: LesionEntry) -> list[Any]:
    import highdicom as hd

    from HCCResponseLib.dicom import codes as words

    axes = ((words.LONG_AXIS, one.long_axis), (words.SHORT_AXIS, one.short_axis))
    found = [
        hd.sr.Measurement(name, float(length.mm), words.MILLIMETER)
        for name, length in axes
        if length is not None
    ]
    if one.volume_mm3 is not None:
        found.append(hd.sr.Measurement(words.VOLUME, one.volume_mm3, words.CUBIC_MILLIMETER))
    return found


def _with_ends(group: Any, one: LesionEntry, frame: str) -> Any:
    """The group with the end points of its axes below their lengths.

    TID 1411 for segments does not name them (TID 1419 takes the whole region for their source) but may be extended.
    """
    import highdicom as hd

    from HCCResponseLib.dicom import codes as words

    for name, length in ((words.LONG_AXIS, one.long_axis), (words.SHORT_AXIS, one.short_axis)):
        if length is None or length.ends is None:
            continue
        points = np.asarray(length.ends, float)
        ends = hd.sr.CoordinatesForMeasurement3D(hd.sr.GraphicTypeValues3D.POLYLINE, points, frame)
        for item in group[0].ContentSequence:
            if item.ValueType == "NUM" and item.ConceptNameCodeSequence[0].CodeValue == name.value:
                item.ContentSequence = hd.sr.ContentSequence([*(item.get("ContentSequence") or ()), ends])
    return group


def _category_group(one: CategoryEntry, context: Any) -> Any:
    import highdicom as hd

    from HCCResponseLib.dicom import codes as words

    names = {code.value: code for code in (words.SUM, words.NADIR, words.FROM_BASELINE, words.FROM_NADIR)}
    figures = [
        hd.sr.Measurement(
            names[name], float(value), words.PERCENT if name.startswith("percent") else words.UNITS[one.unit]
        )
        for name, value in one.figures.items()
    ]
    said = []
    if one.response is not None:
        said.append(hd.sr.QualitativeEvaluation(words.CURRENT_RESPONSE, words.response_code(one.response)))
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(one.uid, one.criterion),
        time_point_context=context,
        finding_type=words.RESPONSE_EVALUATION,
        method=words.criterion_code(one.criterion),
        measurements=figures,
        qualitative_evaluations=said,
    )
