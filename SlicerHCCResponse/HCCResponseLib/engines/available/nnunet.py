"""Any trained nnU-Net v2 results folder, named by the user or taken in from a folder or archive."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

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
from HCCResponseLib.engines.labels import Values, by_name, relabel, settled
from HCCResponseLib.engines.weights.archive import unpack
from HCCResponseLib.engines.weights.results import (
    copy_results,
    put_in_place,
    require_whole,
    staged,
    the_results_in,
)

INFO = EngineInfo(
    name="nnunet",
    title="nnU-Net v2",
    gives=frozenset({Gives.LIVER, Gives.TUMOUR, Gives.VESSELS}),
    licence="code Apache-2.0; weights as their authors say",
    source="Isensee et al., Nat Methods 2021, 10.1038/s41592-020-01008-z",
    weights="name a results folder, with plans.json, dataset.json and fold_*/checkpoint_final.pth in it; "
    "without a name it is looked for in {folder}, where 'hcc-response engines install nnunet --with-weights PATH' puts "
    "it",
    packages=("torch>=2.2", "nnunetv2>=2.5,<3"),
    module="nnunetv2",
    download_mib=3500,
    system_mib=3000,
    gpu_mib=4000,
    bytes_per_voxel=40,
    parameters=(
        Parameter("folds", "", "folds such as 0,1; empty: all that are there"),
        Parameter("checkpoint", "checkpoint_final.pth", "file of each fold"),
        Parameter("step", 0.5, "step of the sliding window as a share of the patch"),
        Parameter("mirror", False, "test-time mirroring: up to eight times slower"),
        Parameter("results_on", "device", "device or cpu: where the joined result is kept", lighter=("cpu",)),
        Parameter("orientation", "auto", "LPS or RAS as in training; auto: RAS if its reader reorients"),
        Parameter("liver", "", "values of liver in dataset.json; empty: by the names of its labels"),
        Parameter("tumour", "", "values of tumour; empty: by name"),
        Parameter("vessels", "", "values of vessels; empty: by name"),
    ),
    takes_weights=True,
)


def segment(case: Case, report: Report) -> Segmentation:
    """Predict with nnU-Net's own predictor, in this process, without its worker pools."""
    folder = case.weights or weights_folder("nnunet")
    report(Progress("Loading nnU-Net", 0.05))
    predictor = _predictor(folder, case, report)
    files = _files(folder, case.settings)
    description = _json(folder / "dataset.json")
    values = settled(case.settings, _names(description), str(folder))
    flip = _is_ras(case.settings["orientation"], folder)
    image = case.image.hu[:, ::-1, ::-1] if flip else case.image.hu
    properties = {"spacing": list(case.image.geometry.spacing)}
    labels, channels = predictor.predict_single_npy_array(
        np.ascontiguousarray(image[None], np.float32), properties, None, None, True
    )
    if flip:
        labels, channels = labels[:, ::-1, ::-1], channels[:, :, ::-1, ::-1]
    drawn = relabel(np.asarray(labels), values)

    return Segmentation(
        _probabilities(np.asarray(channels), values, description, case),
        drawn,
        {str(f): sha256_of(f) for f in files},
        {"trainer": predictor.trainer_name, "classes": {str(k): list(v) for k, v in values.items()}},
    )


def _predictor(folder: Path, case: Case, report: Report) -> Any:
    """nnU-Net's predictor with our progress."""
    settings = case.settings
    for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        os.environ.setdefault(name, str(case.work))
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    class Reporting(nnUNetPredictor):  # type: ignore[misc]
        """Counts the windows."""

        total = 1
        seen = 0

        def _internal_get_sliding_window_slicers(self, *words: Any) -> Any:
            slicers = super()._internal_get_sliding_window_slicers(*words)
            self.total, self.seen = len(slicers) * len(self.list_of_parameters), self.seen
            return slicers

        def _internal_maybe_mirror_and_predict(self, x: Any) -> Any:
            found = super()._internal_maybe_mirror_and_predict(x)
            self.seen += 1
            report(Progress("Segmenting", min(0.95, 0.1 + 0.8 * self.seen / self.total)))
            return found

    predictor = Reporting(
        tile_step_size=settings["step"],
        use_mirroring=settings["mirror"],
        perform_everything_on_device=settings["results_on"] == "device",
        device=torch.device(case.device),
        allow_tqdm=False,
    )
    torch.backends.cudnn.benchmark = False
    load(predictor, folder, settings)
    return predictor


def load(predictor: Any, folder: Path, settings: Any) -> None:
    """Load a results folder. Raises ``ModelError`` with what is wrong with it."""
    files = _files(folder, settings)
    folds = [f.parent.name.removeprefix("fold_") for f in files]
    _require_one_image(_json(folder / "dataset.json"), folder)
    try:
        predictor.initialize_from_trained_model_folder(
            str(folder), [f if f == "all" else int(f) for f in folds], settings["checkpoint"]
        )
    except Exception as problem:
        if is_out_of_memory(problem):
            raise
        first = (str(problem).splitlines() or [type(problem).__name__])[0]
        raise ModelError(
            f"The nnU-Net weights in '{folder}' cannot be loaded ({first}). Copy them again."
        ) from problem


def _files(folder: Path, settings: Any) -> list[Path]:
    """The checkpoints to use. Raises ``ModelError`` naming where they belong."""
    belongs = INFO.weights.format(folder=weights_folder("nnunet"))
    for name in ("plans.json", "dataset.json"):
        if not (folder / name).is_file():
            raise ModelError(f"'{folder}' is not an nnU-Net results folder ({name} is missing): {belongs}.")
    wanted = [f"fold_{f.strip()}" for f in settings["folds"].split(",") if f.strip()]
    found = sorted(folder.glob(f"fold_*/{settings['checkpoint']}"))
    if wanted:
        found = [f for f in found if f.parent.name in wanted]
    if not found or (wanted and len(found) < len(wanted)):
        which = ", ".join(wanted) or "fold_*"
        raise ModelError(f"No weights '{which}/{settings['checkpoint']}' in '{folder}': {belongs}.")
    return found


def _json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ModelError(f"'{path}' cannot be read; copy the results folder again.") from problem
    return content


def _names(description: dict[str, Any]) -> dict[str, int]:
    """Name to value; regions (lists of values) are left to the parameters."""
    return {str(n): v for n, v in description.get("labels", {}).items() if isinstance(v, int)}


def _is_ras(orientation: str, folder: Path) -> bool:
    if orientation == "auto":
        return "Reorient" in str(_json(folder / "plans.json").get("image_reader_writer", ""))
    return orientation.upper() == "RAS"


def _probabilities(
    channels: Any, values: Values, description: dict[str, Any], case: Case
) -> Probabilities | None:
    """Sums of the classes' probabilities; ``None`` for region-based training, whose channels overlap."""
    if any(isinstance(v, list | tuple) for v in description.get("labels", {}).values()):
        return None
    if channels.shape[1:] != case.image.geometry.size:
        raise JobFailedError(f"nnU-Net gave {channels.shape[1:]} voxels for {case.image.geometry.size}.")
    tumour = channels[list(values[TUMOUR])].sum(0, dtype=np.float32)
    liver = channels[list(values[LIVER])].sum(0, dtype=np.float32) + tumour
    return Probabilities(np.minimum(liver, 1), tumour, case.image.geometry)


def files(weights: Path | None, settings: Mapping[str, Any]) -> list[Path]:
    """Plans, labels and the checkpoints of the chosen folds."""
    folder = weights or weights_folder("nnunet")
    return [folder / "plans.json", folder / "dataset.json", *_files(folder, settings)]


def check(weights: Path | None) -> dict[str, Any]:
    """Load nnU-Net and a results folder."""
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    folder = weights or weights_folder("nnunet")
    settings = INFO.settings({})
    load(nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False), folder, settings)
    names = _names(_json(folder / "dataset.json"))
    return {"folder": str(folder), "checkpoints": [str(f) for f in _files(folder, settings)], "labels": names}


def take(given: Path, report: Report) -> dict[str, Any]:
    """Check a results folder, or a zip archive of one, and put it where this engine looks, whole or not at all.

    Args:
        given: a results folder, a folder above it, or an archive as ``nnUNetv2_export_model_to_zip`` makes it.

    Raises:
        InputError: what is missing or damaged. ModelError: it wants several images. StorageError: no room.
    """
    target = weights_folder("nnunet")
    if given.is_dir() and given.resolve() == target.resolve():
        return _taken(target, require_whole(target, given))
    with staged(target) as empty:
        if given.is_dir():
            source = the_results_in(given, given)
        else:
            report(Progress("Unpacking", 0.1))
            unpack(given, empty)
            source = the_results_in(empty, given)
        description = require_whole(source, given)
        _require_usable(description, given)
        if given.is_dir():
            report(Progress("Copying", 0.5))
            copy_results(source, empty / "results")
            source = empty / "results"
        put_in_place(source, target)
    return _taken(target, description)


def _require_usable(description: dict[str, Any], given: Path) -> None:
    """It must take one CT and mark something that is asked for."""
    _require_one_image(description, given)
    names = _names(description)
    if not any(by_name(names).values()):
        raise InputError(
            f"None of the labels of '{given}' means liver, tumour or vessel ({', '.join(names) or 'no names'}). To use "
            "them all the same, leave the weights where they are: --weights FOLDER --set tumour=NUMBER."
        )


def _require_one_image(description: dict[str, Any], where: Path) -> None:
    channels = description.get("channel_names", {"0": "CT"})
    if len(channels) != 1:
        raise ModelError(
            f"The nnU-Net in '{where}' wants {len(channels)} images at once; this is for one CT."
        )


def _taken(folder: Path, description: dict[str, Any]) -> dict[str, Any]:
    files = sorted(folder.glob("fold_*/checkpoint_final.pth"))
    hashes = {str(f): sha256_of(f) for f in files}
    return {"folder": str(folder), "checkpoints": hashes, "labels": _names(description)}
