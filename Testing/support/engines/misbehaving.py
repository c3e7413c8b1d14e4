"""An engine for tests of the boundary: does what its parameter ``act`` says."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.jobs import Progress
from HCCResponseLib.engines.contract import EngineInfo, Gives, Parameter, Segmentation

INFO = EngineInfo(
    name="misbehaving",
    title="Misbehaves on request",
    gives=frozenset({Gives.TUMOUR}),
    licence="none",
    source="tests",
    weights="in FOLDER",
    uses_torch=False,
    system_mib=1,
    parameters=(
        Parameter("act", "well", "what to do"),
        Parameter("note", "", "file that gets the ids of the processes"),
        Parameter("patch", 64, "side", lighter=(48, 32)),
    ),
)
STUBBORN = (
    "import pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600); "
    "pathlib.Path(sys.argv[1]).with_name('over').touch()"
)


def sleep(case):
    """Far longer than a test waits; the word at its end says that nobody ended it."""
    time.sleep(600)
    Path(case.settings["note"]).with_name("over").touch()


def segment(case, report):
    act = case.settings["act"]
    report(Progress("acting", 0.5))
    if act == "die":
        sys.stderr.write("first line\nsecond line\nthe reason of death\n")
        sys.stderr.flush()
        os._exit(3)
    if act == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if act == "raise":
        raise ZeroDivisionError("a fault of the engine")
    if act == "model":
        raise ModelError("weights 'w.pt' are missing; they belong in FOLDER")
    if act == "memory":
        np.zeros((1 << 20, 1 << 20, 1 << 10))
    if act == "torch memory":
        import torch

        torch.zeros(1 << 50)
    if act == "cuda memory":
        import torch

        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
    if act == "import":
        Path(case.settings["note"]).write_text(str(os.getpid()))
        import torch

        sleep(case)
    if act == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", STUBBORN, case.settings["note"]])
        Path(case.settings["note"]).write_text(f"{os.getpid()} {child.pid}")
        sleep(case)
    if act == "orphan":
        child = subprocess.Popen([sys.executable, "-c", STUBBORN, case.settings["note"]])
        Path(case.settings["note"]).write_text(f"{child.pid}")
    if act == "full disk":
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
    draw = np.random.default_rng(case.seed).integers(0, 2, case.image.geometry.size, dtype=np.uint8)
    return Segmentation(labels=draw * 2)


def check(weights):
    return {"weights": str(weights)}
