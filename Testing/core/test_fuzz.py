"""What the fuzzer found, and the fuzzer itself on a few inputs of every kind."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import dcmread

from dicom_series import write_series
from HCCResponseLib.base.errors import InputError, ProfileError, StorageError
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.store import ReadStore
from reads import BASELINE, lesion, make_read

FUZZER = Path(__file__).parents[1] / "fuzz"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{name: a, fields: {}, 7: x, extra: y}", "unknown entry '7'"),
        ("{name: a, fields: {pd_percent: {value: 20, source: s, 7: x, other: y}}}", "unknown entry '7'"),
        (f"{{name: a, fields: {{}}, extends: {'x' * 5000}}}", "not the name of a profile"),
        ("{name: a, fields: {}, extends: [recist-1.1]}", "not the name of a profile"),
    ],
)
def test_profiles_with_keys_and_names_that_nobody_expects(tmp_path, text, says):
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError, match=says):
        load_profile(path)


def test_a_dicom_header_that_cannot_be_decoded_names_its_file(tmp_path):
    folder = write_series(tmp_path / "s")
    file = sorted(folder.iterdir())[1]
    content = file.read_bytes()
    at = content.index(b"\x02\x00\x00\x00UL\x04\x00") + 6  # the length of the first element
    file.write_bytes(content[:at] + b"\x03" + content[at + 1 :])
    with pytest.raises(InputError, match=file.name):
        read_volume(folder)
    assert dcmread(sorted(folder.iterdir())[0]).PatientID == "PATIENT-9"


def test_a_store_whose_names_of_tables_are_damaged_is_refused(tmp_path):
    path = tmp_path / "read.sqlite"
    make_read(path, [lesion(BASELINE, "L1", 30)])[0].close()
    content = path.read_bytes()
    at = content.index(b"CREATE TABLE events") + 13
    path.write_bytes(content[:at] + b"\xff\xff" + content[at + 2 :])
    with pytest.raises(StorageError, match=r"read\.sqlite.*damaged"):
        ReadStore(path)


@pytest.mark.slow
def test_damaged_inputs_of_every_kind_end_in_a_sentence():
    done = subprocess.run(
        [sys.executable, str(FUZZER), "--examples", "600", "--seed", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 of 600 inputs failed" in done.stdout
