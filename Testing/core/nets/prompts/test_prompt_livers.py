"""Liver masks for training: attenuation with written corrections, on a drawn liver that touches a heart."""

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.cli.main import app
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_label_map
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.nets.prompts.livers import (
    DrawnLesions,
    LiverCorrections,
    lesions_as_drawn,
    liver_by_attenuation,
    read_corrections,
    read_drawn_lesions,
)
from HCCResponseLib.nets.prompts.scans import ListedScan, packed

GRID = Geometry((30, 60, 80), (3.0, 2.0, 2.0))
MIDDLE, RADIUS_MM = (15, 30, 28), 32.0


def ball(middle, radius_mm):
    axes = np.ogrid[tuple(slice(0, n) for n in GRID.size)]
    away = sum(((a - m) * s) ** 2 for a, m, s in zip(axes, middle, GRID.spacing, strict=True))
    return away < radius_mm**2


LIVER, HEART, VESSEL = ball(MIDDLE, RADIUS_MM), ball((15, 30, 58), 30.0), ball((15, 34, 24), 4.0)


@pytest.fixture(scope="module")
def scan():
    rng = np.random.default_rng(0)
    hu = np.where(LIVER | HEART, 110.0, -90.0)
    hu[VESSEL] = 190.0
    return Volume((hu + rng.normal(0, 12, hu.shape)).astype(np.int16), GRID, "drawn")


def corrections(scan, **more):
    heart = {"slices": (0, 29), "polygon": ((43, 0), (79, 0), (79, 59), (43, 59))}
    whole = tuple((0, n) for n in GRID.size)
    given = {"source": "drawn", "image_sha256": scan.sha256, "hu": (85, 135), "seed": MIDDLE, "box": whole}
    return LiverCorrections.model_validate({**given, "cut": (heart,), **more})


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


def test_what_is_cut_off_is_no_liver_and_vessels_within_are(scan):
    found = liver_by_attenuation(scan, corrections(scan))
    truth = LIVER.copy()
    truth[:, :, 44:] = False
    assert dice(found, truth) > 0.95
    assert found[VESSEL].all()
    assert not found[:, :, 44:].any()


def test_without_the_cut_the_neighbour_comes_along(scan):
    assert liver_by_attenuation(scan, corrections(scan, cut=()))[HEART].mean() > 0.9


def test_what_is_added_is_liver_whatever_it_looks_like(scan):
    corner = {"slices": (3, 4), "polygon": ((2, 2), (8, 2), (8, 8), (2, 8))}
    found = liver_by_attenuation(scan, corrections(scan, add=(corner,)))
    assert found[3:5, 3:8, 3:8].all()
    assert not found[5, 3:8, 3:8].any()


def test_only_the_box_is_looked_at(scan):
    found = liver_by_attenuation(scan, corrections(scan, box=((0, 30), (0, 60), (0, 30))))
    assert found.any()
    assert not found[:, :, 30:].any()


def test_corrections_of_another_scan_are_refused(scan):
    with pytest.raises(InputError, match="for another scan than 'drawn'"):
        liver_by_attenuation(scan, corrections(scan, image_sha256="0" * 64))


def test_a_seed_outside_of_the_liver_is_said(scan):
    with pytest.raises(InputError, match="no liver at the seed"):
        liver_by_attenuation(scan, corrections(scan, seed=(1, 1, 1)))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"box": ((0, 31), (0, 60), (0, 80))}, "Box 0 to 31 of the slices"),
        ({"box": ((0, 30), (9, 9), (0, 80))}, "Box 9 to 9 of the rows"),
        ({"box": ((0, 30), (0, 60), (30, 80))}, "Seed 28 of the columns"),
        ({"seed": (-1, 30, 28)}, "Seed -1 of the slices"),
    ],
)
def test_a_box_and_a_seed_outside_of_the_scan_are_refused(scan, wrong, said):
    with pytest.raises(InputError, match=said):
        liver_by_attenuation(scan, corrections(scan, **wrong))


def test_an_unknown_key_is_named(tmp_path, scan):
    file = tmp_path / "c.yaml"
    file.write_text(
        yaml.safe_dump(corrections(scan).model_dump(mode="json") | {"cuts": []}), encoding="utf-8"
    )
    with pytest.raises(InputError, match="cuts"):
        read_corrections(file)


def test_the_command_writes_the_mask_and_a_sheet(tmp_path, scan):
    write_volume(scan, tmp_path / "ct.nii.gz")
    (tmp_path / "c.yaml").write_text(
        yaml.safe_dump(corrections(scan).model_dump(mode="json")), encoding="utf-8"
    )
    words = ("prompts", "liver", "ct.nii.gz", "c.yaml", "-o", "liver.nrrd", "--sheet", "sheet.png")
    named = [str(tmp_path / w) if "." in w else w for w in words]
    done = CliRunner().invoke(app, named)
    assert done.exit_code == 0, done.output
    found = read_label_map(tmp_path / "liver.nrrd").labels > 0
    assert (found == liver_by_attenuation(scan, corrections(scan))).all()
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_every_file_of_corrections_that_is_shipped_can_be_read():
    files = sorted(resource_path("Livers").glob("*.yaml"))
    assert len(files) == 7
    for file in files:
        given = read_corrections(file)
        assert all(a <= s < b for s, (a, b) in zip(given.seed, given.box, strict=True)), file.name


def outlined(scan, slices=(3, 4), **more):
    square = {"slices": slices, "polygon": ((10, 20), (15, 20), (15, 26), (10, 26))}
    given = {
        "source": "drawn",
        "image_sha256": scan.sha256,
        "lesions": [{"name": "L1", "outlines": [square]}],
    }
    return DrawnLesions.model_validate({**given, **more})


def test_a_lesion_is_what_was_outlined(scan):
    found = lesions_as_drawn(scan, outlined(scan))
    assert found[3:5, 20:27, 10:16].all()
    assert found.sum() == 2 * 7 * 6


def test_outlines_of_another_scan_and_outside_of_it_are_refused(scan):
    with pytest.raises(InputError, match="These outlines are for another scan than 'drawn'"):
        lesions_as_drawn(scan, outlined(scan, image_sha256="0" * 64))
    with pytest.raises(InputError, match="Lesion 'L1' does not lie within 'drawn'"):
        lesions_as_drawn(scan, outlined(scan, slices=(30, 31)))


def test_a_pack_takes_outlines_as_lesions(tmp_path, scan):
    write_volume(scan, tmp_path / "ct.nii.gz")
    for name, given in (("liver.yaml", corrections(scan)), ("lesions.yaml", outlined(scan))):
        (tmp_path / name).write_text(yaml.safe_dump(given.model_dump(mode="json")), encoding="utf-8")
    row = ListedScan(
        "a", "P1", tmp_path / "ct.nii.gz", "liver.yaml", "lesions.yaml", "CC0", "drawn", tmp_path
    )
    made = packed(row)
    assert made.facts.real_lesions
    assert (made.lesions > 0).sum() == 2 * 7 * 6


def test_every_file_of_outlines_that_is_shipped_can_be_read():
    files = sorted(resource_path("Lesions").glob("*.yaml"))
    assert len(files) == 1
    assert [lesion.name for lesion in read_drawn_lesions(files[0]).lesions] == [
        "segment 6, caudal",
        "segment 6, dorsal",
    ]
