"""Contours as a DICOM Segmentation, one segment for each lesion, on the slices of the series that they were drawn on.

Codes are those of PS3.16 (CID 7150, 7159, 4031): morphologically abnormal structure, neoplasm, liver. Reading one back:
:mod:`HCCResponseLib.imaging.dicom_seg`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib import __version__
from HCCResponseLib.base.errors import ExportError, InputError
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.dicom.written import as_it_is, as_person, in_unicode, own_series, source_headers
from HCCResponseLib.imaging.dicom_seg import drawn_segments
from HCCResponseLib.imaging.frames import slices_of
from HCCResponseLib.imaging.geometry import FloatArray, Geometry
from HCCResponseLib.imaging.slices import grid_of, in_order
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion

if TYPE_CHECKING:
    import highdicom as hd

_SERIES_NUMBER = 900


@dataclass(frozen=True)
class Segment:
    """One lesion of a time point.

    Attributes:
        name: tracking identifier, the same at every visit; ``uid``: its tracking unique identifier.
        contour: on the grid of the time point's image.
        algorithm: name and version of what proposed the contour; ``None`` where a reader drew it.
        edited: a reader has changed what was proposed.
        organ: in which it lies; ``node``: it is a lymph node.
    """

    name: str
    uid: str
    contour: Lesion
    algorithm: tuple[str, str] | None = None
    edited: bool = False
    organ: str = "liver"
    node: bool = False


def write_dicom_seg(
    path: Path,
    image: Volume,
    files: Sequence[Path],
    segments: Sequence[Segment],
    creator: str,
) -> None:
    """Write a binary segmentation, and read it back: what stands there equals what was decided.

    Args:
        image: that the contours were drawn on, as :func:`.read_volume` gives it.
        files: DICOM files of its slices.
        creator: the reader, as a person's name.

    Raises:
        InputError: no lesion, or one without a voxel; headers that DICOM does not allow in a segmentation.
        ExportError: what was written does not read back; nothing is left behind.
    """
    _require_contours(segments)
    with as_it_is():
        made = in_unicode(_segmentation(image.geometry, source_headers(files), segments, creator))

    def write(temporary: Path) -> None:
        made.save_as(temporary)
        drawn = drawn_segments(temporary, image)
        same = len(drawn) == len(segments) and all(
            info.name == one.name and info.tracking_uid == one.uid and _equal(index, one.contour)
            for (info, index), one in zip(drawn, segments, strict=True)
        )
        if not same:
            raise ExportError(str(path), ["the segmentation does not read back as the contours that went in"])

    write_atomically(path, write)


def _equal(index: npt.NDArray[np.int64], contour: Lesion) -> bool:
    return np.array_equal(index[np.lexsort(index.T[::-1])], contour.indices())


def _require_contours(segments: Sequence[Segment]) -> None:
    if not segments:
        raise InputError("No lesion is contoured at this time point: there is nothing to write as DICOM SEG.")
    empty = [one.name for one in segments if not one.contour]
    if empty:
        raise InputError(f"These lesions have no contour: {', '.join(empty)}.")


def _segmentation(
    grid: Geometry, headers: Sequence[Any], segments: Sequence[Segment], creator: str
) -> "hd.seg.Segmentation":
    import highdicom as hd

    stacked = np.stack([one.contour.to_mask() for one in segments], axis=-1).astype(np.uint8)
    volume = hd.Volume(
        stacked,
        affine_of(grid),
        coordinate_system="PATIENT",
        frame_of_reference_uid=str(headers[0].FrameOfReferenceUID),
        channels={"SegmentNumber": list(range(1, len(segments) + 1))},
    )
    return hd.seg.Segmentation(
        source_images=list(headers),
        pixel_array=_on_source(volume, headers),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_description(number, one) for number, one in enumerate(segments, start=1)],
        **own_series(_SERIES_NUMBER),
        software_versions=__version__,
        device_serial_number="none",
        content_label="LESIONS",
        content_description="Lesions of the liver as accepted by a reader",
        content_creator_name=as_person(creator),
        series_description="Lesions, hcc-response",
    )


def affine_of(grid: Geometry) -> FloatArray:
    """Index (z, y, x) to LPS mm (x, y, z) as a 4 x 4 matrix."""
    affine = np.eye(4)
    matrix = np.asarray(grid.direction, float).reshape(3, 3)
    affine[:3, :3], affine[:3, 3] = matrix[:, ::-1] * np.asarray(grid.spacing), grid.origin
    return affine


def _on_source(volume: "hd.Volume", headers: Sequence[Any]) -> "hd.Volume":
    """The contours in the order of the series' own slices, rows and columns; as they are where its stack is tilted."""
    import highdicom as hd

    slices, _ = in_order(list(slices_of(headers)))
    shape = (len(slices), int(slices[0].Rows), int(slices[0].Columns))
    affine = affine_of(grid_of(slices, shape, None))
    try:
        # Refuses a sheared stack: its contours lie on slices that were set upright, and are written as they lie.
        source = hd.VolumeGeometry(affine, shape, coordinate_system="PATIENT")
        return volume.match_geometry(source)
    except (ValueError, RuntimeError):
        return volume


def _description(number: int, one: Segment) -> "hd.seg.SegmentDescription":
    import highdicom as hd
    from pydicom.sr.codedict import codes

    from HCCResponseLib.dicom.codes import sites_of

    kinds = hd.seg.SegmentAlgorithmTypeValues
    identification, kind = None, kinds.MANUAL
    if one.algorithm is not None:
        name, version = one.algorithm
        kind = kinds.SEMIAUTOMATIC if one.edited else kinds.AUTOMATIC
        identification = hd.AlgorithmIdentificationSequence(
            name=name, family=codes.DCM.ArtificialIntelligence, version=version
        )
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=one.name,
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Neoplasm,
        algorithm_type=kind,
        algorithm_identification=identification,
        tracking_uid=one.uid,
        tracking_id=one.name,
        anatomic_regions=sites_of(one.organ, one.node),
    )
