"""DICOM files as archives export them, made for tests: a bright body with a ball in it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEGLosslessSV1,
    generate_uid,
)

SIDE = 40


def uid_of(*words):
    """The same identifier for the same words."""
    return generate_uid(entropy_srcs=[str(word) for word in words])


@dataclass
class Series:
    """What is written; ``tags`` go over everything else, ``each`` gives more of them for the slice at an index."""

    name: str = "PORTAL VENOUS"
    patient: str = "P-1"
    day: str = "20240131"
    count: int = 12
    step: float = 2.5
    first_mm: float = 0.0
    leave_out: tuple[int, ...] = ()
    number: int = 1
    kernel: str = "B30f"
    orientation: tuple[float, ...] = (1, 0, 0, 0, 1, 0)
    hu: float = 110.0
    tags: dict[str, Any] = field(default_factory=dict)
    each: Any = None
    syntax: Any = ExplicitVRLittleEndian

    @property
    def uid(self):
        return uid_of(self.patient, self.day, self.name, self.number)


def planes(series):
    """Stored values (z, y, x) of a series: HU + 1024."""
    z, y, x = np.ogrid[: series.count, :SIDE, :SIDE]
    ball = ((z - series.count / 2) * series.step) ** 2 + (y - 12) ** 2 + (x - 10) ** 2 < 36
    values = np.where(ball, 150, series.hu) + np.zeros((series.count, SIDE, SIDE))
    values[:, :3], values[:, -3:] = -1000, -1000
    return np.rint(values + 1024).astype(np.uint16)


def write(folder, series, names="{index:03d}.dcm"):
    """One file a slice; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, plane in enumerate(planes(series)):
        if index not in series.leave_out:
            one = slice_of(series, index, plane)
            if series.syntax != ExplicitVRLittleEndian:
                _compress(one, plane, series.syntax)
            one.save_as(folder / names.format(index=index), enforce_file_format=True)
    return folder


def two_visits(home):
    """A patient's folder: the first visit with an arterial, a portal venous and a thick portal venous series."""
    write(home / "1" / "a", Series(name="ARTERIAL", number=2, count=70))
    write(home / "1" / "b", Series(name="PORTAL", number=3, count=70))
    write(home / "1" / "c", Series(name="PORTAL thick", number=4, count=70, step=5.0))
    write(home / "2", Series(name="PORTAL", day="20240501", count=70))
    return home


def put_into_database(*folders):
    """Index DICOM files in the application's database of the panel's host."""
    import slicer

    for folder in folders:
        for file in sorted(folder.rglob("*.dcm")):
            slicer.dicomDatabase.insert_for_tests(file)


def _compress(one, plane, syntax):
    """By pydicom's encoders, and by imagecodecs where it has none."""
    others = {JPEGLosslessSV1: "ljpeg_encode", HTJ2KLossless: "htj2k_encode"}
    if syntax not in others:
        one.compress(syntax, generate_instance_uid=False)
        return
    import imagecodecs

    options = {"reversible": True} if syntax == HTJ2KLossless else {"bitspersample": 16}
    encoded = getattr(imagecodecs, others[syntax])(plane, **options)
    one.file_meta.TransferSyntaxUID = syntax
    one.PixelData = encapsulate([bytes(encoded)])
    one["PixelData"].is_undefined_length = True


def slice_of(series, index, plane):
    """A slice as a data set."""
    one = _beginning(series, CTImageStorage, uid_of(series.uid, index))
    row, column = np.reshape(series.orientation, (2, 3))
    at = np.cross(row, column) * (series.first_mm + series.step * index)
    one.InstanceNumber = index + 1
    one.ImagePositionPatient, one.ImageOrientationPatient = list(at), list(series.orientation)
    one.PixelSpacing, one.SliceThickness = [1, 1], series.step
    one.RescaleIntercept, one.RescaleSlope = -1024, 1
    one.PixelData = plane.tobytes()
    for name, value in {**series.tags, **(series.each(index) if series.each else {})}.items():
        setattr(one, name, value)
    return one


def write_enhanced(folder, series, slope=1.0):
    """The whole series in one file of many frames, in reversed order; slope and intercept are each frame's own."""
    folder.mkdir(parents=True, exist_ok=True)
    one = _beginning(series, EnhancedCTImageStorage, uid_of(series.uid, "enhanced"))
    stored = planes(series)[::-1]
    one.NumberOfFrames = len(stored)
    one.SharedFunctionalGroupsSequence = [
        _group("PlaneOrientation", ImageOrientationPatient=list(series.orientation))
    ]
    one.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence = [
        _with(PixelSpacing=[1, 1], SliceThickness=series.step)
    ]
    frames = []
    for index in reversed(range(series.count)):
        groups = _group("PlanePosition", ImagePositionPatient=[0, 0, series.first_mm + series.step * index])
        groups.PixelValueTransformationSequence = [_with(RescaleIntercept=-1024 - index, RescaleSlope=slope)]
        frames.append(groups)
    one.PerFrameFunctionalGroupsSequence = frames
    moved = stored + np.arange(series.count)[::-1, None, None]
    one.PixelData = moved.astype(np.uint16).tobytes()
    for name, value in series.tags.items():
        setattr(one, name, value)
    one.save_as(folder / "enhanced.dcm", enforce_file_format=True)
    return folder


def _with(**elements):
    made = Dataset()
    for name, value in elements.items():
        setattr(made, name, value)
    return made


def _group(kind, **elements):
    return _with(**{f"{kind}Sequence": [_with(**elements)]})


def _beginning(series, kind, uid):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = (
        ExplicitVRLittleEndian, kind, uid,
    )  # fmt: skip
    one = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    one.SOPClassUID, one.SOPInstanceUID = kind, uid
    one.StudyInstanceUID, one.SeriesInstanceUID = uid_of(series.patient, series.day), series.uid
    one.FrameOfReferenceUID = uid_of(series.patient, series.day, "frame")
    one.Modality, one.PatientID, one.StudyDate = "CT", series.patient, series.day
    one.SeriesDescription, one.SeriesNumber, one.ConvolutionKernel = series.name, series.number, series.kernel
    one.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    one.Rows, one.Columns, one.SamplesPerPixel, one.PhotometricInterpretation = SIDE, SIDE, 1, "MONOCHROME2"
    one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 16, 15, 0
    return one
