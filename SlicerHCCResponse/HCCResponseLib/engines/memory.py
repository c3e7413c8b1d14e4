"""Free memory, looked at before a run starts. What a GPU does not tell is ``None``, and then nothing is refused."""

import contextlib
import math
import os
import shutil
import subprocess
from pathlib import Path

import SimpleITK as sitk  # noqa: N813

from HCCResponseLib.engines.contract import EngineInfo

_MIB = 1024 * 1024


def free_system_mib() -> float:
    """Memory that a new process can have, in MiB: of the machine, or of the container if that is less."""
    import psutil

    free = float(psutil.virtual_memory().available) / _MIB
    limit, used = _number("/sys/fs/cgroup/memory.max"), _number("/sys/fs/cgroup/memory.current")
    if limit is not None and used is not None:
        free = min(free, (limit - used + (_cache_of_container() or 0)) / _MIB)
    return free


def _number(path: str) -> float | None:
    with contextlib.suppress(OSError, ValueError):
        return float(Path(path).read_text(encoding="ascii"))
    return None


def _cache_of_container() -> float | None:
    """File cache counts as used in a container, but is given back when memory is needed."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/sys/fs/cgroup/memory.stat").read_text(encoding="ascii").splitlines():
            if line.startswith("inactive_file "):
                return float(line.split()[1])
    return None


def free_gpu_mib(number: int = 0) -> float | None:
    """Free memory of one NVIDIA GPU in MiB, numbered as torch does; ``None`` without one.

    The driver is asked, so that no context is made on the GPU here.
    """
    visible = [v for v in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if v]
    name = visible[number] if number < len(visible) else str(number)
    said = _driver_says("memory.free", f"--id={name}")
    with contextlib.suppress(ValueError):
        return None if said is None else float(said)
    return None


def gpu_names() -> list[str]:
    """Name and driver of every NVIDIA GPU; empty without one."""
    return (_driver_says("name,driver_version") or "").splitlines()


def _driver_says(what: str, *more: str) -> str | None:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    ask = [tool, *more, f"--query-gpu={what}", "--format=csv,noheader,nounits"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(ask, capture_output=True, text=True, timeout=20, check=True).stdout
    return None


def needed_mib(info: EngineInfo, image: Path) -> float:
    """System memory that an engine needs for an image, in MiB; folders count as 512 x 512 x 200."""
    voxels = 512 * 512 * 200
    if image.is_file():
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(image))
        with contextlib.suppress(RuntimeError):
            reader.ReadImageInformation()
            voxels = math.prod(reader.GetSize())
    return info.system_mib + voxels * info.bytes_per_voxel / _MIB


def shortage(info: EngineInfo, image: Path, device: str) -> str | None:
    """Why a run on ``device`` would not fit into free memory; ``None`` when it fits or nobody knows."""
    need, free = needed_mib(info, image), free_system_mib()
    if free < need:
        return _words("memory", need, free)
    if device.startswith("cuda"):
        on_gpu = free_gpu_mib(int(device.partition(":")[2] or 0))
        if on_gpu is not None and on_gpu < info.gpu_mib:
            return _words("GPU memory", info.gpu_mib, on_gpu)
    return None


def _words(what: str, need: float, free: float) -> str:
    return (
        f"This needs about {need / 1024:.1f} GiB of {what}, but only {free / 1024:.1f} GiB are free. "
        "Close other programs, or take one of the lighter settings."
    )
