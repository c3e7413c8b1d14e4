"""Slices of a file that holds many (enhanced CT): a header for each frame, as files of one slice have it.

What a frame says of itself lies in its functional groups, either its own or those that all frames share (DICOM PS3.3,
C.7.6.16). Nothing is taken from one frame for another.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

# Where the elements of a slice lie: functional group, then element.
_GROUPS = {
    "ImagePositionPatient": "PlanePositionSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "FrameAcquisitionDateTime": "FrameContentSequence",
    "FrameAcquisitionNumber": "FrameContentSequence",
    "FrameType": "CTImageFrameTypeSequence",
    "ConvolutionKernel": "CTReconstructionSequence",
}
FRAME_TAGS = ("NumberOfFrames", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")


def slices_of(headers: Iterable[Any]) -> Iterator[Any]:
    """Headers of slices: those of files with one slice as they are, and one for each frame of the others.

    Each has ``filename`` and ``frame``, the number of the frame from 0.
    """
    for header in headers:
        own = header.get("PerFrameFunctionalGroupsSequence")
        if not own:
            header.frame = 0
            yield header
            continue
        shared = header.get("SharedFunctionalGroupsSequence") or ()
        for number, groups in enumerate(own):
            yield _of_frame(header, number, (groups, *shared))


def _of_frame(header: Any, number: int, groups: Sequence[Any]) -> Any:
    from pydicom.dataset import Dataset

    one = Dataset()
    for element in header:
        if element.keyword not in FRAME_TAGS:
            one.add(element)
    for name, group in _GROUPS.items():
        value = _in_groups(groups, group, name)
        if value is not None:
            setattr(one, name, value)
    one.filename, one.frame = header.filename, number
    return one


def _in_groups(groups: Sequence[Any], group: str, name: str) -> Any | None:
    """The element of the first of these groups that has it: a frame's own before the one that is shared."""
    found = (sequence[0].get(name) for g in groups if (sequence := g.get(group)))
    return next((value for value in found if value is not None), None)
