"""How long a reader waits for a contour: from a line on a CT of usual size, and for a correction by a click.

Run: ``python Testing/benchmarks/bench_prompt.py [--weights FILE] [--repeats 7]``. Asked on two quiet cores: at most 1 s
a line, 0.5 s a correction, 2 GiB. Where no weights are named, installed or shipped, a network of the shipped shape with
random weights is taken: it draws nonsense in the same time. Seconds on the clock, medians, from the question to the
contour in the caller's process, as the panel looks for it; beside them those that the process itself has worked.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from HCCResponseLib.base.errors import HCCResponseError
from HCCResponseLib.engines.environments import weights_at_hand
from HCCResponseLib.engines.prompting.spare import Spare
from HCCResponseLib.engines.registry import engine_named
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.prompt import Click, Line, Lps, Prompts

GRID = Geometry((200, 512, 512), (2.5, 0.75, 0.75))
MIDDLE, DIAMETER_MM = (100, 256, 256), 40.0
LOOK_S = 0.02


def scan() -> tuple[Volume, Lesion]:
    """Tissue with grain and one dark ball."""
    z, y, x = np.ogrid[tuple(slice(0, n) for n in GRID.size)]
    squares = sum(((a - m) * s) ** 2 for a, m, s in zip((z, y, x), MIDDLE, GRID.spacing, strict=True))
    ball = squares < (DIAMETER_MM / 2) ** 2
    hu = np.random.default_rng(0).normal(100, 12, GRID.size).astype(np.int16)
    hu[ball] -= 50
    return Volume(hu, GRID, "drawn"), Lesion.of(ball)


def random_weights(folder: Path) -> Path:
    """A network of the shipped shape that has learned nothing."""
    from HCCResponseLib.nets.prompts.network import PromptNetwork, save_prompt_model

    shape = PromptNetwork()
    network = shape.build()
    # Whatever it draws must not be empty.
    network.head.bias.data[8:] = 5.0
    save_prompt_model(folder / "random.safetensors", network, shape, {"patients": []})
    return folder / "random.safetensors"


def at(x: float) -> Lps:
    a, b, c = GRID.index_to_lps((MIDDLE[0], MIDDLE[1], MIDDLE[2] + x / GRID.spacing[2])).tolist()
    return a, b, c


def seconds(
    spare: Spare, image: Volume, prompts: Prompts, prior: Lesion | None = None
) -> tuple[float, float]:
    """From the question to the contour, and of the processor in the process that waits."""
    started = time.perf_counter()
    spare.ask(image, prompts, prior)
    while (found := spare.poll()) is None:
        time.sleep(LOOK_S)
    found.require()
    return time.perf_counter() - started, float(spare.cost["cpu_seconds"] or 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--repeats", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        weights = asked.weights or weights_at_hand(engine_named("prompt"))
        name = weights.name if weights else "random weights of the shipped shape"
        measure(weights or random_weights(Path(folder)), name, asked.repeats)


def measure(weights: Path, name: str, repeats: int) -> None:
    """Print the table."""
    image, ball = scan()
    line = Prompts(Line(at(-DIAMETER_MM / 2), at(DIAMETER_MM / 2)))
    corrected = Prompts(line.line, (Click(at(DIAMETER_MM / 2 + 2)),))
    spare = Spare(weights)
    try:
        started = time.perf_counter()
        spare.prepare()
        while not spare.ready and spare.poll() is None:
            time.sleep(LOOK_S)
        loaded = time.perf_counter() - started
        first = seconds(spare, image, line)
        lines = [seconds(spare, image, line) for _ in range(repeats)]
        clicks = [seconds(spare, image, corrected, ball) for _ in range(repeats)]
    except HCCResponseError as problem:
        raise SystemExit(f"no figures: {problem}") from problem
    finally:
        spare.end()
    print(
        f"{name}; CT of {GRID.size} voxels; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    print("| what | seconds | of the processor | asked |\n|---|---|---|---|")
    rows = (
        ("first line", [first], "<= 1"),
        ("next line, median", lines, "<= 1"),
        ("correction by a click, median", clicks, "<= 0.5"),
    )
    print(f"| loading, before anybody asks | {loaded:.2f} | | |")
    for what, took, limit in rows:
        wall, worked = (median(one[n] for one in took) for n in (0, 1))
        print(f"| {what} | {wall:.2f} | {worked:.2f} | {limit} |")
    print(
        f"peak memory of the process that waits: {spare.cost['peak_memory_mib']:.0f} MiB (asked: at most 2048)"
    )


if __name__ == "__main__":
    main()
