"""NRRD and MetaImage: what a header does not say is not guessed, and a damaged file is refused in our words alone."""

import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.read import read_volume


def written(path, compressed=False):
    values = np.random.default_rng(0).integers(-1000, 300, (9, 20, 16)).astype(np.int16)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.75, 0.5, 2.5))
    image.SetOrigin((-60.0, -50.0, 40.0))
    sitk.WriteImage(image, str(path), compressed)
    return path


def change(path, old, new):
    raw = path.read_bytes()
    assert old in raw
    path.write_bytes(raw.replace(old, new, 1))
    return path


def without(path, start):
    head, mark, rest = path.read_bytes().partition(b"\n\n" if path.suffix == ".nrrd" else b"LOCAL\n")
    kept = [line for line in head.split(b"\n") if not line.startswith(start)]
    assert len(kept) == head.count(b"\n")
    path.write_bytes(b"\n".join(kept) + mark + rest)
    return path


@pytest.mark.parametrize("name", ["ct.nrrd", "ct.nhdr", "ct.mha", "ct.mhd"])
@pytest.mark.parametrize("compressed", [False, True])
def test_whole_files_are_read_with_their_geometry(tmp_path, name, compressed):
    found = read_volume(written(tmp_path / name, compressed)).geometry
    assert found.spacing == pytest.approx((2.5, 0.5, 0.75))
    assert found.origin == pytest.approx((-60.0, -50.0, 40.0))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("ct.nrrd", "space:"),
        ("ct.nrrd", "space directions"),
        ("ct.nrrd", "space origin"),
        ("ct.mha", "ElementSpacing"),
        ("ct.mha", "Offset"),
        ("ct.mha", "TransformMatrix"),
        ("ct.mha", "BinaryDataByteOrderMSB"),
        ("ct.mha", "DimSize"),
        ("ct.mha", "ElementType"),
    ],
)
def test_what_a_header_does_not_say_is_not_guessed(tmp_path, name, line):
    with pytest.raises(InputError, match=f"ct.* does not state '{line.rstrip(':')}'"):
        read_volume(without(written(tmp_path / name), line.encode()))


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("ct.nrrd", b"(0,0,2.5)", b"none", "2 of 3 axes"),
        ("ct.nrrd", b"(0,0,2.5)", b"(0,0,nan)", "'space directions' as '0 0 nan'"),
        ("ct.nrrd", b"left-posterior-superior", b"scanner-xyz", "scanner-xyz"),
        ("ct.nrrd", b"sizes: 16 20 9", b"sizes: 16 20 8", "5120 bytes of voxels and has 5760"),
        ("ct.mha", b"NDims = 3", b"NDims = x", "'NDims' as 'x'"),
        ("ct.mha", b"= 0.75 0.5 2.5", b"= 0.75 0.5 -2.5", "a voxel of 0.75 0.5 -2.5 mm"),
        ("ct.mha", b"= 0.75 0.5 2.5", b"= 0.75 0.5 0", "a voxel of 0.75 0.5 0 mm"),
        ("ct.mha", b"DimSize = 16 20 9", b"DimSize = 16 20 8", "5120 bytes of voxels and has 5760"),
        ("ct.mha", b"= LOCAL", b"= ct.raw", "'ct.raw' for its voxels"),
        (
            "ct.mha",
            b"BinaryData = True",
            b"BinaryData = \xe0rue",
            "'BinaryData' as 'àrue', where True or False",
        ),
        ("ct.mha", b"BinaryData = True", b"BinaKyData = True", "2880 voxels as text and has"),
        ("ct.mha", b"CompressedData = False", b"CompressedData = ?", "'CompressedData' as"),
    ],
)
def test_an_impossible_geometry_is_refused_by_name(tmp_path, name, old, new, says):
    with pytest.raises(InputError, match=says):
        read_volume(change(written(tmp_path / name), old, new))


@pytest.mark.parametrize("name", ["ct.nrrd", "ct.mha", "ct.mhd"])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 0.98])
def test_a_damaged_file_is_refused_in_our_words_alone(tmp_path, name, compressed, share):
    path = written(tmp_path / name, compressed)
    data = next((f for f in tmp_path.iterdir() if f.suffix in (".raw", ".zraw")), path)
    data.write_bytes(data.read_bytes()[: int(share * data.stat().st_size)])
    script = (
        "import sys\nfrom HCCResponseLib.base.errors import InputError\n"
        "from HCCResponseLib.imaging.read import read_volume\n"
        "try:\n    read_volume(sys.argv[1])\nexcept InputError as refused:\n    print(refused)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert f"The image '{path}'" in done.stdout
    assert done.stderr == ""
