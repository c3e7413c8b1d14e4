"""Sliding windows and the look at the liver alone, against MONAI's plain sliding window and by hand."""

import numpy as np
import pytest
import torch
from monai.inferers import sliding_window_inference

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.geometry import Geometry, box_geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.nets import segment
from HCCResponseLib.nets.inputs import WorkingGrid
from HCCResponseLib.nets.model import Model, load_model
from HCCResponseLib.nets.network import FCD, FCDConfig
from HCCResponseLib.nets.precision import TrainingDevice, torch_device
from HCCResponseLib.nets.segment import known_probability, liver_and_tumour
from HCCResponseLib.nets.windows import InferenceSettings, best_precision, corners, slide, starts
from small import small_subject

PLAIN = InferenceSettings(precision="float32", window=16)


def network() -> torch.nn.Module:
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Conv3d(1, 4, 5, padding=2), torch.nn.ReLU(), torch.nn.Conv3d(4, 3, 3, padding=1)
    ).eval()


def picture(*shape: int) -> torch.Tensor:
    return torch.randn(1, *shape, generator=torch.Generator().manual_seed(2)).clamp(-1, 1)


@pytest.mark.parametrize("shape", [(16, 16, 16), (40, 33, 50), (9, 20, 31)])
@pytest.mark.parametrize("overlap", [0.25, 0.5])
def test_all_windows_give_what_monai_gives(shape, overlap):
    net, image = network(), picture(*shape)
    ours = slide(net, image, 3, InferenceSettings(precision="float32", window=16, overlap=overlap))
    with torch.inference_mode():
        theirs = sliding_window_inference(
            image[None],
            (16,) * 3,
            1,
            net,
            overlap=overlap,
            mode="gaussian",
            padding_mode="constant",
            cval=-1.0,
        )[0]
    assert ours.shape == (3, *shape)
    assert torch.allclose(ours, theirs, atol=2e-3)


def test_windows_cover_the_axis_and_end_at_its_end():
    assert starts(10, 16, 0.5) == [0]
    assert starts(16, 16, 0.5) == [0]
    assert starts(33, 16, 0.5) == [0, 8, 16, 17]
    assert starts(40, 16, 0.25) == [0, 12, 24]


def test_only_windows_whose_middle_is_marked_are_looked_at():
    inference = InferenceSettings(window=16)
    where = np.zeros((16, 16, 64), bool)
    where[8, 8, 30] = True
    assert corners((16, 16, 64), inference, where) == [(0, 0, 24)]
    assert len(corners((16, 16, 64), inference, None)) == 7
    marked = np.ones((16, 16, 64), bool)
    assert corners((16, 16, 64), inference, marked) == corners((16, 16, 64), inference, None)
    assert corners((16, 16, 64), inference, np.zeros((16, 16, 64), bool)) == []


def test_a_region_gives_the_same_inside_and_background_outside():
    net, image = network(), picture(16, 16, 96)
    where = np.zeros((16, 16, 96), bool)
    where[:, :, 40:56] = True
    shares: list[float] = []
    part = slide(net, image, 3, PLAIN, where, shares.append).softmax(0)
    whole = slide(net, image, 3, PLAIN).softmax(0)
    assert torch.allclose(part[..., 40:56], whole[..., 40:56], atol=0.02)
    assert (part[0, ..., :16] > 0.999).all()
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_flips_average_the_mirrored_answers():
    image = picture(16, 16, 16)

    class Ramp(torch.nn.Module):
        """Its answer grows along each axis, so that mirroring it changes it."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.arange(16.0).expand(1, 1, 16, 16, 16)

    found = slide(Ramp(), image, 1, InferenceSettings(precision="float32", window=16, flips=True))[0]
    # three answers grow along x, the one mirrored along x falls
    expected = (3 * torch.arange(16.0) + torch.arange(15.0, -1, -1)) / 4
    assert torch.allclose(found[0, 0], expected, atol=1e-4)


def test_half_precision_is_chosen_only_where_the_processor_computes_with_it(monkeypatch):
    monkeypatch.setattr("HCCResponseLib.nets.precision.calculates_in_bfloat16", lambda: True)
    assert InferenceSettings().computed_in() == best_precision("cpu") == "bfloat16"
    monkeypatch.setattr("HCCResponseLib.nets.precision.calculates_in_bfloat16", lambda: False)
    assert InferenceSettings().computed_in() == "float32"
    assert InferenceSettings(precision="bfloat16").number_type() is torch.bfloat16


def test_a_device_is_what_torch_can_use_here(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [torch_device(a) for a in ("auto", "cpu", "cuda", "cuda:1")] == [
        "cuda:0",
        "cpu",
        "cuda:0",
        "cuda:1",
    ]
    with pytest.raises(InputError, match="no CUDA GPU 'cuda:2'"):
        torch_device("cuda:2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert torch_device("auto") == "cpu"
    with pytest.raises(InputError, match="Unknown device 'gpu'"):
        torch_device("gpu")
    monkeypatch.setattr("HCCResponseLib.nets.precision.calculates_in_bfloat16", lambda: False)
    assert not TrainingDevice.on("cpu", "bfloat16").reduced
    missing_prior = TrainingDevice.on("cpu", "float32").batch_of(np.ones((1, 4, 4, 4), np.float32), 2)
    assert missing_prior.shape == (1, 2, 4, 4, 4)
    assert missing_prior[0, 1].abs().max() == 0


def by_attenuation(grid: WorkingGrid | None = None) -> Model:
    """A network that knows liver (above 50 HU) and tumour (above 150 HU) by attenuation alone, at any resolution."""

    class Simple(FCD):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            hu = (x[:, :1] + 1) * 200 - 150
            return torch.cat([torch.zeros_like(hu), hu - 50, 2 * hu - 200], 1)

    return Model(Simple(FCDConfig(2, 3, (1, 1), 2, 2)).eval(), grid or WorkingGrid((2.0, 2.0, 2.0)))


def test_a_small_lesion_is_looked_at_magnified():
    grid = Geometry((40, 120, 120), (2.5, 0.9, 0.9))
    z, y, x = np.indices(grid.size)
    lesion = ((z - 20) * 2.5) ** 2 + ((y - 60) * 0.9) ** 2 + ((x - 60) * 0.9) ** 2 < 3.5**2
    large = np.asarray((np.abs(z - 20) < 8) & (np.abs(y - 60) < 20) & (np.abs(x - 60) < 20))
    image = Volume(np.where(lesion, 240, 60).astype(np.int16), grid)
    off = {}
    for name, fine in (("coarse", None), ("fine", (1.0, 1.0, 1.0))):
        model = by_attenuation(WorkingGrid((2.0, 2.0, 2.0), fine))
        for size, carried in (("small", lesion), ("large", large)):
            found = known_probability(image, model, {"L1": Lesion.of(carried)}, False) > 0.5
            off[name, size] = int((found ^ lesion).sum())
    assert off["fine", "small"] < 0.6 * off["coarse", "small"]
    assert off["fine", "large"] == off["coarse", "large"] == off["coarse", "small"]


@pytest.mark.parametrize("names", [("L1", "L2"), ("L2", "L1")])
def test_of_two_lesions_the_look_at_the_nearer_one_counts(monkeypatch, names):
    """The window of one reaches into the other, and its border was seen there as a straight cut."""
    grid = Geometry((40, 100, 160), (2.0, 1.0, 1.0))
    left, right = (
        (slice(15, 25), slice(40, 60), slice(40, 60)),
        (slice(15, 25), slice(40, 60), slice(80, 100)),
    )
    masks = {}
    for name, place in (("L1", left), ("L2", right)):
        masks[name] = np.zeros(grid.size, bool)
        masks[name][place] = True

    def look(_model, image, box, _prior, _spacing, _inference):
        here = box_geometry(image.geometry, box)
        nearer = box[2].start + box[2].stop < 2 * 70
        return np.full(here.size, 0.2 if nearer else 0.9, np.float32), here

    monkeypatch.setattr(segment, "tumour_probability", look)
    image = Volume(np.zeros(grid.size, np.int16), grid)
    lesions = {name: Lesion.of(masks[name]) for name in names}
    found = known_probability(image, by_attenuation(), lesions, False)
    assert found[left] == pytest.approx(0.2)
    assert found[right] == pytest.approx(0.9)
    # Between them each counts up to the middle.
    assert found[20, 50, 65] == pytest.approx(0.2)
    assert found[20, 50, 75] == pytest.approx(0.9)


def scan(organs: list[tuple[tuple[slice, slice, slice], int]]) -> Volume:
    hu = np.full((60, 100, 120), -1000, np.int16)
    hu[:, 10:90, 10:110] = 0
    for place, value in organs:
        hu[place] = value
    return Volume(hu, Geometry(hu.shape, (3.0, 3.0, 3.0)))


def test_the_liver_is_found_first_and_looked_at_alone():
    liver = (slice(10, 40), slice(20, 50), slice(20, 50))
    tumour = (slice(20, 28), slice(30, 38), slice(30, 38))
    spleen = (slice(15, 25), slice(60, 70), slice(90, 100))
    image, seen = scan([(liver, 90), (tumour, 180), (spleen, 90)]), []
    found, spots, grid = liver_and_tumour(
        by_attenuation(),
        image,
        InferenceSettings(precision="float32"),
        "liver",
        lambda s, f: seen.append((s, f)),
    )
    whole, all_spots, _ = liver_and_tumour(
        by_attenuation(), image, InferenceSettings(precision="float32"), "whole"
    )
    inside = tuple(np.rint(grid.lps_to_index(image.geometry.index_to_lps((24, 34, 34)))).astype(int))
    far = tuple(np.rint(grid.lps_to_index(image.geometry.index_to_lps((20, 65, 95)))).astype(int))
    assert found[inside] == pytest.approx(whole[inside], abs=1e-3)
    assert spots[inside] > 0.99
    assert whole[far] > 0.99
    assert found[far] == 0
    assert np.abs((spots > 0.5).sum() - (all_spots > 0.5).sum()) == 0
    assert seen[0][0] == "Finding the liver"
    assert seen[-1] == ("Segmenting", 1.0)


def test_without_a_plausible_liver_the_whole_scan_is_looked_at():
    small = (slice(20, 26), slice(30, 36), slice(30, 36))
    image = scan([(small, 90)])
    found, _, _ = liver_and_tumour(by_attenuation(), image, InferenceSettings(precision="float32"))
    whole, _, _ = liver_and_tumour(by_attenuation(), image, InferenceSettings(precision="float32"), "whole")
    assert (found > 0.5).any()
    assert np.array_equal(found, whole)


@pytest.mark.slow
def test_the_shipped_network_loses_nothing_by_looking_at_the_liver_alone():
    image = small_subject().timepoints[0].volume
    model = load_model()
    fast, _, grid = liver_and_tumour(model, image)
    plain, _, _ = liver_and_tumour(model, image, InferenceSettings(precision="float32"), "whole")
    a, b = fast > 0.5, plain > 0.5
    assert b.sum() * grid.voxel_volume_mm3 > 3e5
    assert 2 * (a & b).sum() / (a.sum() + b.sum()) > 0.97
