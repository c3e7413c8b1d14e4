"""DICOM series folders through SimpleITK (GDCM): one series, evenly spaced slices, identity kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813

from HCCResponseLib.base.errors import InputError

_TAGS = {"patient_id": "0010|0020", "study_date": "0008|0020", "modality": "0008|0060"}
_UNEVEN = 0.02


def read_dicom_series(folder: Path) -> tuple[sitk.Image, dict[str, str]]:
    """Read the one CT series of a folder.

    Returns:
        the image in HU and its identity: ``patient_id`` and ``study_date`` (ISO), where the files have them.

    Raises:
        InputError: no series, several series, another modality, missing or unevenly spaced slices.
    """
    # ITK prints its own warning for a folder without a series; ours is the one the user should see.
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        series = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder))
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(True)
    if not series:
        raise InputError(f"Folder '{folder}' holds no readable DICOM series.")
    if len(series) > 1:
        raise InputError(
            f"Folder '{folder}' holds {len(series)} DICOM series; put the one to read into a folder of its own."
        )
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), series[0])
    tags = _identity(folder, names[0])
    _require_even_slices(folder, names)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(names)
    try:
        return reader.Execute(), tags
    except RuntimeError as problem:
        raise InputError(
            f"The DICOM series in '{folder}' cannot be read; a file is damaged or incomplete."
        ) from problem


def _header(name: str) -> sitk.ImageFileReader:
    reader = sitk.ImageFileReader()
    reader.SetFileName(name)
    reader.ReadImageInformation()
    return reader


def _identity(folder: Path, name: str) -> dict[str, str]:
    header = _header(name)
    found = {k: header.GetMetaData(t).strip() for k, t in _TAGS.items() if header.HasMetaDataKey(t)}
    modality = found.pop("modality", "CT")
    if modality != "CT":
        raise InputError(f"The DICOM series in '{folder}' is {modality}, not CT.")
    day = found.get("study_date", "")
    if len(day) == 8:
        found["study_date"] = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    return {k: v for k, v in found.items() if v}


def _require_even_slices(folder: Path, names: tuple[str, ...]) -> None:
    """A missing slice would silently stretch every lesion below it."""
    if len(names) < 3:
        return
    origins, normal = [], None
    for name in names:
        header = _header(name)
        if normal is None:
            d = np.asarray(header.GetDirection()).reshape(3, 3)
            normal = np.cross(d[:, 0], d[:, 1])
        origins.append(float(np.asarray(header.GetOrigin()) @ normal))
    steps = np.diff(np.sort(origins))
    typical = float(np.median(steps))
    uneven = np.flatnonzero(np.abs(steps - typical) > max(_UNEVEN * typical, 0.05))
    if len(uneven):
        raise InputError(
            f"The DICOM series in '{folder}' has unevenly spaced slices: {typical:.2f} mm apart, but "
            f"{steps[uneven[0]]:.2f} mm after slice {int(uneven[0]) + 1}. Slices are missing or two series are mixed."
        )
