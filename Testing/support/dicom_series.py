"""A small DICOM CT series for tests."""

import numpy as np
import SimpleITK as sitk


def write_series(
    folder, count=6, uid="1.2.826.0.1.3680043.2.1125.1", leave_out=(), modality="CT", step=2.5, changed=None
):
    """A small CT series, one file a slice, as a scanner would store it; ``changed``: other tags or values."""
    folder.mkdir(parents=True, exist_ok=True)
    for z in range(count):
        if z in leave_out:
            continue
        plane = np.full((16, 18), -1000 + 10 * z, np.int16)
        plane[4:12, 4:12] = 60 + z
        tags = {"0008|0020": "20240131", "0008|0060": modality, "0010|0020": "PATIENT-9", **(changed or {})}
        at = (-5.0, -6.0, 40.0 + step * z)
        _write_slice(folder / f"{uid[-1]}-{z:03d}.dcm", plane, at, (step, 0.7, 0.7), uid, z + 1, tags)
    return folder


def write_volume_series(folder, volume, day, number):
    """An axial volume as a CT series of a day, one file a slice; ``number`` makes its identifiers its own."""
    folder.mkdir(parents=True)
    grid, uid = volume.geometry, f"1.2.826.0.1.3680043.2.1126.{number}"
    x, y, low = grid.origin
    tags = {"0008|0020": day, "0008|0060": "CT", "0010|0020": "P17"}
    for z, plane in enumerate(volume.hu.astype(np.int16)):
        at = (x, y, low + grid.spacing[0] * z)
        _write_slice(folder / f"{z:03d}.dcm", plane, at, grid.spacing, uid, z + 1, tags)
    return folder


def _write_slice(path, plane, at, spacing, uid, number, tags):
    """One axial slice with the corner at LPS mm ``at``; ``tags``: what else its header says."""
    step, rows, columns = spacing
    image = sitk.GetImageFromArray(plane[None])
    image.SetSpacing((columns, rows, step))
    image.SetOrigin(at)
    own = {
        "0008|0016": "1.2.840.10008.5.1.4.1.1.2",
        "0008|0018": f"{uid}.{number}",
        "0018|0050": str(step),
        "0020|000d": uid + ".1000",
        "0020|000e": uid + ".2000",
        "0020|0052": uid + ".3000",
        "0020|0013": str(number),
        "0020|0032": "\\".join(map(str, at)),
        "0020|0037": "1\\0\\0\\0\\1\\0",
        "0028|1052": "0",
        "0028|1053": "1",
    }
    for tag, value in {**own, **tags}.items():
        image.SetMetaData(tag, value)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    writer.SetFileName(str(path))
    writer.Execute(image)


def write_sphere(folder, radius, *, step=2.5, thickness=None, tilt=0.0, coronal=False):
    """A CT series of a body of 20 HU with a ball of 90 HU around the origin of LPS, slice by slice at its true place.

    A gantry tilted by ``tilt`` degrees about the x axis moves the table along z, not along the slices' normal.
    """
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    folder.mkdir(parents=True)
    angle = np.radians(tilt)
    row = np.array([1.0, 0.0, 0.0])
    column = np.array([0.0, 0.0, -1.0]) if coronal else np.array([0.0, np.cos(angle), -np.sin(angle)])
    normal = np.cross(row, column)
    table = np.array([0.0, 1.0, 0.0]) if coronal else np.array([0.0, 0.0, 1.0])
    half = int(np.ceil((radius + 6) / step))
    travel = step / abs(float(table @ normal))
    side = np.arange(-45, 46)
    for number, k in enumerate(range(-half, half + 1)):
        first = table * travel * k - 45 * row - 45 * column
        points = first + (side[None, :, None] + 45) * row + (side[:, None, None] + 45) * column
        plane = np.where((points**2).sum(-1) < radius**2, 90, 20)
        plane[:4], plane[-4:] = -1000, -1000
        meta = FileMetaDataset()
        meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, CTImageStorage
        meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.2.1125.9.{number + 1}"
        one = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        one.SOPClassUID, one.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        one.SeriesInstanceUID = "1.2.826.0.1.3680043.2.1125.9.2000"
        one.StudyInstanceUID, one.FrameOfReferenceUID = (
            "1.2.826.0.1.3680043.2.1125.9.2",
            "1.2.826.0.1.3680043.2.1125.9.3",
        )
        one.Modality, one.PatientID, one.StudyDate = "CT", "PATIENT-9", "20240131"
        one.InstanceNumber, one.SliceThickness = number + 1, thickness or step
        one.ImagePositionPatient, one.ImageOrientationPatient = list(first), [*row, *column]
        one.PixelSpacing, one.Rows, one.Columns = [1, 1], len(side), len(side)
        one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 16, 15, 1
        one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
        one.RescaleIntercept, one.RescaleSlope = 0, 1
        one.PixelData = plane.astype(np.int16).tobytes()
        one.save_as(folder / f"s-{number:03d}.dcm", enforce_file_format=True)
    return folder
