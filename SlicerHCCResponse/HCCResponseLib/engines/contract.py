"""The contract of segmentation engines: what is asked, what comes back, what an engine says of itself.

An engine is one file in ``engines/available`` that holds

* ``INFO``: an :class:`EngineInfo`, built without importing anything heavy;
* ``segment(case, report) -> Segmentation``: the work, in a process of its own (:mod:`HCCResponseLib.engines.worker`);
* ``check(weights) -> dict``: loads the weights and says facts about them, or raises ``ModelError``;
* where ``INFO.fetches`` says so, ``fetch(source, report) -> dict``: downloads its weights, in its own environment and
  on request only; ``fetched_into() -> Path``: the folder that they come into; ``ready() -> bool``: whether all are
  there, found out without its packages;
* where ``INFO.takes_weights`` says so, ``take(given, report) -> dict``: checks weights that the user has and puts them
  where the engine looks, without its packages.
* ``files(weights, settings) -> Sequence[Path]``, which may be left out: every file that, with image, settings and
  prompts, decides on the result, found without importing anything heavy. Results of an engine that names its files are
  kept and taken again (:mod:`HCCResponseLib.engines.kept`); those of an engine that cannot, never.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Offer
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.phase.phases import Phase
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.lesions.prompt import Click, Line

Float32 = npt.NDArray[np.float32]
LIVER, TUMOUR, VESSEL = 1, 2, 3
# Read by pydantic where a request is checked: unknown keys are refused.
STRICT: Mapping[str, str] = {"extra": "forbid"}
ON_THE_CPU = Offer("Run on the CPU (slower)", device="cpu")


class Gives(StrEnum):
    """What an engine can mark."""

    LIVER = "liver"
    TUMOUR = "tumour"
    VESSELS = "vessels"


@dataclass(frozen=True)
class Request:
    """What is asked of an engine.

    Attributes:
        image: the scan; everything that :func:`HCCResponseLib.imaging.read.read_volume` reads.
        prior: label map on the image's grid with registered earlier contours, or ``None``.
        clicks: what the reader shows of a lesion, for engines that take them.
        weights: file or folder; ``None`` is the engine's own place for them.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        seed: of everything random.
        parameters: values for the engine's own :class:`Parameter` names; the rest keep their defaults.
        image_sha256: :attr:`.Volume.sha256` that the image must have; ``None``: whatever lies there now.
        line: the long axis as the reader draws it, for engines that take it.
    """

    image: Path
    prior: Path | None = None
    clicks: tuple[Click, ...] = ()
    weights: Path | None = None
    device: str = "auto"
    seed: int = 0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    image_sha256: str | None = None
    line: Line | None = None

    __pydantic_config__ = STRICT

    def lighter(self, offer: Offer) -> "Request":
        """The same request with the setting of an offer."""
        merged = {**self.parameters, **offer.parameters}
        return replace(self, device=offer.device or self.device, parameters=merged)


@dataclass(frozen=True)
class Probabilities:
    """Probabilities of liver (tumour included) and of tumour, (z, y, x) on ``grid``; 0 where nothing was looked at."""

    liver: Float32
    tumour: Float32
    grid: Geometry


@dataclass(frozen=True)
class Result:
    """Files of a finished run.

    Attributes:
        labels: label map on the image's grid: 1 liver, 2 tumour, 3 vessel.
        probabilities: see :meth:`read_probabilities`.
        provenance: engine, weights with SHA-256, versions, device, precision, seed, every parameter, image, when it was
            computed, whether it was taken from the cache.
    """

    labels: Path
    probabilities: Path
    provenance: Mapping[str, Any]

    def read_probabilities(self) -> Probabilities:
        """Load the probabilities; an engine that gives labels only has ones and zeros."""
        with np.load(self.probabilities) as stored:
            size = (int(stored["size"][0]), int(stored["size"][1]), int(stored["size"][2]))
            spacing = (float(stored["spacing"][0]), float(stored["spacing"][1]), float(stored["spacing"][2]))
            x, y, z = (float(v) for v in stored["origin"])
            grid = Geometry(size, spacing, (x, y, z), tuple(float(v) for v in stored["direction"]))
            return Probabilities(stored["liver"], stored["tumour"], grid)


@dataclass(frozen=True)
class Parameter:
    """One setting of an engine.

    Attributes:
        default: its type is the type of the value.
        help: one line for people.
        lighter: values that need less memory, in falling order of need; offered when memory runs out.
    """

    name: str
    default: Any
    help: str
    lighter: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Domain:
    """The scans that a model was made for.

    Attributes:
        modality: only CT is read here.
        phases: contrast phases; empty: any.
        slice_thickness_mm: thinnest and thickest slices.
        liver_ml: smallest and largest plausible liver; ``None``: a liver need not be found.
        liver_hu: lowest and highest plausible median attenuation of the liver; ``None``: any.
    """

    modality: Literal["CT"]
    phases: tuple[Phase, ...]
    slice_thickness_mm: tuple[float, float]
    liver_ml: tuple[float, float] | None = None
    liver_hu: tuple[float, float] | None = None

    __pydantic_config__ = STRICT


@dataclass(frozen=True)
class Fetchable:
    """Weights that the engine's own downloader can fetch.

    Attributes:
        what: they mark, in words; ``address``: where they come from; ``licence``: of these weights.
        mib: about what they download.
    """

    what: str
    address: str
    licence: str
    mib: int


@dataclass(frozen=True)
class EngineInfo:
    """What an engine says of itself.

    Attributes:
        name: as given on the command line; ``title``: for people.
        gives: what it can mark.
        licence: of code and usual weights; ``source``: paper or project.
        weights: where weights belong, one line.
        needs_weights: it has none of its own; ``needs_prior``: it works only with earlier contours.
        takes_clicks, takes_line: what it uses of a reader's prompts; needs_prompt: it works only with one.
        devices: ``cpu``, ``cuda``; ``uses_torch``: whether torch is to be asked for the GPU and given the seed.
        packages: requirements installed into the engine's own environment; empty for engines in ours.
        module: what must be importable; ``download_mib``: about what an installation downloads.
        parameters: its settings.
        system_mib, gpu_mib: memory that a run needs at least, beside ``bytes_per_voxel`` of the image.
        domain: the scans that it was made for; ``None``: not stated. A model card beside its weights goes before it.
        card: the card of the weights that are shipped, a resource.
        shipped: weights that come with this software once they are worth it, a resource; a file of the same name in the
            engine's own folder of weights goes before it. Empty: none, or the engine finds them itself.
        fetches: weights that it can download on request; takes_weights: it takes in a folder or archive of the user's.
    """

    name: str
    title: str
    gives: frozenset[Gives]
    licence: str
    source: str
    weights: str
    needs_weights: bool = False
    needs_prior: bool = False
    takes_clicks: bool = False
    takes_line: bool = False
    needs_prompt: bool = False
    devices: tuple[str, ...] = ("cpu", "cuda")
    uses_torch: bool = True
    packages: tuple[str, ...] = ()
    module: str = ""
    download_mib: int = 0
    parameters: tuple[Parameter, ...] = ()
    system_mib: int = 1000
    gpu_mib: int = 1500
    bytes_per_voxel: int = 16
    domain: Domain | None = None
    card: str = ""
    shipped: str = ""
    fetches: Fetchable | None = None
    takes_weights: bool = False

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter with its value.

        Raises:
            InputError: an unknown name, or a value of another type than the default's.
        """
        known = {p.name: p for p in self.parameters}
        strange = [n for n in given if n not in known]
        if strange:
            names = ", ".join(known) or "none"
            raise InputError(f"Engine '{self.name}' has no parameter '{strange[0]}'; known are {names}.")
        return {n: _typed(p, given.get(n, p.default), self.name) for n, p in known.items()}

    def offers(self, request: Request) -> tuple[Offer, ...]:
        """Settings that need less memory than ``request`` does."""
        now = self.settings(request.parameters)
        found = []
        for parameter in self.parameters:
            steps = (parameter.default, *parameter.lighter)
            place = steps.index(now[parameter.name]) if now[parameter.name] in steps else 0
            if place + 1 < len(steps):
                value = steps[place + 1]
                title = f"Smaller {parameter.name}: {value}"
                if not isinstance(value, int) or isinstance(value, bool):
                    title = f"Set {parameter.name} to {value}"
                found.append(Offer(title, parameters={parameter.name: value}))
        if request.device != "cpu" and "cpu" in self.devices:
            found.append(ON_THE_CPU)
        return tuple(found)


def _typed(parameter: Parameter, value: Any, engine: str) -> Any:
    kind = type(parameter.default)
    if kind is float and isinstance(value, int):
        value = float(value)
    if kind is str and isinstance(value, int | float):
        value = str(value)  # a list of one number looks like a number
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(
            f"Parameter '{parameter.name}' of engine '{engine}' is of type {kind.__name__}, not {value!r}."
        )
    return value


@dataclass(frozen=True)
class Case:
    """What an engine's ``segment`` gets, in its own process.

    Attributes:
        image: the scan; ``file``: the file or folder it came from.
        prior: earlier contours on the image's grid, or ``None``.
        weights: as asked; ``device``: ``cpu`` or ``cuda:N``.
        settings: every parameter with its value; ``seed``: already given to torch, numpy and random.
        work: an empty folder of its own.
    """

    image: Volume
    file: Path
    prior: LabelMap | None
    clicks: tuple[Click, ...]
    weights: Path | None
    device: str
    seed: int
    settings: Mapping[str, Any]
    work: Path
    line: Line | None = None


@dataclass(frozen=True)
class Segmentation:
    """What an engine's ``segment`` gives back: probabilities, or labels on the image's grid, or both.

    Attributes:
        labels: uint8 (z, y, x) on the image's grid: 1 liver, 2 tumour, 3 vessel; ``None``: from the probabilities.
        weights: SHA-256 of every weights file used, by path.
        facts: what else belongs into the provenance.
    """

    probabilities: Probabilities | None = None
    labels: npt.NDArray[np.uint8] | None = None
    weights: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
