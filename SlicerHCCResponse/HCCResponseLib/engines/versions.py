"""What of the software and the machine can change a result."""

import hashlib
import os
import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from HCCResponseLib import __version__
from HCCResponseLib.engines.memory import gpu_names

_PACKAGES = ("torch", "monai", "nnunetv2", "TotalSegmentator", "numpy", "scipy", "SimpleITK")
# Where engines compute: a change in these files may change a result without a new version of this software.
_ROOMS = ("base", "imaging", "lesions", "nets", "engines", "adapt")


def versions() -> Mapping[str, str]:
    """Versions of everything that can change a result."""
    found = {"hcc-response": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def sources_sha256() -> str:
    """SHA-256 over the files of this software that take part in a result."""
    library, digest = Path(__file__).parents[1], hashlib.sha256()
    for room in _ROOMS:
        for file in sorted((library / room).rglob("*.py")):
            digest.update(f"{file.relative_to(library).as_posix()}\n".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def machine(device: str) -> dict[str, object]:
    """What of this machine changes the last digits of a result: processor, number of cores, and the GPU if it may run.

    Args:
        device: as asked; nothing is asked of a GPU for ``cpu``.
    """
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "device": device,
        "gpus": [] if device == "cpu" else [*gpu_names(), os.environ.get("CUDA_VISIBLE_DEVICES", "")],
    }


def _processor() -> str:
    """The processor's name; Linux tells it in a file only."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{platform.machine()} {named or platform.processor()}"
