"""Contours from a DICOM Segmentation, whoever wrote it, on the grid of the image that they were drawn on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import GeometryError, InputError
from HCCResponseLib.base.files import unread
from HCCResponseLib.imaging.dicom_headers import dicom_header, header_text
from HCCResponseLib.imaging.frames import slices_of
from HCCResponseLib.imaging.slices import numbers
from HCCResponseLib.imaging.volumes import LabelMap, Volume

SEGMENTATION_STORAGE = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
# A frame is a slice of the image if it lies in its plane and its pixels are as large.
_OFF_PLANE, _OFF_STEP = 0.05, 0.002


@dataclass(frozen=True)
class SegmentInfo:
    """What a segmentation says of one of its segments.

    Attributes:
        number: (0062,0004); the value in the label map.
        name: label (0062,0005), or its tracking identifier where it has one.
        tracking_uid: (0062,0021), the same wherever the lesion is drawn; empty where it has none.
        algorithm_type: MANUAL, SEMIAUTOMATIC or AUTOMATIC (0062,0008).
    """

    number: int
    name: str
    tracking_uid: str
    algorithm_type: str


def read_dicom_seg(path: Path, image: Volume) -> tuple[LabelMap, list[SegmentInfo]]:
    """Read the segments of a DICOM Segmentation as a label map on an image's grid.

    Each frame lies where it says. On an image whose slices were set upright (gantry tilt) a frame of the original
    slices is placed to the nearest pixel.

    Raises:
        InputError: no segmentation, damaged, probabilities instead of contours, segments that overlap, another patient,
            or nothing drawn.
        GeometryError: it was not drawn on this image.
    """
    whole = _whole(path)
    if str(whole.get("SOPClassUID")) not in SEGMENTATION_STORAGE:
        raise InputError(f"'{path}' is no DICOM Segmentation.")
    patient = header_text(whole, "PatientID")
    if image.patient_id and patient and patient != image.patient_id:
        raise InputError(
            f"Segmentation '{path}' is of patient '{patient}', its image of '{image.patient_id}'."
        )
    frame = header_text(whole, "FrameOfReferenceUID")
    if image.frame_of_reference_uid and frame != image.frame_of_reference_uid:
        raise GeometryError(
            f"Segmentation '{path}' was not drawn on image '{image.source}' or one of the same frame of reference."
        )
    kind = header_text(whole, "SegmentationType")
    if kind not in ("BINARY", "LABELMAP"):
        raise InputError(f"Segmentation '{path}' holds {kind.lower()} values, not contours.")
    infos = [_info(item) for item in whole.SegmentSequence]
    labels = _placed(path, whole, infos, image, kind == "LABELMAP")
    if not labels.any():
        raise InputError(f"Segmentation '{path}' is empty: no voxel is marked.")
    return LabelMap(labels, image.geometry, str(path)), infos


def _whole(path: Path) -> Any:
    from pydicom import dcmread

    if not path.is_file():
        raise InputError(unread(f"Segmentation '{path}'", FileNotFoundError()))
    if dicom_header(path, ["SOPClassUID"]) is None:
        raise InputError(f"'{path}' is no DICOM file.")
    return dcmread(path)


def _info(item: Any) -> SegmentInfo:
    name = (
        header_text(item, "TrackingID")
        or header_text(item, "SegmentLabel")
        or f"segment {item.SegmentNumber}"
    )
    uid, kind = header_text(item, "TrackingUID"), header_text(item, "SegmentAlgorithmType")
    return SegmentInfo(int(item.SegmentNumber), name, uid, kind)


def _placed(
    path: Path, whole: Any, infos: Sequence[SegmentInfo], image: Volume, labelled: bool
) -> npt.NDArray[np.unsignedinteger[Any]]:
    pixels = _pixels(path, whole)
    labels = np.zeros(image.geometry.size, np.min_scalar_type(max(info.number for info in infos)))
    frames = list(slices_of([whole]))
    if len(frames) != len(pixels):
        raise InputError(
            f"Segmentation '{path}' is damaged: it has {len(pixels)} frames and describes {len(frames)}."
        )
    for one, groups, plane in zip(frames, whole.PerFrameFunctionalGroupsSequence, pixels, strict=True):
        if not plane.any():
            continue
        values = plane if labelled else np.where(plane > 0, _segment_of(groups, whole, path), 0)
        _place(path, image, labels, one, values.astype(labels.dtype))
    return labels


def _pixels(path: Path, whole: Any) -> npt.NDArray[Any]:
    try:
        pixels: npt.NDArray[Any] = whole.pixel_array
    except (AttributeError, ValueError, RuntimeError, EOFError, NotImplementedError) as problem:
        raise InputError(f"Segmentation '{path}' is damaged or cut short.") from problem
    return pixels[None] if pixels.ndim == 2 else pixels


def _segment_of(groups: Any, whole: Any, path: Path) -> int:
    shared = whole.get("SharedFunctionalGroupsSequence") or ()
    for group in (groups, *shared):
        found = group.get("SegmentIdentificationSequence")
        if found:
            return int(found[0].ReferencedSegmentNumber)
    raise InputError(f"Segmentation '{path}' is damaged: a frame does not say to which segment it belongs.")


def _place(path: Path, image: Volume, labels: npt.NDArray[Any], one: Any, values: npt.NDArray[Any]) -> None:
    """Put the pixels of a frame where they lie in the image."""
    grid = image.geometry
    across, down = np.reshape(numbers(one, "ImageOrientationPatient", 6), (2, 3))
    high, wide = numbers(one, "PixelSpacing", 2)
    first = numbers(one, "ImagePositionPatient", 3)
    corner, next_row, next_column = grid.lps_to_index([first, first + high * down, first + wide * across])
    row, column = next_row - corner, next_column - corner
    steps = np.rint([row, column])
    normal = np.abs(steps).sum(axis=0) == 0
    off_plane = float(np.abs(corner - np.rint(corner))[normal].max(initial=0.0))
    aligned = np.abs(np.array([row, column]) - steps).max() < _OFF_STEP and normal.sum() == 1
    if not aligned or off_plane > _OFF_PLANE:
        raise GeometryError(
            f"Segmentation '{path}' does not lie on the slices of image '{image.source}': it was drawn on a series of "
            "another orientation, thickness or field of view."
        )
    drawn = np.argwhere(values > 0)
    index = np.rint(corner + drawn @ steps).astype(int)
    if (index < 0).any() or (index >= grid.size).any():
        raise GeometryError(f"Segmentation '{path}' marks voxels outside of image '{image.source}'.")
    there = tuple(index.T)
    new = values[tuple(drawn.T)]
    if ((labels[there] != 0) & (labels[there] != new)).any():
        raise InputError(
            f"Segmentation '{path}' has segments that overlap; a voxel belongs to one lesion only."
        )
    labels[there] = new
