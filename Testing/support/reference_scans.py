"""Small scans with known livers and lesions, and an engine whose answer is known."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from HCCResponseLib.base.files import sha256_of
from HCCResponseLib.base.jobs import Ending, Outcome
from HCCResponseLib.engines.contract import EngineInfo, Gives, Request, Result
from HCCResponseLib.evaluation.segmentation.cases import ReferenceCase, read_cases
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map, write_volume
from shapes import ball

GRID = Geometry((24, 80, 80), (3.0, 1.5, 1.5), (-60.0, -60.0, 0.0))
LIVER, LARGE, SMALL = ((12, 40, 40), 33.0), ((12, 32, 32), 9.0), ((12, 50, 50), 4.5)
HEAD = "name,patient,image,liver,lesions\n"
ENGINE = EngineInfo(
    name="known",
    title="Knows the answer",
    gives=frozenset({Gives.LIVER, Gives.TUMOUR}),
    licence="none",
    source="tests",
    weights="none",
    uses_torch=False,
)
Answer = np.ndarray[Any, np.dtype[np.uint8]]


def a_ball(place: tuple[Sequence[float], float]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """On the grid of the scans."""
    return ball(GRID.size, *place, GRID.spacing)


def truth(*lesions: tuple[Sequence[float], float]) -> Answer:
    """A liver (1) with these lesions (2)."""
    labels = a_ball(LIVER).astype(np.uint8)
    for lesion in lesions:
        labels[a_ball(lesion)] = 2
    return labels


def write_scan(folder: Path, name: str, labels: Answer, seed: int = 0) -> None:
    """``NAME.nii.gz`` and ``NAME-labels.nii.gz``."""
    noise = np.random.default_rng(seed).normal(scale=8, size=GRID.size)
    hu = np.where(labels > 0, 110, -80) - 60 * (labels == 2) + noise
    write_volume(Volume(hu.astype(np.int16), GRID, name), folder / f"{name}.nii.gz")
    write_label_map(LabelMap(labels, GRID), folder / f"{name}-labels.nii.gz")


def line(name: str, patient: str, *, liver: bool = True, lesions: bool = True) -> str:
    """One line of a list of such scans."""
    masks = [f'"{name}-labels.nii.gz:1,2"' if liver else "", f"{name}-labels.nii.gz:2" if lesions else ""]
    return ",".join([name, patient, f"{name}.nii.gz", *masks]) + "\n"


def listed(folder: Path, *lines: str) -> list[ReferenceCase]:
    """The list, written and read."""
    (folder / "cases.csv").write_text(HEAD + "".join(lines), encoding="utf-8")
    return read_cases(folder / "cases.csv")


class KnownEngine:
    """Gives a stored answer for each image; counts how often it is asked."""

    def __init__(self, answers: dict[str, Answer | Outcome[Result] | Callable[[], None]]) -> None:
        self.answers, self.asked = answers, list[str]()
        self.probability: dict[str, np.ndarray[Any, np.dtype[np.float32]]] = {}

    def __call__(self, name: str, request: Request, work: Path, report: Any) -> Outcome[Result]:
        scan = request.image.name.removesuffix(".nii.gz")
        self.asked.append(scan)
        answer = self.answers[scan]
        if isinstance(answer, Outcome):
            return answer
        if callable(answer):
            answer()
            sys.exit("it should have stopped")
        files = work / "labels.nrrd", work / "probabilities.npz"
        write_label_map(LabelMap(answer, GRID), files[0])
        tumour = self.probability.get(scan, (answer == 2).astype(np.float32))
        np.savez(
            files[1],
            liver=(answer > 0).astype(np.float32),
            tumour=tumour,
            size=GRID.size,
            spacing=GRID.spacing,
            origin=GRID.origin,
            direction=GRID.direction,
        )
        facts = {"seconds": 1.5, "device": "cpu", "weights": {"known.bin": "ab" * 32}}
        return Outcome(Ending.DONE, Result(*files, facts))


def failure(words: str) -> Outcome[Result]:
    """An engine that stops."""
    return Outcome(Ending.FAILED, message=words)


def contents(folder: Path) -> dict[str, str]:
    """Hash of every file, to see what a second run has changed."""
    return {str(p.relative_to(folder)): sha256_of(p) for p in sorted(folder.rglob("*")) if p.is_file()}
