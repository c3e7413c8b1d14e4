"""``track --candidates`` on scans that the network was not made for, and images named with ``-i``."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.main import app
from HCCResponseLib.cli.steps import in_places
from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.imaging.write import write_label_map, write_volume
from HCCResponseLib.nets import segment
from HCCResponseLib.synth.anatomy import draw_anatomy
from HCCResponseLib.synth.render import centred_geometry, render

NATIVE_HU = {"liver": 55.0, "vessel": 40.0, "spleen": 48.0, "kidney": 32.0, "aorta": 42.0, "bone": 340.0}
PORTAL_HU = {"liver": 110.0, "vessel": 165.0, "spleen": 120.0, "kidney": 180.0, "aorta": 155.0, "bone": 340.0}


def ball(liver, grid, share):
    """15 mm around the liver voxel at a share of the way through all of them."""
    places = np.argwhere(liver)
    centre = places[int(share * len(places))]
    axes = np.ogrid[tuple(slice(0, n) for n in liver.shape)]
    gaps = zip(axes, centre, grid.spacing, strict=True)
    return (sum(((axis - c) * s) ** 2 for axis, c, s in gaps) <= 15.0**2) & liver


def tracked(folder, monkeypatch, hu, slices):
    """``track`` of a pair in which the network sees a second spot at the follow-up; images behind ``-i``."""
    anatomy = draw_anatomy(np.random.default_rng(1))
    geometry = centred_geometry((round(200 / slices), 80, 112), (slices, 3.0, 3.0))
    drawn = render(replace(anatomy, hu={**anatomy.hu, **hu}), (), geometry, np.random.default_rng(1))
    known, new = (ball(drawn.liver, geometry, share) for share in (0.4, 0.6))
    for name in ("first.nii.gz", "second.nii.gz"):
        write_volume(drawn.volume, folder / name)
    write_label_map(LabelMap(known.astype(np.uint8), geometry), folder / "contour.nii.gz")
    seen = iter([known, known | new])

    def looked(*_):
        return drawn.liver.astype(np.float32), next(seen).astype(np.float32), geometry

    monkeypatch.setattr(segment, "liver_and_tumour", looked)
    words = [
        "track",
        "-i",
        folder / "first.nii.gz",
        "-i",
        folder / "second.nii.gz",
        folder / "contour.nii.gz",
    ]
    words += ["--candidates", "--report", folder / "pair.html", "-o", folder / "carried.nii.gz", "--json"]
    done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, done.output
    page = " ".join((folder / "pair.html").read_text(encoding="utf-8").split())
    return json.loads(done.stdout), " ".join(done.stderr.split()), page


def test_candidates_on_thick_native_slices_come_with_the_warning_and_are_not_suggested_as_new(
    tmp_path, monkeypatch
):
    result, said, page = tracked(tmp_path, monkeypatch, NATIVE_HU, 10.0)
    words = "Outside what the network was made for: look at every proposal"
    assert said.count(words) == 2
    assert "second.nii.gz: The slices are 10 mm thick; the network was made for 0.5 to 5 mm." in said
    assert page.count(words) == 2
    assert all(result["domain"][visit]["outside"] for visit in ("baseline", "follow_up"))
    assert [c["suggestion"] for c in result["candidates"]] == ["equivocal"]
    assert "outside_domain" in result["candidates"][0]


def test_candidates_on_scans_that_the_network_was_made_for_come_without(tmp_path, monkeypatch):
    result, said, page = tracked(tmp_path, monkeypatch, PORTAL_HU, 4.0)
    assert "Outside what the network" not in said + page
    assert result["domain"]["follow_up"]["outside"] == []
    assert [c["suggestion"] for c in result["candidates"]] == ["new"]


def test_images_behind_i_take_their_places_among_the_arguments():
    a, b, c = (Path(name) for name in "abc")
    assert in_places([a, b], [], (0,), "it") == [a, b]
    assert in_places([b, None], [a], (0,), "it") == [a, b]
    assert in_places([b, None, None], [a, c], (0, 2), "it") == [a, b, c]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [("ab", "a"), ("a", ""), ("", "a"), ("", ""), ("ab", "ab")],
)
def test_too_few_or_too_many_files_are_refused(arguments, named):
    given = [Path(x) for x in arguments] + [None] * (2 - len(arguments))
    with pytest.raises(InputError, match="Name one CT and its contour once"):
        in_places(given, [Path(x) for x in named], (0,), "one CT and its contour")


def test_adapt_takes_its_image_behind_i():
    done = CliRunner().invoke(app, ["adapt", "-i", "nowhere.nrrd", "contour.nrrd"])
    assert done.exit_code == 1
    assert "'nowhere.nrrd' does not exist" in done.stderr
