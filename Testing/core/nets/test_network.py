"""FCD, its loss, and weights on disk."""

import json
import math
from dataclasses import asdict

import pytest
import torch
from monai.losses import DiceCELoss
from safetensors import safe_open
from safetensors.torch import save_file

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.files import sha256_of
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.nets.inputs import WorkingGrid
from HCCResponseLib.nets.losses import dual_cross_entropy, fcd_loss, soft_dice_loss, tumour_logits
from HCCResponseLib.nets.model import (
    DEFAULT_MODEL,
    FORMAT,
    Model,
    load_model,
    save_adapted,
    save_model,
    tensors_sha256,
)
from HCCResponseLib.nets.network import COMPACT, FCD, MOON2026, FCDConfig
from small import card_of

TINY = FCDConfig(in_channels=2, out_channels=3, blocks=(1, 1), growth=2, first=2)
GRID = WorkingGrid((2.0, 2.0, 2.0), (1.0, 1.0, 1.0))
EARLIER_MODEL = "Models/fcd-compact.safetensors"


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


@pytest.mark.parametrize("outputs", [2, 3])
def test_cross_entropy_and_dice_are_monai_s(outputs):
    seed = torch.Generator().manual_seed(0)
    logits = torch.randn(2, outputs, 8, 8, 8, generator=seed)
    target = torch.randint(0, outputs, (2, 8, 8, 8), generator=seed)
    theirs = DiceCELoss(
        include_background=False, to_onehot_y=True, softmax=True, batch=True, smooth_nr=1.0, smooth_dr=1.0
    )(logits, target[:, None])
    ours = fcd_loss(logits, target) - dual_cross_entropy(logits, target)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-6)


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
    with safe_open(tmp_path / "adapted.pt", framework="pt") as file:
        assert list(file.keys()) == ["head.weight"]
    back = load_model(tmp_path / "adapted.pt", tmp_path / "base.pt")
    for key, value in network.state_dict().items():
        assert torch.equal(value, back.network.state_dict()[key])


def test_an_adapted_checkpoint_knows_its_base(tmp_path):
    adapted_pair(tmp_path)
    save_model(tmp_path / "base.pt", FCD(TINY), GRID, {"another": True})
    with pytest.raises(ModelError, match="made from another base model"):
        load_model(tmp_path / "adapted.pt", tmp_path / "base.pt")


def former_file(path, network, **more):
    """As versions before safetensors wrote weights."""
    content = {
        "format": "hcc-response-model/1",
        "config": asdict(network.config),
        "spacing": [2.0, 2.0, 2.0],
        "fine": [1.0, 1.0, 1.0],
        "state": network.state_dict(),
        "notes": {},
    }
    torch.save({**content, **more}, path)


def test_files_of_earlier_versions_still_open(tmp_path):
    base, network = FCD(TINY), FCD(TINY)
    former_file(tmp_path / "base.pt", base, notes={"minutes": 3.0})
    model = load_model(tmp_path / "base.pt")
    assert (model.grid, model.notes, model.sha256) == (
        GRID,
        {"minutes": 3.0},
        sha256_of(tmp_path / "base.pt"),
    )
    for key, value in base.state_dict().items():
        assert torch.equal(value, model.network.state_dict()[key])
    network.load_state_dict(base.state_dict())
    with torch.no_grad():
        network.head.bias += 1
    # The notes of a time when the base network was asked about the baseline first.
    notes = {"recipe": {"name": "quick", "use_prior": True, "patience": 3}, "base_recognised": {"1": 0.2}}
    changed = {"head.bias": network.head.bias.detach()}
    former_file(tmp_path / "a.pt", network, base_sha256=model.sha256, state=changed, notes=notes)
    adapted = load_model(tmp_path / "a.pt", tmp_path / "base.pt")
    assert (adapted.base_sha256, adapted.notes, adapted.uses_prior) == (model.sha256, notes, True)
    for key, value in network.state_dict().items():
        assert torch.equal(value, adapted.network.state_dict()[key])
    former_file(tmp_path / "oldest.pt", base, fine=None)
    assert load_model(tmp_path / "oldest.pt").grid == WorkingGrid((2.0, 2.0, 2.0))


def test_what_was_adapted_from_the_shipped_model_in_its_former_file_still_fits(tmp_path):
    (former,) = card_of(resource_path(EARLIER_MODEL))["former_sha256"]
    shipped = load_model(resource_path(EARLIER_MODEL))
    changed = {"head.bias": shipped.network.head.bias.detach() + 1}
    for name, sha256 in (("a.pt", former), ("b.pt", "0" * 64)):
        former_file(tmp_path / name, shipped.network, base_sha256=sha256, state=changed)
    adapted = load_model(tmp_path / "a.pt", resource_path(EARLIER_MODEL))
    assert torch.equal(adapted.network.head.bias, changed["head.bias"])
    assert torch.equal(adapted.network.head.weight, shipped.network.head.weight)
    for base in (None, resource_path(EARLIER_MODEL)):
        with pytest.raises(ModelError, match="made from another base model"):
            load_model(tmp_path / "b.pt", base)


def test_everything_but_the_tensors_is_json_in_the_header(tmp_path):
    network = FCD(TINY)
    digests = {
        save_model(tmp_path / f"{i}.safetensors", network, GRID, {"b": [1], "a": "ä"}) for i in range(3)
    }
    assert len(digests) == 1, "the same weights give the same file"
    with safe_open(tmp_path / "0.safetensors", framework="pt") as file:
        header = json.loads(file.metadata()["hcc-response"])
        assert set(file.keys()) == set(network.state_dict())
    assert header["format"] == FORMAT
    assert FCDConfig.from_dict(header["config"]) == TINY
    assert (header["spacing"], header["fine"], header["notes"]) == (
        [2.0] * 3,
        [1.0] * 3,
        {"b": [1], "a": "ä"},
    )


def test_bad_weights(tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        load_model(tmp_path / "none.pt")
    (tmp_path / "junk.pt").write_bytes(b"junk")
    with pytest.raises(ModelError, match=r"junk\.pt.*cannot be read"):
        load_model(tmp_path / "junk.pt")
    save_model(tmp_path / "m.pt", FCD(TINY), GRID, {})
    (tmp_path / "half.pt").write_bytes((tmp_path / "m.pt").read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"half\.pt.*cannot be read"):
        load_model(tmp_path / "half.pt")
    torch.save({"format": "other"}, tmp_path / "other.pt")
    save_file({"weight": torch.zeros(1)}, tmp_path / "other.safetensors", {"format": "pt"})
    for name in ("other.pt", "other.safetensors"):
        with pytest.raises(ModelError, match="not in the format"):
            load_model(tmp_path / name)
    former_file(tmp_path / "wrong.pt", FCD(TINY), config={**asdict(TINY), "growth": 3})
    with pytest.raises(ModelError, match="do not fit their own architecture"):
        load_model(tmp_path / "wrong.pt")
    former_file(tmp_path / "alien.pt", FCD(TINY), config={"layers": 3, "blocks": [1]})
    with pytest.raises(ModelError, match="does not describe an FCD network"):
        load_model(tmp_path / "alien.pt")


@pytest.mark.parametrize("name", [DEFAULT_MODEL, EARLIER_MODEL])
def test_a_shipped_model_is_the_one_on_its_card(name):
    path = resource_path(name)
    facts = card_of(path)
    model = load_model(path)
    assert isinstance(model, Model)
    assert facts["sha256"] == sha256_of(path) == model.sha256
    assert facts["bytes"] == path.stat().st_size < 8_000_000
    assert facts["parameters"] == sum(p.numel() for p in model.network.parameters())
    assert tensors_sha256(model.network.state_dict()) == facts["tensors_sha256"]


def test_the_shipped_model_names_scans_and_licences():
    facts = card_of(resource_path(DEFAULT_MODEL))
    text = resource_path(DEFAULT_MODEL).with_suffix(".md").read_text(encoding="utf-8")
    assert "NC" not in facts["training_data_licence"].replace("-", " ").split()
    for patient in facts["patients"]:
        assert f"| {patient} | CC BY" in text
    assert not set(facts["left_out"]) & set(facts["patients"])
    assert load_model().grid.overview == (4.0, 4.0, 4.0)


def test_the_values_of_the_earlier_model_are_the_ones_before_its_conversion():
    model, facts = load_model(resource_path(EARLIER_MODEL)), card_of(resource_path(EARLIER_MODEL))
    assert "no patient data" in facts["training_data"]
    # Taken from the file in the former format before it was converted: not a bit of the values has changed.
    values = "d47e4d41aba1d8ede220623e0831f2b4c17f0f2a62a1bcead656b765ed4d4965"
    assert tensors_sha256(model.network.state_dict()) == facts["tensors_sha256"] == values


def test_the_hash_of_tensors_is_of_names_shapes_and_values():
    state = {"b": torch.arange(6.0).reshape(2, 3), "a": torch.ones(1)}
    same = tensors_sha256(dict(reversed(state.items())))
    others = (
        {**state, "a": torch.zeros(1)},
        {**state, "b": state["b"].reshape(3, 2)},
        {**state, "b": state["b"].double()},
        {"c": state["b"], "a": state["a"]},
    )
    assert same == tensors_sha256(state)
    assert len({same, *map(tensors_sha256, others)}) == 5
