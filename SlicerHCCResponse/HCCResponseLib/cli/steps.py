"""One step alone, file in, file out: ``segment``, ``adapt``, ``measure``."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import (
    DeviceOption,
    JsonOption,
    ModelOption,
    NoCacheOption,
    SeedOption,
    SetOption,
    errors_as_one_line,
    read_settings,
    say,
    say_facts,
    say_json,
    say_remarks,
)
from HCCResponseLib.cli.options import require_there
from HCCResponseLib.cli.progress import job_progress
from HCCResponseLib.cli.shown import (
    SHOWN_ENGINE,
    BoxOption,
    LineOption,
    NotPointOption,
    PointOption,
    read_prompts,
)

if TYPE_CHECKING:
    from HCCResponseLib.imaging.volumes import LabelMap, Volume

ImageArgument = Annotated[
    Path | None, typer.Argument(help="CT: NIfTI, NRRD, MHA or a folder with one DICOM series.")
]
ContourArgument = Annotated[
    Path | None, typer.Argument(help="Label map on the same grid; every value is one lesion.")
]
NamedImage = Annotated[
    Path | None, typer.Option("--input", "-i", help="The CT, in place of its argument: adapt -i CT CONTOUR.")
]
NamedInput = Annotated[Path | None, typer.Option("--input", "-i", help="The file, in place of its argument.")]
OutputFile = Annotated[Path, typer.Option("--output", "-o", help="File to write.")]


def segment(
    image: Annotated[
        Path | None, typer.Argument(help="CT: NIfTI, NRRD, MHA or a folder with one DICOM series.")
    ] = None,
    named: NamedInput = None,
    output: OutputFile = Path("segmentation.nii.gz"),
    engine: Annotated[
        str | None,
        typer.Option(help="Segmentation engine; default: fcd, or prompt where a lesion is shown."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights", "--model", help="Weights of the engine; default: where the engine keeps them."
        ),
    ] = None,
    prior: Annotated[
        Path | None, typer.Option(help="Earlier contours on the same grid, for engines that need them.")
    ] = None,
    line: LineOption = None,
    points: PointOption = None,
    not_points: NotPointOption = None,
    box: BoxOption = None,
    device: DeviceOption = "auto",
    settings: SetOption = None,
    seed: SeedOption = 0,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
) -> None:
    """Segment liver (1), tumour (2) and vessels (3) by any engine, as a label map on the image's own grid.

    With --line, --point or --box only the lesion that is shown is contoured, by the engine 'prompt' unless another one
    is named. Weights, versions, device and parameters are written beside it as a .json file.
    """
    with errors_as_one_line():
        scan = _one_of(image, named, "the CT")
        from HCCResponseLib.base.files import write_text
        from HCCResponseLib.base.result_cache import users_cache
        from HCCResponseLib.engines.contract import Request
        from HCCResponseLib.engines.kept import KeptResults
        from HCCResponseLib.imaging.read import read_label_map, read_volume
        from HCCResponseLib.imaging.write import write_label_map
        from HCCResponseLib.pipeline.engines import run_engine

        shown = read_prompts(line, points or [], not_points or [], box)
        engine = engine or (SHOWN_ENGINE if shown else "fcd")
        clicks, drawn_line = (shown.clicks, shown.line) if shown else ((), None)
        volume, parameters = read_volume(scan), read_settings(settings)
        request = Request(scan, prior, clicks, weights, device, seed, parameters, volume.sha256, drawn_line)
        cache = None if no_cache else users_cache()
        kept = KeptResults(cache, volume) if cache else None
        with tempfile.TemporaryDirectory() as work, job_progress("Segmenting") as report:
            found = run_engine(engine, request, Path(work), report, kept=kept).require()
            drawn = read_label_map(found.labels, empty=True)
        write_label_map(drawn, output)
        facts = {**found.provenance, "domain": _domain(engine, weights, volume, drawn)}
        say_remarks(scan.name, (*facts["image_remarks"], *facts["domain"]["words"]))
        write_text(output.with_name(output.name + ".json"), json.dumps(facts, indent=2))
        say_facts({"output": str(output), **_volumes(engine, drawn), **facts}, as_json)


def _volumes(engine: str, drawn: "LabelMap") -> dict[str, float]:
    """Volumes in mL of liver (tumour included) and tumour, each where the engine marks it: a tumour is no liver."""
    from HCCResponseLib.engines.contract import LIVER, TUMOUR, Gives
    from HCCResponseLib.pipeline.engines import engine_named

    gives, voxel = engine_named(engine).gives, drawn.geometry.voxel_volume_mm3 / 1000
    liver, tumour = (float((drawn.labels == value).sum()) * voxel for value in (LIVER, TUMOUR))
    found = {}
    if Gives.LIVER in gives and (liver or not tumour):
        found["liver_ml"] = round(liver + tumour, 1)
    if Gives.TUMOUR in gives:
        found["tumour_ml"] = round(tumour, 1)
    return found


def _one_of(given: Path | None, named: Path | None, what: str) -> Path:
    """The file that was named once, as an argument or behind ``-i``; it must be there."""
    path = given or named
    if path is None or (given and named):
        raise InputError(f"Name {what} once: as an argument, or with -i.")
    require_there(path)
    return path


def in_places(
    arguments: Sequence[Path | None], named: Sequence[Path], places: Sequence[int], what: str
) -> list[Path]:
    """The files in the order of the arguments, where images may stand behind ``-i`` instead.

    Args:
        arguments: as they were given, those that are left out at the end.
        places: of the images among the arguments.
        what: what the arguments are, in words.

    Raises:
        InputError: too few of them, or too many.
    """
    given = [path for path in arguments if path is not None]
    wanted = len(places) if named else 0
    if len(named) != wanted or len(given) + wanted != len(arguments):
        raise InputError(f"Name {what} once: as arguments, or every CT with -i and the contour as argument.")
    images, others = iter(named), iter(given)
    return [next(images if named and n in places else others) for n in range(len(arguments))]


def _domain(engine: str, weights: Path | None, image: "Volume", drawn: "LabelMap") -> dict[str, Any]:
    """Whether the scan is one that the engine was made for, by its picture and by the liver that was found."""
    from HCCResponseLib.imaging.volumes import Region
    from HCCResponseLib.pipeline.domain import judge, scan_facts

    liver = Region((drawn.labels == 1) | (drawn.labels == 2), drawn.geometry)
    facts = scan_facts(image, None, liver)
    return judge(engine, weights, facts).as_dict()


def adapt(
    image: ImageArgument = None,
    contour: ContourArgument = None,
    named: NamedImage = None,
    output: OutputFile = Path("adapted.safetensors"),
    recipe: Annotated[
        str, typer.Option(help="How to adapt: quick, or moon2026 (as published, slow).")
    ] = "quick",
    steps: Annotated[
        int | None, typer.Option(min=1, help="Maximum number of steps; default: the recipe's own.")
    ] = None,
    seed: SeedOption = 0,
    model: ModelOption = None,
    device: DeviceOption = "auto",
    also_image: Annotated[
        list[Path] | None,
        typer.Option(help="CT of another accepted visit to learn from; may be repeated."),
    ] = None,
    also_contour: Annotated[
        list[Path] | None, typer.Option(help="The accepted contours of that visit, in the same order.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Adapt the network to one patient (IDOL): it is overfitted to this patient's accepted contours."""
    with errors_as_one_line():
        placed = in_places([image, contour], [named] if named else [], (0,), "one CT and its contour")
        for given in (*placed, *(also_image or []), *(also_contour or [])):
            require_there(given)
        from HCCResponseLib.adapt.recipe import recipe_named
        from HCCResponseLib.adapt.request import AcceptedContours, AdaptationRequest, run_adaptation
        from HCCResponseLib.imaging.read import read_label_map, read_volume
        from HCCResponseLib.imaging.reference import ImageReference
        from HCCResponseLib.imaging.volumes import require_same_grid

        recipe_named(recipe)
        visits = []
        for scan, drawn in [(placed[0], placed[1]), *_pairs(also_image or [], also_contour or [])]:
            volume = read_volume(scan.resolve())
            require_same_grid(read_label_map(drawn), volume)
            visits.append(AcceptedContours(image=ImageReference.of(volume), contour=drawn.resolve()))
        request = AdaptationRequest(
            visits=tuple(visits),
            output=output.resolve(),
            base=model and model.resolve(),
            recipe=recipe,
            steps=steps,
            seed=seed,
            device=device,
        )
        with job_progress("Adapting") as report:
            facts = run_adaptation(request, report)
        say_facts({"output": str(output), **facts}, as_json)


def _pairs(images: list[Path], contours: list[Path]) -> list[tuple[Path, Path]]:
    if len(images) != len(contours):
        raise InputError(
            f"{len(images)} x --also-image, but {len(contours)} x --also-contour: every visit needs both."
        )
    return list(zip(images, contours, strict=True))


def measure(
    contour: Annotated[Path | None, typer.Argument(help="Label map; every value is one lesion.")] = None,
    named: NamedInput = None,
    convention: Annotated[
        str, typer.Option(help="Measuring convention by name, see docs/measurement.md.")
    ] = "recist",
    as_json: JsonOption = False,
) -> None:
    """Measure every lesion in a label map: long and short axis, volume, and what makes them uncertain."""
    with errors_as_one_line():
        path = _one_of(contour, named, "the contour")
        from HCCResponseLib.imaging.geometry import PLANES
        from HCCResponseLib.imaging.read import read_label_map
        from HCCResponseLib.measure import convention as convention_named
        from HCCResponseLib.measure import measure_label_map
        from HCCResponseLib.review.read.records import measurement_to_json

        drawn = read_label_map(path)
        found = measure_label_map(drawn.labels, drawn.geometry, convention_named(convention))
        if as_json:
            say_json({str(k): measurement_to_json(m) for k, m in found.items()})
            return
        for value, m in found.items():
            short = f" x {m.short_axis.length_mm}" if m.short_axis else ""
            plane = f"{PLANES[m.slice_axis]} slice" if m.slice_axis else "slice"
            where = f"on {plane} {m.slice_index + 1}, {m.volume_mm3 / 1000:.1f} mL"
            say(f"lesion {value}: {m.long_axis.length_mm}{short} mm {where}")
            for warning in m.warnings:
                say(f"  caution: {warning.message}")
