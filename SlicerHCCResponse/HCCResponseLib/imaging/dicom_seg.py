"""Contours from a DICOM Segmentation, whoever wrote it, on the grid of the image that they were drawn on."""

from collections.abc import Iterator
from contextlib import contextmanager
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
Index = npt.NDArray[np.int64]
# A frame is a slice of the image if it lies in its plane and its pixels are as large.
_OFF_PLANE, _OFF_STEP = 0.05, 0.002


@dataclass(frozen=True)
class SegmentInfo:
    """What a segmentation says of one of its segments.

    Attributes:
        number: (0062,0004); the value in the label map.
        name: label (0062,0005), or its tracking identifier where it has one.
        tracking_uid: (0062,0021), the same wherever the lesion is drawn; empty where it has none.
    """

    number: int
    name: str
    tracking_uid: str


def read_dicom_seg(path: Path, image: Volume) -> tuple[LabelMap, list[SegmentInfo]]:
    """Read the segments of a DICOM Segmentation as a label map on an image's grid.

    Raises:
        InputError: as :func:`drawn_segments`, or segments that overlap.
        GeometryError: it was not drawn on this image.
    """
    drawn = drawn_segments(path, image)
    labels = np.zeros(image.geometry.size, np.min_scalar_type(max(info.number for info, _ in drawn)))
    for info, index in drawn:
        there = tuple(index.T)
        if labels[there].any():
            raise InputError(
                f"Segmentation '{path}' has segments that overlap; a voxel belongs to one lesion only."
            )
        labels[there] = info.number
    return LabelMap(labels, image.geometry, str(path)), [info for info, _ in drawn]


def drawn_segments(path: Path, image: Volume) -> list[tuple[SegmentInfo, Index]]:
    """Each segment of a DICOM Segmentation with the voxels (n, 3) of the image, (z, y, x), that it marks.

    Each frame lies where it says. On an image whose slices were set upright (gantry tilt) a frame of the original
    slices is placed to the nearest pixel.

    Raises:
        InputError: no segmentation, damaged, probabilities instead of contours, another patient, or nothing drawn.
        GeometryError: it was not drawn on this image.
    """
    whole = _whole(path)
    _require_kind(path, whole)
    _require_of_image(path, whole, image)
    with _no_tracebacks(path):
        infos = [_info(item) for item in whole.SegmentSequence]
        found = _drawn(path, whole, image)
    unknown = sorted(set(found) - {info.number for info in infos})
    if unknown or not infos:
        raise InputError(
            f"Segmentation '{path}' is damaged: it marks segments that it does not describe ({unknown})."
        )
    if not any(len(part) for parts in found.values() for part in parts):
        raise InputError(f"Segmentation '{path}' is empty: no voxel is marked.")
    nothing = [np.zeros((0, 3), np.int64)]
    return [(info, np.concatenate(found.get(info.number, nothing))) for info in infos]


def _drawn(path: Path, whole: Any, image: Volume) -> dict[int, list[Index]]:
    """The marked voxels by the number of their segment."""
    found: dict[int, list[Index]] = {}
    for one, number, plane in _frames(path, whole):
        for value in [number] if number is not None else [int(v) for v in np.unique(plane) if v]:
            marked = plane > 0 if number is not None else plane == value
            found.setdefault(value, []).append(_placed(path, image, one, marked))
    return found


@contextmanager
def _no_tracebacks(path: Path) -> Iterator[None]:
    """What a damaged file leads pydicom or numpy to, as one line."""
    try:
        yield
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as problem:
        raise InputError(
            f"Segmentation '{path}' is damaged: what describes its segments or frames is not whole."
        ) from problem


def segments_of(path: Path) -> list[SegmentInfo]:
    """The segments of a DICOM Segmentation by its header.

    Raises:
        InputError: it is none, or damaged.
    """
    header = dicom_header(path, ["SOPClassUID", "SegmentSequence"])
    if header is None or str(header.get("SOPClassUID")) not in SEGMENTATION_STORAGE:
        raise InputError(f"'{path}' is no DICOM Segmentation.")
    with _no_tracebacks(path):
        return [_info(item) for item in header.get("SegmentSequence") or ()]


def _whole(path: Path) -> Any:
    from pydicom import dcmread

    if not path.is_file():
        raise InputError(unread(f"Segmentation '{path}'", FileNotFoundError()))
    if dicom_header(path, ["SOPClassUID"]) is None:
        raise InputError(f"'{path}' is no DICOM file.")
    return dcmread(path)


def _require_kind(path: Path, whole: Any) -> None:
    if str(whole.get("SOPClassUID")) not in SEGMENTATION_STORAGE:
        raise InputError(f"'{path}' is no DICOM Segmentation.")
    kind = header_text(whole, "SegmentationType")
    if kind not in ("BINARY", "LABELMAP"):
        raise InputError(f"Segmentation '{path}' holds {kind.lower() or 'unknown'} values, not contours.")


def _require_of_image(path: Path, whole: Any, image: Volume) -> None:
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


def _info(item: Any) -> SegmentInfo:
    name = (
        header_text(item, "TrackingID")
        or header_text(item, "SegmentLabel")
        or f"segment {item.SegmentNumber}"
    )
    return SegmentInfo(int(item.SegmentNumber), name, header_text(item, "TrackingUID"))


def _frames(path: Path, whole: Any) -> Iterator[tuple[Any, int | None, npt.NDArray[Any]]]:
    """Header, segment and pixels of each frame that marks something; no segment where the pixels say which."""
    pixels, frames = _pixels(path, whole), list(slices_of([whole]))
    if len(frames) != len(pixels):
        raise InputError(
            f"Segmentation '{path}' is damaged: it has {len(pixels)} frames and describes {len(frames)}."
        )
    labelled = header_text(whole, "SegmentationType") == "LABELMAP"
    for one, groups, plane in zip(frames, whole.PerFrameFunctionalGroupsSequence, pixels, strict=True):
        if plane.any():
            yield one, None if labelled else _segment_of(groups, whole, path), plane


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


def _placed(path: Path, image: Volume, one: Any, marked: npt.NDArray[np.bool_]) -> Index:
    """The voxels of the image where the marked pixels of a frame lie."""
    grid = image.geometry
    across, down = np.reshape(numbers(one, "ImageOrientationPatient", 6), (2, 3))
    high, wide = numbers(one, "PixelSpacing", 2)
    first = numbers(one, "ImagePositionPatient", 3)
    corner, next_row, next_column = grid.lps_to_index([first, first + high * down, first + wide * across])
    along = np.array([next_row - corner, next_column - corner])
    steps = np.rint(along)
    normal = np.abs(steps).sum(axis=0) == 0
    off_plane = float(np.abs(corner - np.rint(corner))[normal].max(initial=0.0))
    one_voxel = (np.abs(steps).sum(axis=1) == 1).all() and np.abs(along - steps).max() <= _OFF_STEP
    if not one_voxel or normal.sum() != 1 or off_plane > _OFF_PLANE:
        raise GeometryError(
            f"Segmentation '{path}' does not lie on the slices of image '{image.source}': it was drawn on a series of "
            "another orientation, thickness or field of view."
        )
    index: Index = np.rint(corner + np.argwhere(marked) @ steps).astype(np.int64)
    if (index < 0).any() or (index >= grid.size).any():
        raise GeometryError(f"Segmentation '{path}' marks voxels outside of image '{image.source}'.")
    return index
