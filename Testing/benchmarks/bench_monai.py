"""Our sliding window and loss against MONAI's, at equal results: seconds, ratio, largest difference.

Run: ``python Testing/benchmarks/bench_monai.py [--repeats 5] [--threads 2]``. Both take turns, so that a busy moment
hits both; figures are medians of the CPU seconds of all threads, which a busy machine disturbs less than the clock.
MONAI cannot leave windows out by itself: "skipping" gives it a predictor that answers at once for windows that ours
does not look at, with a further channel of ones and zeros that takes them out of the average again, so that both give
the same. "start" is what a child process loads before it can begin.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "SlicerHCCResponse"))

from HCCResponseLib.nets.losses import dual_cross_entropy, fcd_loss
from HCCResponseLib.nets.model import load_model
from HCCResponseLib.nets.windows import InferenceSettings, corners, slide

SETTINGS = InferenceSettings(precision="float32")
OURS = "import HCCResponseLib.nets.segment, HCCResponseLib.nets.losses"
THEIRS = OURS + "; from monai.inferers import sliding_window_inference; from monai.losses import DiceCELoss"
Job = Callable[[], torch.Tensor]


def cpu_seconds(job: Job) -> tuple[float, torch.Tensor]:
    started = time.process_time()
    found = job()
    return time.process_time() - started, found


def started_seconds(imports: str) -> float:
    """CPU seconds of a process that only imports."""
    process = subprocess.Popen([sys.executable, "-c", imports], env={**os.environ, "PYTHONPATH": sys.path[0]})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


def row(name: str, ours: Job, theirs: Job, repeats: int) -> None:
    """One line of the table; a first run of both is not counted."""
    ours(), theirs()
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for job, seconds in zip((ours, theirs), taken, strict=True):
            spent, _ = cpu_seconds(job)
            seconds.append(spent)
    one, two = (statistics.median(s) for s in taken)
    spread = statistics.median(b / a for a, b in zip(*taken, strict=True))
    far = float((ours() - theirs()).abs().max())
    print(f"| {name} | {one:.3f} | {two:.3f} | {spread:.2f} | {far:.1e} |", flush=True)


def monai_windows(
    network: torch.nn.Module, image: torch.Tensor, where: np.ndarray | None = None
) -> torch.Tensor:
    """MONAI's sliding window with our settings; ``where`` as in ours."""
    from monai.inferers import sliding_window_inference

    side = SETTINGS.window
    looked = None if where is None else set(corners(image.shape[1:], SETTINGS, where))

    def predict(window: torch.Tensor, places: list[list[slice]]) -> torch.Tensor:
        (_, _, z, y, x) = places[0]
        ones = window.new_ones(1, 1, side, side, side)
        if looked is None or (z.start, y.start, x.start) in looked:
            return torch.cat([network(window), ones], 1)
        return window.new_zeros(1, 4, side, side, side)

    with torch.inference_mode():
        found = sliding_window_inference(
            image[None],
            (side,) * 3,
            1,
            predict,
            overlap=SETTINGS.overlap,
            mode="gaussian",
            padding_mode="constant",
            cval=-1.0,
            with_coord=True,
        )[0]
    share = found[3]
    logits = found[:3] / share.clamp_min(1e-6)
    nothing = share < 1e-6
    logits[:, nothing] = 0.0
    logits[0][nothing] = 20.0
    return logits


def monai_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """DiceCELoss with our smoothing and pooling; the dual cross-entropy, which MONAI has not, is ours."""
    from monai.losses import DiceCELoss

    loss = DiceCELoss(
        include_background=False, to_onehot_y=True, softmax=True, batch=True, smooth_nr=1.0, smooth_dr=1.0
    )
    return loss(logits, target[:, None]) + dual_cross_entropy(logits, target)


def gradient(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], target: torch.Tensor
) -> torch.Tensor:
    """The loss's value and its gradient, in one tensor."""
    seed = torch.Generator().manual_seed(1)
    logits = torch.randn(1, 2, *target.shape[1:], generator=seed).requires_grad_()
    value = loss(logits, target)
    torch.autograd.backward(value)
    assert logits.grad is not None
    return torch.cat([value.detach().reshape(1), logits.grad.reshape(-1)])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, load {os.getloadavg()[0]:.1f}\n"
    )
    print("| | ours, CPU s | MONAI, CPU s | MONAI / ours | largest difference |\n|---|---|---|---|---|")
    network = load_model().network
    image = torch.randn(2, 96, 128, 128, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    where = np.zeros(image.shape[1:], bool)
    where[20:70, 20:60, 20:60] = True
    few = slice(0, 64)
    windows = partial(monai_windows, network)
    row("all windows", lambda: slide(network, image, 3, SETTINGS), lambda: windows(image), options.repeats)
    row(
        "a region, MONAI skipping",
        lambda: slide(network, image, 3, SETTINGS, where),
        lambda: windows(image, where),
        options.repeats,
    )
    one = image[:, few, few, few]
    row("one window", lambda: slide(network, one, 3, SETTINGS), lambda: windows(one), 3 * options.repeats)
    target = torch.randint(0, 2, (1, 64, 64, 64), generator=torch.Generator().manual_seed(2))
    row(
        "loss and gradient, 64^3",
        lambda: gradient(fcd_loss, target),
        lambda: gradient(monai_loss, target),
        6 * options.repeats,
    )
    starts = [(started_seconds(OURS), started_seconds(THEIRS)) for _ in range(options.repeats)]
    without, with_monai = (statistics.median(s) for s in zip(*starts, strict=True))
    print(f"| start | {without:.3f} | {with_monai:.3f} | {with_monai / without:.2f} | |")


if __name__ == "__main__":
    main()
