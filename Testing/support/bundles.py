"""A tiny MONAI bundle, made with MONAI's own tools: its network tells air, liver and tumour apart by attenuation."""

import json
from pathlib import Path

import torch
from monai.bundle import ConfigParser, init_bundle

# Scores of background, liver, tumour for x = HU / 100: liver wins from 50 HU, tumour from 150 HU.
WEIGHTS, BIASES = (0.0, 20.0, 40.0), (0.0, -10.0, -40.0)
ASKED = '''"""A network that is asked for classes, as VISTA3D is: 1 is liver, 26 is tumour."""

import torch


class Asked(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x, point_coords=None, point_labels=None, class_vector=None, prompt_class=None, transpose=False):
        above = {1: 50.0, 26: 150.0}
        found = [(x[:, 0] * 100 - above[int(c)]) * self.scale for c in class_vector]
        if point_coords is not None:
            for point, label in zip(point_coords[0], point_labels[0]):
                i, j, k = (int(round(float(v))) for v in point)
                if not label:
                    found[-1][:, i - 2 : i + 3, j - 2 : j + 3, k - 1 : k + 2] = -20.0
        return torch.stack(found, 1)
'''


def make_bundle(folder: Path, asked: bool = False) -> Path:
    """Write the bundle; ``asked``: with a network that takes classes and clicks."""
    network = torch.nn.Conv3d(1, 3, 1)
    with torch.no_grad():
        network.weight.copy_(torch.tensor(WEIGHTS).reshape(3, 1, 1, 1, 1))
        network.bias.copy_(torch.tensor(BIASES))
    init_bundle(str(folder), network=network)
    definition = {"_target_": "torch.nn.Conv3d", "in_channels": 1, "out_channels": 3, "kernel_size": 1}
    if asked:
        (folder / "scripts").mkdir()
        (folder / "scripts" / "__init__.py").write_text("", encoding="utf-8")
        (folder / "scripts" / "asked.py").write_text(ASKED, encoding="utf-8")
        definition = {"_target_": "scripts.asked.Asked"}
        torch.save({"scale": torch.ones(1)}, folder / "models" / "model.pt")
    scale = {
        "_target_": "ScaleIntensityRanged",
        "keys": "image",
        "a_min": 0,
        "a_max": 100,
        "b_min": 0,
        "b_max": 1,
    }
    transforms = [
        {"_target_": "LoadImaged", "keys": "image"},
        {"_target_": "EnsureChannelFirstd", "keys": "image"},
        {"_target_": "Orientationd", "keys": "image", "axcodes": "RAS"},
        scale,
    ]
    inferer = {"_target_": "SlidingWindowInferer", "roi_size": [16, 16, 16], "overlap": 0.25}
    config = ConfigParser.load_config_file(str(folder / "configs" / "inference.json"))
    config |= {"network_def": definition, "inferer": {"_target_": "SimpleInferer"} if asked else inferer}
    config["preprocessing"] = {"_target_": "Compose", "transforms": transforms}
    ConfigParser.export_config_file(config, str(folder / "configs" / "inference.json"))
    names = {"0": "background", "1": "liver", "2": "hepatic tumor"}
    file = folder / "configs" / "metadata.json"
    meta = json.loads(file.read_text(encoding="utf-8"))
    meta["network_data_format"] = {"outputs": {"pred": {"channel_def": names}}}
    file.write_text(json.dumps(meta), encoding="utf-8")
    return folder
