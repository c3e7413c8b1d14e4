"""The slices that were measured on, as a Key Object Selection (PS3.3, A.35.4): a viewer finds them at once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.dicom.entries import LesionEntry
from HCCResponseLib.dicom.written import as_it_is, in_unicode, observer, own_series
from HCCResponseLib.imaging.frames import slices_of
from HCCResponseLib.imaging.slices import in_order, numbers

_SERIES_NUMBER = 903
_DESCRIPTION = "Slices on which lesions were measured, by hcc-response"


def measured_on(headers: Sequence[Any], lesions: Sequence[LesionEntry]) -> list[Any]:
    """The data sets of the slices that hold the middle of a long axis, each once, along the body.

    Args:
        headers: of the image, as :func:`.source_headers` gives them.
    """
    by_file = {str(one.filename): one for one in headers}
    slices, places = in_order(list(slices_of(headers)))
    across, down = np.reshape(numbers(slices[0], "ImageOrientationPatient", 6), (2, 3))
    normal = np.cross(across, down)
    middles = [np.mean(one.long_axis.ends, axis=0) for one in lesions if one.long_axis and one.long_axis.ends]
    levels = sorted({int(np.abs(places - middle @ normal).argmin()) for middle in middles})
    return list({id(one): one for one in (by_file[str(slices[level].filename)] for level in levels)}.values())


def write_key_images(path: Path, images: Sequence[Any], reader: str) -> None:
    """Write which images they are.

    Raises:
        StorageError: the file cannot be written.
    """
    import highdicom as hd
    from pydicom.sr.codedict import codes

    with as_it_is():
        made = hd.ko.KeyObjectSelectionDocument(
            evidence=list(images),
            content=hd.ko.KeyObjectSelection(
                codes.DCM.OfInterest,
                list(images),
                observer_person_context=observer(reader),
                description=_DESCRIPTION,
            ),
            **own_series(_SERIES_NUMBER),
        )
    write_atomically(path, in_unicode(made).save_as)
