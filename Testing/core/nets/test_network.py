"""FCD, its loss, and weights on disk."""

from __future__ import annotations

import math

import pytest
import torch
import yaml

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.nets.grids import WorkingGrid
from HCCResponseLib.nets.losses import dual_cross_entropy, fcd_loss, soft_dice_loss, tumour_logits
from HCCResponseLib.nets.model import (
    DEFAULT_MODEL,
    Model,
    card_of,
    load_model,
    save_adapted,
    save_model,
    sha256_of,
)
from HCCResponseLib.nets.network import COMPACT, FCD, MOON2026, FCDConfig

TINY = FCDConfig(in_channels=2, out_channels=3, blocks=(1, 1), growth=2, first=2)
GRID = WorkingGrid((2.0, 2.0, 2.0), (1.0, 1.0, 1.0))


def test_published_size_and_blocks():
    network = FCD(MOON2026)
    count = sum(p.numel() for p in network.parameters())
    assert 2.1e6 <= count <= 2.7e6
    layers = [len(b.layers) for b in (*network.down, network.bottleneck)]
    assert layers == [2, 3, 4, 5, 7]
    assert all(layer[2].out_channels == 12 for b in (*network.down, network.bottleneck) for layer in b.layers)


@pytest.mark.parametrize("config", [TINY, COMPACT])
def test_output_has_the_input_s_shape(config):
    network = FCD(config).eval()
    side = network.divisor * 2
    with torch.inference_mode():
        out = network(torch.zeros(1, config.in_channels, side, side, side))
    assert out.shape == (1, config.out_channels, side, side, side)


def test_losses_by_hand():
    logits = torch.zeros(1, 2, 1, 1, 2)
    target = torch.tensor([0, 1]).reshape(1, 1, 1, 2)
    assert dual_cross_entropy(logits, target).item() == pytest.approx(math.log(1.5))
    # probabilities 1/2 each: overlap 0.5, sizes 1 and 1, smoothed by one
    assert soft_dice_loss(logits, target).item() == pytest.approx(1 - (2 * 0.5 + 1) / (1 + 1 + 1))
    expected = math.log(2) + math.log(1.5) + 1 - 2 / 3
    assert fcd_loss(logits, target).item() == pytest.approx(expected)


def test_loss_is_lower_for_the_truth():
    target = torch.randint(0, 3, (1, 4, 4, 4), generator=torch.Generator().manual_seed(0))
    right = torch.nn.functional.one_hot(target, 3).movedim(-1, 1).float() * 20
    assert fcd_loss(right, target) < 0.01 < fcd_loss(-right, target)


def test_tumour_logits_keep_the_tumour_probability():
    logits = torch.randn(1, 3, 2, 2, 2, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(logits.softmax(1)[:, 2], tumour_logits(logits).softmax(1)[:, 1], atol=1e-6)


def test_save_and_load(tmp_path):
    network = FCD(TINY)
    digest = save_model(tmp_path / "m.pt", network, GRID, {"steps": 3})
    model = load_model(tmp_path / "m.pt")
    assert model.sha256 == digest == sha256_of(tmp_path / "m.pt")
    assert model.grid == GRID
    assert not model.network.training
    for key, value in network.state_dict().items():
        assert torch.equal(value, model.network.state_dict()[key])


def adapted_pair(tmp_path):
    save_model(tmp_path / "base.pt", FCD(TINY), GRID, {})
    base = load_model(tmp_path / "base.pt")
    network = FCD(TINY)
    network.load_state_dict(base.network.state_dict())
    with torch.no_grad():
        network.head.weight += 1
    save_adapted(tmp_path / "adapted.pt", network, base, {})
    return base, network


def test_an_adapted_checkpoint_holds_only_what_changed(tmp_path):
    _, network = adapted_pair(tmp_path)
    stored = torch.load(tmp_path / "adapted.pt", weights_only=True)
    assert list(stored["state"]) == ["head.weight"]
    back = load_model(tmp_path / "adapted.pt", tmp_path / "base.pt")
    for key, value in network.state_dict().items():
        assert torch.equal(value, back.network.state_dict()[key])


def test_an_adapted_checkpoint_knows_its_base(tmp_path):
    adapted_pair(tmp_path)
    save_model(tmp_path / "base.pt", FCD(TINY), GRID, {"another": True})
    with pytest.raises(ModelError, match="made from another base model"):
        load_model(tmp_path / "adapted.pt", tmp_path / "base.pt")


def test_bad_weights(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        load_model(tmp_path / "none.pt")
    (tmp_path / "junk.pt").write_bytes(b"junk")
    with pytest.raises(ModelError, match=r"junk\.pt.*cannot be read"):
        load_model(tmp_path / "junk.pt")
    torch.save({"format": "other"}, tmp_path / "other.pt")
    with pytest.raises(ModelError, match="not in the format"):
        load_model(tmp_path / "other.pt")
    save_model(tmp_path / "m.pt", FCD(TINY), GRID, {})
    content = torch.load(tmp_path / "m.pt", weights_only=True)
    torch.save({**content, "config": {**content["config"], "growth": 3}}, tmp_path / "wrong.pt")
    with pytest.raises(ModelError, match="do not fit their own architecture"):
        load_model(tmp_path / "wrong.pt")
    torch.save({**content, "config": {"layers": 3, "blocks": [1]}}, tmp_path / "alien.pt")
    with pytest.raises(ModelError, match="does not describe an FCD network"):
        load_model(tmp_path / "alien.pt")


def test_the_shipped_model_is_the_one_on_its_card():
    path = resource_path(DEFAULT_MODEL)
    facts = card_of(path)
    model = load_model()
    assert isinstance(model, Model)
    assert facts["sha256"] == sha256_of(path) == model.sha256
    assert facts["bytes"] == path.stat().st_size < 12_000_000
    assert facts["parameters"] == sum(p.numel() for p in model.network.parameters())
    assert "no patient data" in facts["training_data"]


def test_a_card_of_other_weights_is_refused(tmp_path):
    save_model(tmp_path / "m.pt", FCD(TINY), GRID, {})
    with pytest.raises(ModelError, match="has no card"):
        card_of(tmp_path / "m.pt")
    (tmp_path / "m.md").write_text("---\n" + yaml.safe_dump({"sha256": "0" * 64}) + "---\n")
    with pytest.raises(ModelError, match="not the file that its card describes"):
        card_of(tmp_path / "m.pt")
