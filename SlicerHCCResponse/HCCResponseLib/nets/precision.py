"""Which number formats a processor calculates in, and not merely stores; what is learned on."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch

from HCCResponseLib.base.devices import device_parts
from HCCResponseLib.base.errors import InputError


@lru_cache(maxsize=1)
def calculates_in_bfloat16() -> bool:
    """Whether convolutions in bfloat16 are faster here than in single precision (AVX512-BF16 or AMX)."""
    tell = getattr(torch.cpu, "get_capabilities", dict)  # torch before 2.7 cannot say
    return bool({"avx512_bf16", "amx_bf16"} & {k for k, v in tell().items() if v})


def best_precision(device: str) -> str:
    """The number type that is fast on a device: half precision only where the hardware computes with it."""
    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.get_device_capability(device)[0] >= 8 else "float16"
    return "bfloat16" if calculates_in_bfloat16() else "float32"


@dataclass(frozen=True)
class TrainingDevice:
    """What a network learns on.

    Attributes:
        device: ``cpu`` or ``cuda:N``.
        reduced: forward passes in bfloat16; weights and their changes stay in single precision.
    """

    device: str
    reduced: bool

    @staticmethod
    def on(device: str, precision: str) -> "TrainingDevice":
        """``bfloat16`` where the device calculates in it; elsewhere single precision."""
        return TrainingDevice(device, precision == "bfloat16" and best_precision(device) == "bfloat16")

    def autocast(self) -> torch.autocast:
        """Context of a forward pass."""
        return torch.autocast(self.device.partition(":")[0], dtype=torch.bfloat16, enabled=self.reduced)

    def batch_of(self, image: npt.NDArray[np.float32], channels: int) -> torch.Tensor:
        """A patch (channels, z, y, x) with the batch axis and, where it lacks a prior, an empty prior channel."""
        x = torch.from_numpy(image)[None].to(self.device)
        missing = channels - x.shape[1]
        return torch.cat([x, x.new_zeros(1, missing, *x.shape[2:])], 1) if missing else x


def torch_device(asked: str) -> str:
    """``cpu`` or ``cuda:N``, whichever torch can use here, of ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        InputError: unknown, or a GPU was asked for that is not there.
    """
    kind, number = device_parts(asked)
    if kind == "cpu":
        return "cpu"
    if torch.cuda.is_available() and number < torch.cuda.device_count():
        return f"cuda:{number}"
    if kind == "auto":
        return "cpu"
    raise InputError(f"There is no CUDA GPU '{asked}' that torch can use here; ask for the device cpu.")


def device_in_words(device: str) -> str:
    """The device for a model card: the GPU's name, or the CPU with its threads."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads"
