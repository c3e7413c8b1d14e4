"""Bad input through the real command: one clear line, exit status 1, nothing written."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import yaml

from commands import run
from small import small_study


@pytest.fixture
def study(tmp_path) -> Path:
    return small_study(tmp_path / "study")


def rewrite(path: Path, change) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content))


def edit_image(path: Path, change) -> None:
    image = sitk.ReadImage(str(path))
    values = change(sitk.GetArrayFromImage(image))
    out = sitk.GetImageFromArray(values)
    if values.shape == tuple(reversed(image.GetSize())):
        out.CopyInformation(image)
    sitk.WriteImage(out, str(path))


def missing_file(study: Path) -> None:
    (study.parent / "follow-up.nii.gz").unlink()


def unreadable_file(study: Path) -> None:
    (study.parent / "follow-up.nii.gz").write_bytes(b"not an image")


def contour_of_another_geometry(study: Path) -> None:
    edit_image(study.parent / "baseline-contour.nii.gz", lambda v: v[:-1])


def empty_contour(study: Path) -> None:
    edit_image(study.parent / "baseline-contour.nii.gz", np.zeros_like)


def another_subject(study: Path) -> None:
    rewrite(study, lambda c: c["timepoints"][1].update(subject="SOMEONE-ELSE"))


def dates_out_of_order(study: Path) -> None:
    rewrite(study, lambda c: c["timepoints"][1].update(date="2020-01-01"))


def not_a_number(study: Path) -> None:
    def spoil(values):
        values = values.astype(np.float32)
        values[0, 0, 0] = np.nan
        return values

    edit_image(study.parent / "follow-up.nii.gz", spoil)


def not_ct(study: Path) -> None:
    edit_image(
        study.parent / "follow-up.nii.gz", lambda v: ((v.astype(np.float32) + 1024) / 20).astype(np.uint8)
    )


def unknown_labels(study: Path) -> None:
    edit_image(study.parent / "baseline-contour.nii.gz", lambda v: np.where(v > 0, 7, v).astype(np.uint8))


CASES = [
    (missing_file, "follow-up.nii.gz", "does not exist"),
    (unreadable_file, "follow-up.nii.gz", "cannot be read"),
    (contour_of_another_geometry, "baseline-contour.nii.gz", "does not lie on image"),
    (empty_contour, "baseline-contour.nii.gz", "is empty"),
    (another_subject, "follow-up 1", "belongs to subject 'SOMEONE-ELSE'"),
    (dates_out_of_order, "follow-up 1", "dates are out of order"),
    (not_a_number, "follow-up.nii.gz", "not numbers"),
    (not_ct, "follow-up.nii.gz", "not CT in Hounsfield units"),
    (unknown_labels, "baseline-contour.nii.gz", "unknown label values [7]"),
]


@pytest.mark.parametrize(("spoil", "named", "why"), CASES, ids=[c[0].__name__ for c in CASES])
def test_bad_study(study, tmp_path, spoil, named, why):
    spoil(study)
    output = tmp_path / "out"
    done = run("propose", study, "--output", output)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("error: ")
    assert named in done.stderr
    assert why in done.stderr
    assert done.stdout == ""
    assert not output.exists()


def test_unknown_recipe_profile_and_decisions_are_refused_first(study, tmp_path):
    output = tmp_path / "out"
    done = run("propose", study, "--output", output, "--recipe", "slow")
    assert (done.returncode, "known are quick, moon2026" in done.stderr) == (1, True)
    done = run("assess", study, "--output", output, "--decisions", tmp_path / "none.yaml")
    assert (done.returncode, "none.yaml' does not exist" in done.stderr) == (1, True)
    rewrite(study, lambda c: c.update(profile="recist-9"))
    done = run("propose", study, "--output", output)
    assert done.returncode == 1
    assert "recist-9" in done.stderr
    assert not output.exists()


def small_file_system(folder: Path) -> bool:
    """A real file system of 96 KiB, where the rights to mount one are there."""
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(folder)]
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


@pytest.mark.slow
def test_a_full_disk(study, tmp_path):
    """The output disk is too small: a clear error, and no half-written file."""
    output = tmp_path / "disk"
    if os.name != "posix" or not small_file_system(output):
        pytest.skip("mounting a small file system is not permitted here")
    try:
        done = run("segment", study.parent / "baseline.nii.gz", "--output", output / "big.mha")
        filler = output / "filler"
        with pytest.raises(OSError, match="No space"), filler.open("wb") as stream:
            stream.write(b"x" * 1_000_000)
            stream.flush()
        again = run("segment", study.parent / "baseline.nii.gz", "--output", output / "seg.nii.gz")
        assert again.returncode == 1
        assert "No room left" in again.stderr or "cannot be written" in again.stderr
        assert "Traceback" not in again.stderr
        left = {p.name for p in output.iterdir()}
        assert left <= {"filler", "big.mha", "big.mha.json"}
        assert done.returncode in (0, 1)
        third = run("propose", study, "--output", output / "read")
        assert third.returncode == 1
        assert "Traceback" not in third.stderr
        assert not (output / "read" / "report.html").exists()
    finally:
        subprocess.run(["umount", str(output)], check=True)
