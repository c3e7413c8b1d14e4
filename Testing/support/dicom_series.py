"""A small DICOM CT series for tests."""

import numpy as np
import SimpleITK as sitk


def write_series(folder, count=6, uid="1.2.826.0.1.3680043.2.1125.1", leave_out=(), modality="CT", step=2.5):
    """A small CT series, one file a slice, as a scanner would store it."""
    folder.mkdir(parents=True, exist_ok=True)
    writer = sitk.ImageFileWriter()
    writer.KeepOriginalImageUIDOn()
    for z in range(count):
        if z in leave_out:
            continue
        plane = np.full((16, 18), -1000 + 10 * z, np.int16)
        plane[4:12, 4:12] = 60 + z
        image = sitk.GetImageFromArray(plane[None])
        image.SetSpacing((0.7, 0.7, step))
        image.SetOrigin((-5.0, -6.0, 40.0 + step * z))
        tags = {
            "0008|0016": "1.2.840.10008.5.1.4.1.1.2",
            "0008|0018": f"{uid}.{z + 1}",
            "0008|0020": "20240131",
            "0008|0060": modality,
            "0010|0020": "PATIENT-9",
            "0018|0050": str(step),
            "0020|000d": uid + ".1000",
            "0020|000e": uid + ".2000",
            "0020|0013": str(z + 1),
            "0020|0032": f"-5.0\\-6.0\\{40.0 + step * z}",
            "0020|0037": "1\\0\\0\\0\\1\\0",
            "0028|1052": "0",
            "0028|1053": "1",
        }
        for tag, value in tags.items():
            image.SetMetaData(tag, value)
        writer.SetFileName(str(folder / f"{uid[-1]}-{z:03d}.dcm"))
        writer.Execute(image)
    return folder
