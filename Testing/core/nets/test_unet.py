"""The U-Net on blocks: shapes, blocks and back, model files, what an unknown header says."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.nets.architectures import config_as_dict, config_from_dict
from HCCResponseLib.nets.inputs import WITH_OVERVIEW
from HCCResponseLib.nets.model import FORMAT, load_model, save_adapted, save_model
from HCCResponseLib.nets.network import MOON2026
from HCCResponseLib.nets.unet import UNet, UNetConfig, blocks_of, voxels_of

SMALL = UNetConfig(2, 3, (4, 8))


def test_output_has_the_input_s_shape_whatever_its_sides():
    network = SMALL.build().eval()
    assert network.divisor == 4
    with torch.inference_mode():
        assert network(torch.zeros(2, 2, 8, 16, 12)).shape == (2, 3, 8, 16, 12)


def test_blocks_and_back():
    image = torch.arange(2 * 3 * 4 * 6 * 8.0).reshape(2, 3, 4, 6, 8)
    blocks = blocks_of(image)
    assert blocks.shape == (2, 24, 2, 3, 4)
    # The eight voxels of the first block are the first eight channels.
    assert torch.equal(blocks[0, :8, 0, 0, 0], image[0, 0, :2, :2, :2].flatten())
    assert torch.equal(voxels_of(blocks, 3), image)


def test_every_voxel_of_a_block_gets_its_own_answer():
    torch.manual_seed(0)
    with torch.inference_mode():
        found = SMALL.build().eval()(torch.randn(1, 2, 8, 8, 8))
    assert found[0, 0].unique().numel() > 400


@pytest.mark.parametrize("config", [SMALL, UNetConfig(), MOON2026])
def test_a_header_gives_the_same_network(config):
    assert config_from_dict(json.loads(json.dumps(config_as_dict(config)))) == config


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"architecture": "transformer"}, "unknown architecture, 'transformer'"),
        ({"architecture": "unet", "in_channels": 2}, "does not describe a U-Net"),
        ({"architecture": "unet", "filters": [4, 8], "depth": 3}, "does not describe a U-Net"),
    ],
)
def test_another_header_is_refused(values, words):
    with pytest.raises(ModelError, match=words):
        config_from_dict(values)


def test_a_model_file_keeps_half_precision_and_the_overview(tmp_path):
    network = SMALL.build()
    save_model(tmp_path / "m.safetensors", network, WITH_OVERVIEW, {"about": "test"})
    assert {t.dtype for t in load_file(tmp_path / "m.safetensors").values()} == {torch.float16}
    model = load_model(tmp_path / "m.safetensors")
    assert isinstance(model.network, UNet)
    assert model.grid == WITH_OVERVIEW
    for name, value in model.network.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, network.state_dict()[name].half().float())


def test_an_adapted_one_holds_only_what_differs(tmp_path):
    save_model(tmp_path / "m.safetensors", SMALL.build(), WITH_OVERVIEW, {})
    base = load_model(tmp_path / "m.safetensors")
    network = config_from_dict(config_as_dict(SMALL)).build()
    network.load_state_dict(base.network.state_dict())
    with torch.no_grad():
        network.head.bias += 1
    save_adapted(tmp_path / "a.safetensors", network, base, {})
    assert set(load_file(tmp_path / "a.safetensors")) == {"head.bias"}
    again = load_model(tmp_path / "a.safetensors", tmp_path / "m.safetensors")
    assert torch.equal(again.network.head.bias, network.head.bias.half().float())


def test_weights_of_other_filters_are_refused(tmp_path):
    state = {k: v.contiguous() for k, v in SMALL.build().state_dict().items()}
    header = {"format": FORMAT, "config": config_as_dict(UNetConfig(2, 3, (4, 6))), "spacing": [2, 2, 2]}
    save_file(state, tmp_path / "m.safetensors", {"hcc-response": json.dumps(header)})
    with pytest.raises(ModelError, match="do not fit their own architecture"):
        load_model(tmp_path / "m.safetensors")
