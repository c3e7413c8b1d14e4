"""TotalSegmentator, from a local folder of weights that it fetches on request only, without posting statistics."""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import InputError, JobFailedError, ModelError
from HCCResponseLib.base.files import sha256_of, storage_error, write_text
from HCCResponseLib.base.jobs import Progress, Report
from HCCResponseLib.engines.contract import (
    LIVER,
    TUMOUR,
    VESSEL,
    Case,
    EngineInfo,
    Fetchable,
    Gives,
    Parameter,
    Segmentation,
)
from HCCResponseLib.engines.environments import weights_folder
from HCCResponseLib.engines.weights.archive import unpack
from HCCResponseLib.engines.weights.download import DownloadError, Tell, download, stated_sha256
from HCCResponseLib.engines.weights.results import is_whole, put_in_place, staged

# Task: which of its classes become which of ours, and which weights it needs (normal, fast).
_TASKS: dict[str, tuple[dict[str, int], tuple[int, ...], tuple[int, ...]]] = {
    "total": ({"liver": LIVER}, (291, 298), (297,)),
    "liver_vessels": ({"liver_vessels": VESSEL, "liver_tumor": TUMOUR}, (8, 298), (8, 298)),
    "liver_lesions": ({"liver_lesions": TUMOUR}, (591, 297), (591, 297)),
}
_USUAL = ("total", "liver_lesions")
_RELEASES = "https://github.com/wasserth/TotalSegmentator/releases/download"
INFO = EngineInfo(
    name="totalsegmentator",
    title="TotalSegmentator",
    gives=frozenset({Gives.LIVER, Gives.TUMOUR, Gives.VESSELS}),
    licence="code Apache-2.0; weights of the tasks used here Apache-2.0, by its project's own list",
    source="Wasserthal et al., Radiol Artif Intell 2023, 10.1148/ryai.230024",
    weights="its home folder, with nnunet/results/Dataset... in it: named, in TOTALSEG_HOME_DIR, or {folder}; "
    "'hcc-response engines install totalsegmentator --with-weights' downloads them",
    packages=("torch>=2.2", "TotalSegmentator>=2.5,<3"),
    module="totalsegmentator",
    download_mib=4000,
    system_mib=6000,
    gpu_mib=6000,
    bytes_per_voxel=60,
    parameters=(
        Parameter("tasks", ",".join(_USUAL), "of total (liver), liver_lesions, liver_vessels"),
        Parameter("fast", False, "the liver with the 3 mm model", lighter=(True,)),
    ),
    fetches=Fetchable(
        what="liver (task total) and liver tumours (task liver_lesions, trained on 842 patients)",
        address=_RELEASES,
        licence="Apache-2.0 for these two tasks, by the list of its project (other tasks have other licences)",
        mib=700,
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
    """Folders of the weights that a task needs. Raises ``ModelError`` for those that are not there, or not whole."""
    found = []
    _, usual, quick = _TASKS[task]
    for number in quick if fast else usual:
        folder, version = _place(home, number)
        if not is_whole(folder):
            raise ModelError(
                f"Weights of TotalSegmentator's task {task} belong in '{folder}', which is not there or not whole. "
                f"Unpack {folder.name}.zip (version {version} of its GitHub releases) there, or run: "
                "hcc-response engines install totalsegmentator --with-weights; nothing is downloaded unasked."
            )
        found.append(folder)
    return found


def _place(home: Path, number: int) -> tuple[Path, str]:
    """Where TotalSegmentator keeps the weights of a number, and the release that they came with."""
    from totalsegmentator.map_tasks_config import TASK_ID_WEIGHTS_CONFIGS

    facts = TASK_ID_WEIGHTS_CONFIGS[number]
    return _results(home) / (facts.get("rel_path") or "") / facts["foldername"], str(facts.get("version"))


def _results(home: Path) -> Path:
    return home / "nnunet" / "results"


def _usual_numbers() -> list[int]:
    return list(dict.fromkeys(number for task in _USUAL for number in _TASKS[task][1]))


def fetched_into() -> Path:
    """The folder that :func:`fetch` fills."""
    return _results(home_folder(None))


def ready() -> bool:
    """Whether the weights of the usual tasks are there; their folders begin with their numbers."""
    results = fetched_into()
    return all(any(map(is_whole, results.glob(f"Dataset{n:03d}_*"))) for n in _usual_numbers())


def fetch(source: str | None, report: Report) -> dict[str, Any]:
    """Let TotalSegmentator's own downloader fetch the weights of the usual tasks.

    It says what comes from where; its step that copies an archive is ours, since its own begins anew after every
    break, and a folder that it has half unpacked counts as whole.

    Args:
        source: address in place of that of its releases; an archive lies at ``SOURCE/VERSION/NAME.zip``, its SHA-256,
            where that is stated, in ``NAME.zip.sha256`` beside it.

    Raises:
        InputError: what could not be had, and how to do it by hand. StorageError: no room on the disk.
    """
    home = home_folder(None)
    places = {number: _place(home, number) for number in _usual_numbers()}
    missing = {number: place for number, place in places.items() if not is_whole(place[0])}
    fetched = {}
    for done, (number, (folder, version)) in enumerate(missing.items()):
        tell = _telling(report, done, len(missing))
        mirrored = f"{source.rstrip('/')}/{version}/{folder.name}.zip" if source else None
        try:
            fetched[folder.name] = _fetch_one(number, folder, mirrored, tell)
        except DownloadError as problem:
            raise InputError(f"{problem} {_by_hand(list(missing.values())[done:], source)}") from problem
    return {"folder": str(_results(home)), "fetched": fetched, "were_there": len(places) - len(missing)}


def _telling(report: Report, done: int, count: int) -> Tell:
    def tell(have: int, total: int | None) -> None:
        size = f", {total / 1e6:.0f} MB" if total else ""
        part = have / total if total else 0
        report(Progress(f"Downloading weights {done + 1} of {count}{size}", (done + part) / count))

    return tell


def _fetch_one(number: int, folder: Path, mirrored: str | None, tell: Tell) -> str:
    """One set of weights, whole or not at all; the SHA-256 of its archive."""
    from totalsegmentator import libs

    hashes: list[str] = []

    def copy(address: str, *_: object) -> None:
        hashes.append(
            _come_in(mirrored or address, stated_sha256(mirrored) if mirrored else None, folder, tell)
        )

    libs.download_url_and_unpack = copy
    # In an empty folder it finds nothing, so it downloads, and it deletes nothing that is the user's.
    with tempfile.TemporaryDirectory() as empty:
        os.environ["TOTALSEG_WEIGHTS_PATH"] = empty
        libs.download_pretrained_weights(number)
    if not hashes:
        raise DownloadError(
            "This version of TotalSegmentator downloads its weights in a way that is not known here."
        )
    return hashes[0]


def _come_in(address: str, sha256: str | None, folder: Path, tell: Tell) -> str:
    """Download an archive, going on where an earlier try has stopped, and put what is in it into place."""
    kept = folder.parent / ".downloads"
    archive = kept / f"{folder.name}.zip"
    try:
        kept.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise storage_error(kept, problem) from problem
    if not archive.is_file():
        download(address, archive, tell, sha256)
    digest = sha256_of(archive)
    try:
        with staged(folder) as unpacked:
            unpack(archive, unpacked)
            if not is_whole(unpacked / folder.name):
                raise InputError(f"'{address}' does not hold the weights {folder.name}, or not all of them.")
            put_in_place(unpacked / folder.name, folder)
    except InputError:
        archive.unlink()  # the next try is to get another one
        raise
    archive.unlink()
    with contextlib.suppress(OSError):  # another one is still on its way
        kept.rmdir()
    return digest


def _by_hand(missing: list[tuple[Path, str]], source: str | None) -> str:
    """How to bring weights here without network."""
    base = (source or _RELEASES).rstrip("/")
    names = ", ".join(f"{base}/{version}/{folder.name}.zip" for folder, version in missing)
    folder = missing[0][0]
    return (
        f"By hand: download {names} on another computer and unpack them into '{folder.parent}', so that there is "
        f"'{folder.name}' with its files in it; then run the same command again."
    )


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
