"""Compressed transfer syntaxes: what is read is what was stored."""

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import HTJ2KLossless, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from dicom_corpus import Series, planes, write
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.catalogue.series import catalogue
from HCCResponseLib.imaging.read import read_volume

LOSSLESS = [RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, HTJ2KLossless]


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda s: s.keyword)
def test_lossless_compression_is_read_as_it_was_stored(tmp_path, syntax):
    series = Series(syntax=syntax)
    folder = write(tmp_path / "s", series)
    assert dcmread(next(folder.iterdir())).file_meta.TransferSyntaxUID == syntax
    assert not catalogue([folder]).files.faults
    assert np.array_equal(read_volume(folder).hu, planes(series).astype(int) - 1024)


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda s: s.keyword)
def test_compressed_slices_that_are_cut_short_are_found_by_their_headers(tmp_path, syntax):
    folder = write(tmp_path / "s", Series(syntax=syntax))
    cut = folder / "004.dcm"
    cut.write_bytes(cut.read_bytes()[:-40])
    found = catalogue([folder])
    assert len(found.files.faults) == 1 and "004.dcm" in str(found.files.faults[0])
    with pytest.raises(InputError):
        read_volume(folder)
