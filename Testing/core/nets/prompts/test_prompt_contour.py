"""From prompts to a contour: the right place on any grid, the part that is shown, and refusals.

The network here is a rule, so that what is tested is the way there and back: it takes for lesion what is darker than
the tissue around and not farther from the line or an inside click than half the line.
"""

import numpy as np
import pytest
import torch

from HCCResponseLib.base.errors import InputError, ModelError
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.prompt import Click, Line, Prompts
from HCCResponseLib.nets.prompts.contour import contour_from_prompts
from HCCResponseLib.nets.prompts.network import (
    PromptModel,
    PromptNetwork,
    load_prompt_model,
    save_prompt_model,
)

OBLIQUE = (0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)


class DarkerThanItsSurroundings(torch.nn.Module):
    """Lesion: more than 20 HU darker than the tissue; an earlier contour counts as well."""

    def forward(self, x):
        dark = -x[:, 1] - 20 / 60
        known = torch.where(x[:, 2] != 0, x[:, 2], torch.full_like(dark, -1.0))
        margin = 10 * torch.maximum(dark, known)
        return torch.stack([torch.zeros_like(margin), margin], 1)


MODEL = PromptModel(DarkerThanItsSurroundings(), PromptNetwork(side=64), "0" * 64)


def scan(direction=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)):
    """Two dark balls of 24 mm in tissue, 60 mm apart along the array's x axis."""
    geometry = Geometry((40, 150, 150), (2.5, 0.8, 0.8), (-60.0, 20.0, 5.0), direction)
    z, y, x = np.ogrid[0:40, 0:150, 0:150]
    truth = np.zeros((2, *geometry.size), bool)
    for number, place in enumerate((40, 115)):
        away = ((z - 20) * 2.5) ** 2 + ((y - 75) * 0.8) ** 2 + ((x - place) * 0.8) ** 2
        truth[number] = away < 12.0**2
    hu = np.where(truth.any(0), 40, 100).astype(np.int16)
    return Volume(hu, geometry, "balls"), truth


def at(image, *index):
    x, y, z = image.geometry.index_to_lps(index).tolist()
    return x, y, z


def dice(found, truth):
    whole = np.zeros(truth.shape, bool)
    whole[found.box] = found.mask
    return 2 * (whole & truth).sum() / (whole.sum() + truth.sum())


@pytest.mark.parametrize("direction", [Geometry((1, 1, 1), (1.0, 1.0, 1.0)).direction, OBLIQUE])
def test_a_line_gives_the_lesion_under_it_and_no_other(direction):
    image, truth = scan(direction)
    line = Line(at(image, 20, 75, 25), at(image, 20, 75, 55))
    found = contour_from_prompts(MODEL, image, Prompts(line))
    assert dice(found, truth[0]) > 0.95
    assert found.voxel_mm == pytest.approx(2.2 * 24 / 64)
    assert found.probability[found.mask].min() > 0.5


def test_a_click_alone_is_looked_at_twice():
    image, truth = scan()
    found = contour_from_prompts(MODEL, image, Prompts(clicks=(Click(at(image, 20, 75, 115)),)))
    assert dice(found, truth[1]) > 0.95
    assert found.voxel_mm < 1.0, "the first look, without a size, has voxels of 1.7 mm"


def test_the_size_of_a_contour_that_is_corrected_counts():
    image, truth = scan()
    found = contour_from_prompts(MODEL, image, Prompts(clicks=(Click(at(image, 20, 75, 40)),)), truth[0])
    assert found.voxel_mm == pytest.approx(2.2 * 24 / 64, rel=0.05)
    assert dice(found, truth[0]) > 0.9


def test_a_prompt_outside_of_the_scan_is_refused_with_its_position():
    image, _ = scan()
    line = Line(at(image, 20, 75, 140), at(image, 20, 75, 170))
    with pytest.raises(InputError, match=r"\(76\.0, 80\.0, 55\.0\) mm \(LPS\) lies outside"):
        contour_from_prompts(MODEL, image, Prompts(line))


def test_nothing_under_the_prompt_is_said():
    image = Volume(np.full((40, 150, 150), 100, np.int16), scan()[0].geometry, "tissue")
    with pytest.raises(InputError, match="No lesion was found"):
        contour_from_prompts(MODEL, image, Prompts(Line(at(image, 5, 20, 20), at(image, 5, 20, 40))))


def test_weights_come_back_in_half_precision_with_their_facts(tmp_path):
    shape = PromptNetwork((4, 8, 8), 32)
    network = shape.build().eval()
    digest = save_prompt_model(tmp_path / "m.safetensors", network, shape, {"patients": ["P1"]})
    model = load_prompt_model(tmp_path / "m.safetensors")
    assert (model.shape, model.sha256, model.notes) == (shape, digest, {"patients": ["P1"]})
    x = torch.randn(1, 5, 32, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(network(x), model.network(x), atol=0.05)


def test_weights_that_cannot_be_used_are_named(tmp_path):
    file = tmp_path / "m.safetensors"
    with pytest.raises(ModelError, match=r"m\.safetensors' does not exist"):
        load_prompt_model(file)
    file.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="damaged or no model"):
        load_prompt_model(file)
    shape = PromptNetwork((4, 8, 8), 32)
    save_prompt_model(file, shape.build(), PromptNetwork((4, 8, 16), 32), {})
    with pytest.raises(ModelError, match="do not fit their own network"):
        load_prompt_model(file)
