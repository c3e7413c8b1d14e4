"""A small subject and a tiny network: enough to run every step in seconds, not enough to be good at it."""

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
import yaml

from HCCResponseLib.base.files import sha256_of
from HCCResponseLib.cli.demo import write_study
from HCCResponseLib.nets.inputs import WorkingGrid
from HCCResponseLib.nets.model import Model, load_model, save_model
from HCCResponseLib.nets.network import FCD, FCDConfig
from HCCResponseLib.synth.lesions import Fate
from HCCResponseLib.synth.subject import SyntheticSubject, make_subject

TINY = FCDConfig(in_channels=2, out_channels=3, blocks=(1, 1), growth=2, first=2)
WORKING = WorkingGrid((6.0, 6.0, 6.0))


@lru_cache(maxsize=1)
def small_subject() -> SyntheticSubject:
    """One followed lesion and a new one on coarse voxels."""
    return make_subject(3, ((Fate.SHRINKS, 50.0), (Fate.NEW, 30.0)), spacing=(5.0, 4.0, 4.0))


@lru_cache(maxsize=1)
def _written() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="hcc-small-")
    atexit.register(folder.cleanup)
    write_study(small_subject(), Path(folder.name))
    return Path(folder.name)


def small_study(folder: Path) -> Path:
    """The small subject as a study on disk, with the baseline's contour; returns the study file."""
    shutil.copytree(_written(), folder, dirs_exist_ok=True)
    return folder / "study.yaml"


def tiny_model(path: Path) -> Model:
    """Random weights, the same every time."""
    torch.manual_seed(0)
    save_model(path, FCD(TINY), WORKING, {})
    return load_model(path)


def card_of(model: Path) -> dict[str, Any]:
    """Facts of the model card beside a file of weights, which must be of these very weights."""
    facts: dict[str, Any] = yaml.safe_load(
        model.with_suffix(".md").read_text(encoding="utf-8").split("---")[1]
    )
    assert facts["sha256"] == sha256_of(model)
    return facts
