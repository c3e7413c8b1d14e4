"""Samples for a training: drawn by other processes, kept for a while, and used again where the network is faster."""

import queue
import threading
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, IterableDataset

from HCCResponseLib.base.arrays import Float32

Drawn = tuple[Float32, npt.NDArray[np.integer[Any]] | npt.NDArray[np.bool_]]
Batch = tuple[torch.Tensor, torch.Tensor]
_WAITING = 64
# Drawing stops where a sample would be used less often, and leaves the processor to the network.
_USES = 2


class Source(Protocol):
    """Where samples come from; it travels to other processes."""

    def samples(self, rng: np.random.Generator) -> Iterator[Drawn]:
        """Endless samples: image (channels, z, y, x) and the number of each voxel's class (z, y, x)."""
        ...


class _Endless(IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    """Every worker, and every part of a training, draws others."""

    def __init__(self, source: Source, seed: tuple[int, int]) -> None:
        super().__init__()
        self.source, self.seed = source, seed

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        info = torch.utils.data.get_worker_info()
        if info:
            torch.set_num_threads(1)
        rng = np.random.default_rng((*self.seed, info.id if info else 0))
        for image, target in self.source.samples(rng):
            # Half the size: what a process hands over and what is kept is never computed with.
            yield torch.from_numpy(image).half(), torch.from_numpy(target.astype(np.uint8))


class Stream:
    """Batches without end.

    Without workers every batch is drawn when it is asked for, the same ones for the same seed. With workers a batch is
    picked from the last ``kept`` samples; new ones take the places of the oldest as soon as they are drawn, unless the
    network is slower and each would be used less than twice.
    """

    def __init__(
        self, source: Source, seed: tuple[int, int], batch: int, workers: int, kept: int, device: str
    ) -> None:
        self.batch, self.device, self.kept = batch, device, kept
        self._data = _Endless(source, seed)
        self._workers = workers
        self._direct = iter(self._data) if not workers else None
        self._pick = torch.Generator().manual_seed(hash(seed) % 2**31)
        self._images: torch.Tensor | None = None
        self._targets = torch.empty(0)
        self._filled = self.drawn = self._used = 0
        if workers:
            self._waiting: queue.Queue[Batch | Exception] = queue.Queue(_WAITING)
            threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self) -> None:
        loader = DataLoader(self._data, batch_size=4, num_workers=self._workers, prefetch_factor=2)
        try:
            for batch in loader:
                self._waiting.put(batch)
        except Exception as problem:  # noqa: BLE001 (handed on to whoever waits for a batch)
            self._waiting.put(problem)

    def take(self) -> Batch:
        """Image (n, channels, z, y, x) in single precision and classes (n, z, y, x), on the device."""
        if self._direct is not None:
            drawn = [next(self._direct) for _ in range(self.batch)]
            self.drawn += self.batch
            image, target = (torch.stack(values).to(self.device) for values in zip(*drawn, strict=True))
            return image.float(), target.long()
        while self._filled < self.batch or (self.drawn * _USES <= self._used and not self._waiting.empty()):
            self._keep(self._waiting.get())
        self._used += self.batch
        assert self._images is not None
        chosen = torch.randint(self._filled, (self.batch,), generator=self._pick).to(self.device)
        return self._images[chosen].float(), self._targets[chosen].long()

    def _keep(self, received: Batch | Exception) -> None:
        if isinstance(received, Exception):
            raise received
        image, target = received
        if self._images is None:
            self._images = torch.empty((self.kept, *image.shape[1:]), dtype=image.dtype, device=self.device)
            self._targets = torch.empty((self.kept, *target.shape[1:]), dtype=torch.uint8, device=self.device)
        place = torch.arange(self.drawn, self.drawn + len(image)) % self.kept
        self._images[place.to(self.device)] = image.to(self.device)
        self._targets[place.to(self.device)] = target.to(self.device)
        self.drawn += len(image)
        self._filled = min(self.drawn, self.kept)
