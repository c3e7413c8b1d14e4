"""TotalSegmentator, from a local folder of weights, without posting statistics."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import InputError, JobFailedError, ModelError
from HCCResponseLib.base.files import sha256_of, write_text
from HCCResponseLib.base.jobs import Progress, Report
from HCCResponseLib.engines.contract import (
    LIVER,
    TUMOUR,
    VESSEL,
    Case,
    EngineInfo,
    Gives,
    Parameter,
    Segmentation,
)
from HCCResponseLib.engines.environments import weights_folder

# Task: which of its classes become which of ours, and which weights it needs (normal, fast).
_TASKS: dict[str, tuple[dict[str, int], tuple[int, ...], tuple[int, ...]]] = {
    "total": ({"liver": LIVER}, (291, 298), (297,)),
    "liver_vessels": ({"liver_vessels": VESSEL, "liver_tumor": TUMOUR}, (8, 298), (8, 298)),
    "liver_lesions": ({"liver_lesions": TUMOUR}, (591, 297), (591, 297)),
}
INFO = EngineInfo(
    name="totalsegmentator",
    title="TotalSegmentator",
    gives=frozenset({Gives.LIVER, Gives.TUMOUR, Gives.VESSELS}),
    licence="code Apache-2.0; weights of the tasks used here Apache-2.0, by its project's own list",
    source="Wasserthal et al., Radiol Artif Intell 2023, 10.1148/ryai.230024",
    weights="its home folder, with nnunet/results/Dataset... in it: named, in TOTALSEG_HOME_DIR, or {folder}",
    packages=("torch>=2.2", "TotalSegmentator>=2.5,<3"),
    module="totalsegmentator",
    download_mib=4000,
    system_mib=6000,
    gpu_mib=6000,
    bytes_per_voxel=60,
    parameters=(
        Parameter("tasks", "total,liver_lesions", "of total (liver), liver_lesions, liver_vessels"),
        Parameter("fast", False, "the liver with the 3 mm model", lighter=(True,)),
    ),
)


def segment(case: Case, report: Report) -> Segmentation:
    """Run each task on the image and join the label maps; tumour goes before vessel before liver."""
    tasks = _tasks(case.settings["tasks"])
    home = home_folder(case.weights)
    used = [f for task in tasks for f in needed(home, task, case.settings["fast"])]
    prepare(home)
    labels = np.zeros(case.image.geometry.size, np.uint8)
    from HCCResponseLib.imaging.write import write_volume

    given = case.work / "input.nii.gz"
    write_volume(case.image, given)
    for number, task in enumerate(tasks):
        report(Progress(f"TotalSegmentator, task {task}", 0.05 + 0.9 * number / len(tasks)))
        found = _run(task, given, case)
        for ours in (LIVER, VESSEL, TUMOUR):
            labels[(found == ours) & ((labels == 0) | (ours == TUMOUR) | (labels == LIVER))] = ours

    files = [f for folder in dict.fromkeys(used) for f in sorted(folder.rglob("*.pth"))]
    return Segmentation(labels=labels, weights={str(f): sha256_of(f) for f in files}, facts={"tasks": tasks})


def _tasks(text: str) -> list[str]:
    tasks = [t.strip() for t in text.split(",") if t.strip()]
    strange = [t for t in tasks if t not in _TASKS]
    if strange or not tasks:
        raise InputError(f"TotalSegmentator tasks are {', '.join(_TASKS)}, not '{text}'.")
    return tasks


def home_folder(weights: Path | None) -> Path:
    """TotalSegmentator's home: as named, else ``TOTALSEG_HOME_DIR``, else in the engine's folder."""
    named = os.environ.get("TOTALSEG_HOME_DIR")
    return weights or (Path(named) if named else weights_folder("totalsegmentator"))


def needed(home: Path, task: str, fast: bool) -> list[Path]:
    """Folders of the weights that a task needs. Raises ``ModelError`` for those that are not there."""
    from totalsegmentator.map_tasks_config import TASK_ID_WEIGHTS_CONFIGS

    found = []
    for number in _TASKS[task][2 if fast else 1]:
        facts = TASK_ID_WEIGHTS_CONFIGS[number]
        folder = home / "nnunet" / "results" / (facts.get("rel_path") or "") / facts["foldername"]
        if not any(folder.rglob("*.pth")):
            raise ModelError(
                f"Weights of TotalSegmentator's task {task} belong in '{folder}', which is not there. "
                f"Unpack {folder.name}.zip (version {facts.get('version')} of its GitHub releases) there; "
                "nothing is downloaded unasked."
            )
        found.append(folder)
    return found


def prepare(home: Path) -> None:
    """Point TotalSegmentator at its home and switch off statistics and downloads."""
    os.environ["TOTALSEG_HOME_DIR"] = str(home)
    os.environ.pop("TOTALSEG_WEIGHTS_PATH", None)
    config = home / "config.json"
    known: dict[str, Any] = {}
    if config.is_file():
        known = json.loads(config.read_text(encoding="utf-8"))
    wanted = {
        "totalseg_id": "totalseg_local",
        "prediction_counter": 0,
        **known,
        "send_usage_stats": False,
        "statistics_disclaimer_shown": True,
    }
    if wanted != known:
        write_text(config, json.dumps(wanted, indent=2))
    from totalsegmentator import libs, python_api

    for module in (libs, python_api):
        module.download_pretrained_weights = lambda _: None  # what is needed has been looked for
    python_api.send_usage_stats = lambda *_, **__: None


def _run(task: str, given: Path, case: Case) -> npt.NDArray[np.uint8]:
    """Our values (z, y, x) of one task."""
    from totalsegmentator.map_to_binary import class_map
    from totalsegmentator.python_api import totalsegmentator

    device = "cpu" if case.device == "cpu" else case.device.replace("cuda", "gpu")
    roi = {"roi_subset": ["liver"]} if task == "total" and not case.settings["fast"] else {}
    fast = {"fast": True} if task == "total" and case.settings["fast"] else {}
    try:
        image = totalsegmentator(given, None, ml=True, task=task, device=device, quiet=True, **roi, **fast)
    except SystemExit as problem:
        raise JobFailedError(f"TotalSegmentator gave up on task {task} ({problem}).") from problem
    values = np.asarray(image.dataobj).T
    if values.shape != case.image.geometry.size:
        raise JobFailedError(f"TotalSegmentator gave {values.shape} voxels for {case.image.geometry.size}.")
    out = np.zeros(values.shape, np.uint8)
    for value, name in class_map[task].items():
        if name in _TASKS[task][0]:
            out[values == value] = _TASKS[task][0][name]
    return out


def files(weights: Path | None, _: Mapping[str, Any]) -> list[Path]:
    """All weights in its home with their plans; which of them a task takes, only its own package knows."""
    results = home_folder(weights) / "nnunet" / "results"
    return sorted(path for path in results.rglob("*") if path.suffix in (".pth", ".json"))


def check(weights: Path | None) -> dict[str, Any]:
    """Which tasks have their weights here; at least one must."""
    home, ready, problems = home_folder(weights), [], []
    for task in _TASKS:
        try:
            needed(home, task, fast=False)
            ready.append(task)
        except ModelError as problem:
            problems.append(str(problem))
    if not ready:
        raise ModelError(problems[0])
    return {"home": str(home), "tasks": ready, "missing": problems}
