"""Stopping where the network is least unsure of the image that it is going to contour; no label is needed.

Source: Chun ... Brock, Med Phys, 10.1002/mp.70206 (IDOL with uncertainty-guided stopping). Only a summary was at hand:
of the checkpoints the one of least voxel uncertainty by Monte-Carlo dropout is taken. What that leaves open is chosen
here: the share of dropout, eight passes, ten checkpoints, and uncertainty in relation to what is found.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from HCCResponseLib.base.arrays import Float32
from HCCResponseLib.nets.architectures import Network
from HCCResponseLib.nets.losses import tumour_logits
from HCCResponseLib.nets.precision import TrainingDevice

_PASSES, _DROPPED = 8, 0.1
_CHECKPOINTS = 10


class LeastUncertain:
    """Watches a training and keeps the weights that were least unsure.

    Attributes:
        best_step: after which they were kept; 0 before the first look.
        values: uncertainty at every look, by step.
    """

    def __init__(
        self, unseen: Sequence[Float32], steps: int, seed: int, training_device: TrainingDevice
    ) -> None:
        self.unseen, self.seed, self.training_device = unseen, seed, training_device
        self._every = max(1, steps // _CHECKPOINTS)
        self._kept: dict[str, Any] = {}
        self.best_step = 0
        self.values: dict[int, float] = {}

    def look(self, network: Network, step: int) -> None:
        """After a step; looks at every tenth of the training only."""
        if step % self._every:
            return
        value = voxel_uncertainty(network, self.unseen, self.seed, self.training_device)
        if not self.values or value < min(self.values.values()):
            self._kept, self.best_step = copy.deepcopy(network.state_dict()), step
        self.values[step] = value

    def restore(self, network: Network) -> None:
        """Put the kept weights back."""
        if self._kept:
            network.load_state_dict(self._kept)


def voxel_uncertainty(
    network: Network, images: Sequence[Float32], seed: int, training_device: TrainingDevice
) -> float:
    """Standard deviation of the tumour's probability over passes with dropout, summed, per voxel of tumour expected.

    A network that sees no tumour at all is not sure of anything: it gets infinity.

    Args:
        images: inputs (channels, z, y, x).
        seed: of what is dropped; the random state outside stays as it is.
    """
    deviation = expected = 0.0
    network.eval()
    with _seeded(seed, training_device.device), _dropping(network), torch.inference_mode():
        for image in images:
            given = training_device.batch_of(image, network.config.in_channels)
            passes = []
            for _ in range(_PASSES):
                with training_device.autocast():
                    logits = network(given)
                passes.append(tumour_logits(logits.float()).softmax(1)[0, 1])
            probability = torch.stack(passes)
            deviation += float(probability.std(0).sum())
            expected += float(probability.mean(0).sum())
    network.train()
    return deviation / expected if expected >= 1 else float("inf")


@contextmanager
def _dropping(network: Network) -> Iterator[None]:
    """Whole feature maps are dropped after every convolution of 3 x 3 x 3, in evaluation mode too."""

    def drop(_: nn.Module, __: Any, output: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout3d(output, _DROPPED, training=True)

    layers = [m for m in network.modules() if isinstance(m, nn.Conv3d) and m.kernel_size == (3, 3, 3)]
    hooks = [layer.register_forward_hook(drop) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _seeded(seed: int, device: str) -> Iterator[None]:
    with torch.random.fork_rng(devices=[device] if device.startswith("cuda") else []):
        torch.manual_seed(seed)
        yield
