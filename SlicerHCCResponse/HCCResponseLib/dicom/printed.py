"""A report in PDF as a DICOM object (Encapsulated PDF, PS3.3, A.45.1), in the study that it ends with."""

from datetime import datetime
from pathlib import Path
from typing import Any

from HCCResponseLib import __version__
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.dicom.written import MANUFACTURER, MODEL, in_unicode

_SERIES_NUMBER = 902
_STUDY = (
    "SpecificCharacterSet", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "PatientName",
    "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID",
)  # fmt: skip


def write_printed(path: Path, pdf: bytes, title: str, header: Any, when: datetime) -> None:
    """Write a PDF as an object of a study.

    Args:
        header: data set of an image of that study, as :func:`.source_headers` gives it.
        when: it was made.

    Raises:
        StorageError: the file cannot be written.
    """
    from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
    from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian, generate_uid

    meta, uid = FileMetaDataset(), generate_uid(None)
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, EncapsulatedPDFStorage
    meta.MediaStorageSOPInstanceUID = uid
    made = FileDataset(path, Dataset(), file_meta=meta, preamble=b"\0" * 128)
    for name in _STUDY:
        if name in header:
            setattr(made, name, header.get(name))
    day, time = when.strftime("%Y%m%d"), when.strftime("%H%M%S")
    values = {
        "SOPClassUID": EncapsulatedPDFStorage, "SOPInstanceUID": uid, "Modality": "DOC", "ConversionType": "WSD",
        "SeriesInstanceUID": generate_uid(None), "SeriesNumber": _SERIES_NUMBER, "InstanceNumber": 1,
        "SeriesDescription": "Report, hcc-response", "Manufacturer": MANUFACTURER, "ManufacturerModelName": MODEL,
        "SoftwareVersions": __version__, "ContentDate": day, "ContentTime": time, "AcquisitionDateTime": None,
        "BurnedInAnnotation": "YES", "DocumentTitle": title[:1024], "ConceptNameCodeSequence": [],
        "MIMETypeOfEncapsulatedDocument": "application/pdf",
        "EncapsulatedDocument": pdf + b"\0" * (len(pdf) % 2), "EncapsulatedDocumentLength": len(pdf),
    }  # fmt: skip
    for name, value in values.items():
        setattr(made, name, value)
    in_unicode(made)
    write_atomically(path, lambda temporary: made.save_as(temporary, enforce_file_format=True))
