"""Whether the headers of an image say whose it is: readers of a committee must not know."""

from pathlib import Path

from HCCResponseLib.imaging.dicom_headers import dicom_header, header_text
from HCCResponseLib.imaging.series import series_files
from HCCResponseLib.imaging.slice_list import SLICE_LIST

# Elements that PS3.15 Annex E removes or empties, by which a person or a place is known.
_NAMES = (
    "PatientName", "PatientBirthDate", "PatientAddress", "OtherPatientNames", "InstitutionName", "InstitutionAddress",
    "ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName", "AccessionNumber",
)  # fmt: skip
_REMOVED = "PatientIdentityRemoved"


def says_whose(image: Path) -> tuple[str, ...]:
    """The elements of an image's first slice that name a person or a place; none where it was de-identified.

    Images that are no DICOM name nobody. A slice that says that identity was removed (0012,0062) is believed.

    Raises:
        InputError: the image cannot be read.
    """
    if not (image.is_dir() or image.suffix == SLICE_LIST):
        return ()
    header = dicom_header(series_files(image)[0], [*_NAMES, _REMOVED])
    if header is None or header_text(header, _REMOVED).upper() == "YES":
        return ()
    return tuple(name for name in _NAMES if header_text(header, name).strip("^ "))
