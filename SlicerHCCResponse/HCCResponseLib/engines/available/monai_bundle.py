"""A MONAI bundle in a local folder; also bundles whose network is asked for classes, as VISTA3D is.

The bundle's own configuration builds the transforms, the network and the inferer. Such a configuration can run any
Python, so only bundles from a source that you trust should be named.
"""

import inspect
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import InputError, JobFailedError, ModelError
from HCCResponseLib.base.files import sha256_of
from HCCResponseLib.base.jobs import Progress, Report, is_out_of_memory
from HCCResponseLib.engines.contract import (
    LIVER,
    TUMOUR,
    Case,
    EngineInfo,
    Gives,
    Parameter,
    Probabilities,
    Segmentation,
)
from HCCResponseLib.engines.environments import weights_folder
from HCCResponseLib.engines.labels import Values, chosen, settled

_CONFIGS = ("configs/inference.json", "configs/inference.yaml", "configs/inference.yml")
INFO = EngineInfo(
    name="monai-bundle",
    title="MONAI bundle",
    gives=frozenset({Gives.LIVER, Gives.TUMOUR, Gives.VESSELS}),
    licence="MONAI Apache-2.0; each bundle has its own in its LICENSE",
    source="Cardoso et al., 2022, arXiv:2211.02701; VISTA3D: He et al., CVPR 2025",
    weights="name a bundle folder, with configs/inference.json and models/model.pt in it; "
    "without a name it is looked for in {folder}",
    takes_clicks=True,
    system_mib=3000,
    gpu_mib=6000,
    bytes_per_voxel=40,
    parameters=(
        Parameter("liver", "", "classes of liver; empty: by the names in metadata.json; VISTA3D: 1"),
        Parameter("tumour", "", "classes of tumour; empty: by name; VISTA3D: 26"),
        Parameter("vessels", "", "classes of vessels; empty: by name"),
        Parameter("patch", 0, "side of the window; 0: the bundle's own", lighter=(96, 64)),
        Parameter("network", "network_def", "name of the network in the configuration"),
    ),
)


def segment(case: Case, report: Report) -> Segmentation:
    """Preprocess, predict and invert with the bundle's own parts."""
    from HCCResponseLib.imaging.write import write_volume

    root = case.weights or weights_folder("monai-bundle")
    report(Progress("Loading the bundle", 0.02))
    config = configuration(root, case.device)
    network, weights, digest = load(root, config, case)
    before, inferer = (part(config, n, root) for n in ("preprocessing", "inferer"))
    if case.settings["patch"] and hasattr(inferer, "roi_size"):
        inferer.roi_size = (case.settings["patch"],) * 3
    given = case.work / "input.nii.gz"
    write_volume(case.image, given)
    report(Progress("Preparing the image", 0.06))
    data = before({"image": str(given)})
    asks = "class_vector" in inspect.signature(network.forward).parameters
    values = chosen(case.settings) if asks else settled(case.settings, class_names(root), str(root))
    if case.clicks and not asks:
        raise InputError(f"The network of the bundle '{root}' does not use clicks (prompts).")
    classes = sorted({v for vs in values.values() for v in vs})
    if asks and not classes:
        raise InputError(
            "This bundle is asked for classes: give the parameters liver and tumour (VISTA3D: 1, 26)."
        )
    ask = _questions(classes, case, data["image"]) if asks else {}
    counted = _counted(network, _windows(inferer, data["image"].shape[1:]), report)
    found = _infer(inferer, counted, data["image"], ask, case.device)
    channels = _back(found, data, before, case)
    by_class = dict(zip(classes if asks else range(len(channels)), channels, strict=True))
    probabilities, labels = _joined(by_class, values, case, exclusive=not asks)
    return Segmentation(
        probabilities,
        labels,
        {str(weights): digest},
        {"classes": {str(k): list(v) for k, v in values.items()}},
    )


def configuration(root: Path, device: str) -> Any:
    """The bundle's inference configuration. Raises ``ModelError``."""
    import torch
    from monai.bundle import ConfigParser

    file = next((root / c for c in _CONFIGS if (root / c).is_file()), None)
    if file is None:
        belongs = INFO.weights.format(folder=weights_folder("monai-bundle"))
        raise ModelError(f"'{root}' is not a MONAI bundle ({_CONFIGS[0]} is missing): {belongs}.")
    parser = ConfigParser()
    try:
        parser.read_config(str(file))
    except Exception as problem:
        raise ModelError(f"'{file}' cannot be read ({_first(problem)}); copy the bundle again.") from problem
    parser["bundle_root"] = str(root)
    parser["device"] = torch.device(device)
    sys.path.insert(0, str(root))  # bundles name their own code as "scripts...."
    return parser


def part(config: Any, name: str, root: Path) -> Any:
    """One built part of the configuration. Raises ``ModelError``."""
    try:
        return config.get_parsed_content(name, instantiate=True)
    except Exception as problem:
        if is_out_of_memory(problem):
            raise
        raise ModelError(
            f"The bundle '{root}' cannot build its '{name}' ({_first(problem)}); "
            "it may be made for another MONAI version or need further packages."
        ) from problem


def load(root: Path, config: Any, case: Case) -> tuple[Any, Path, str]:
    """The network with its weights, the file and its SHA-256. Raises ``ModelError``."""
    import torch

    file = root / "models" / "model.pt"
    if not file.is_file():
        raise ModelError(f"The weights of the bundle belong in '{file}', which is not there.")
    network = part(config, case.settings["network"], root)
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        network.load_state_dict(state.get("model", state) if isinstance(state, dict) else state)
    except Exception as problem:
        if is_out_of_memory(problem):
            raise
        raise ModelError(
            f"Weights '{file}' are damaged or not those of the bundle's network ({_first(problem)})."
        ) from problem
    return network.to(case.device).eval(), file, sha256_of(file)


def class_names(root: Path) -> dict[str, int]:
    """Names of the output's channels from ``configs/metadata.json``; empty where it does not say."""
    file = root / "configs" / "metadata.json"
    if not file.is_file():
        return {}
    try:
        outputs = json.loads(file.read_text(encoding="utf-8"))["network_data_format"]["outputs"]
        channels = next(iter(outputs.values()))["channel_def"]
        return {str(name): int(value) for value, name in channels.items()}
    except (ValueError, KeyError, StopIteration, AttributeError, TypeError):
        return {}


def _questions(classes: list[int], case: Case, image: Any) -> dict[str, Any]:
    """Classes and clicks for a network that is asked."""
    import torch

    ask: dict[str, Any] = {"class_vector": torch.tensor(classes, device=case.device), "transpose": True}
    if case.clicks:
        to_voxel = np.linalg.inv(np.asarray(image.affine, dtype=float))
        points = [to_voxel @ [-p.lps[0], -p.lps[1], p.lps[2], 1.0] for p in case.clicks]
        coordinates = torch.tensor(np.array([p[:3] for p in points]), dtype=torch.float32, device=case.device)
        labels = torch.tensor([int(p.inside) for p in case.clicks], device=case.device)
        ask |= {
            "point_coords": coordinates[None].repeat(len(classes), 1, 1),
            "point_labels": labels[None].repeat(len(classes), 1),
            "prompt_class": ask["class_vector"],
        }
    return ask


def _windows(inferer: Any, shape: Any) -> int:
    """How many windows the inferer will look at; 1 when it does not say."""
    size, overlap = getattr(inferer, "roi_size", None), getattr(inferer, "overlap", 0.25)
    if size is None or not isinstance(overlap, float):
        return 1
    sides = (size,) * 3 if isinstance(size, int) else size
    return math.prod(
        max(1, math.ceil((n - s) / max(1, s * (1 - overlap))) + 1) for n, s in zip(shape, sides, strict=True)
    )


def _counted(network: Any, total: int, report: Report) -> Callable[..., Any]:
    seen = 0

    def call(*words: Any, **named: Any) -> Any:
        nonlocal seen
        found = network(*words, **named)
        seen += 1
        report(Progress("Segmenting", min(0.9, 0.1 + 0.8 * seen / total)))
        return found

    return call


def _infer(inferer: Any, network: Callable[..., Any], image: Any, ask: dict[str, Any], device: str) -> Any:
    """Logits (channels, ...) on the preprocessed grid."""
    import torch

    with torch.inference_mode():
        found = inferer(image[None].to(device), network, **ask)
    if isinstance(found, dict):
        found = next(iter(found.values()))
    elif isinstance(found, list | tuple):
        found = found[0]
    scores = found[0].float()
    many = scores.shape[0] > 1 and not ask
    return scores.softmax(0) if many else scores.sigmoid()


def _back(found: Any, data: Any, before: Any, case: Case) -> npt.NDArray[np.float32]:
    """Probabilities (channels, z, y, x) on the image's grid: the preprocessing undone."""
    from monai.data import MetaTensor
    from monai.transforms import Invertd

    tensor = MetaTensor(found.cpu(), affine=data["image"].affine, meta=data["image"].meta)
    tensor.applied_operations = data["image"].applied_operations
    undone = Invertd(keys="pred", transform=before, orig_keys="image", nearest_interp=False, to_tensor=True)(
        {**data, "pred": tensor}
    )["pred"]
    values = np.asarray(undone).astype(np.float32).transpose(0, 3, 2, 1)
    if values.shape[1:] != case.image.geometry.size:
        raise JobFailedError(f"The bundle gave {values.shape[1:]} voxels for {case.image.geometry.size}.")
    return values


def _joined(
    by_class: dict[int, npt.NDArray[np.float32]], values: Values, case: Case, exclusive: bool
) -> tuple[Probabilities, npt.NDArray[np.uint8]]:
    """Probabilities and labels of ours; classes that exclude each other are summed, others joined by the highest."""
    nothing = np.zeros(case.image.geometry.size, np.float32)
    unknown = [v for vs in values.values() for v in vs if v not in by_class]
    if unknown:
        raise InputError(f"The bundle has no class {unknown[0]}; it has {len(by_class)}.")
    joined = {}
    for ours, theirs in values.items():
        parts = [by_class[v] for v in theirs]
        joined[ours] = (np.sum(parts, 0) if exclusive else np.max(parts, 0)) if parts else nothing
    labels = np.zeros(nothing.shape, np.uint8)
    for ours in (LIVER, 3, TUMOUR):
        labels[joined[ours] > 0.5] = ours
    liver = (
        np.minimum(joined[LIVER] + joined[TUMOUR], 1)
        if exclusive
        else np.maximum(joined[LIVER], joined[TUMOUR])
    )
    labels[(labels == 0) & (liver > 0.5)] = LIVER
    return Probabilities(liver, joined[TUMOUR], case.image.geometry), labels


def _first(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0][:200]


def check(weights: Path | None) -> dict[str, Any]:
    """Build the network and load its weights."""
    from HCCResponseLib.imaging.geometry import Geometry
    from HCCResponseLib.imaging.volumes import Volume

    root = weights or weights_folder("monai-bundle")
    empty = Volume(np.zeros((2, 2, 2), np.int16), Geometry((2, 2, 2), (1.0, 1.0, 1.0)))
    case = Case(empty, root, None, (), root, "cpu", 0, INFO.settings({}), root)
    _, file, digest = load(root, configuration(root, "cpu"), case)
    return {"weights": str(file), "sha256": digest, "classes": class_names(root)}
