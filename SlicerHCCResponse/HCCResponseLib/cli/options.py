"""Options that several commands share, each written once: a group is a dataclass, its fields are the options.

@with_groups
def propose(study: StudyOptions, proposals: ProposalOptions, as_json: JsonOption = False) -> None: ...
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import is_there
from HCCResponseLib.cli.common import (
    DeviceOption,
    EngineOption,
    ModelOption,
    NoCacheOption,
    SeedOption,
    SetOption,
    read_settings,
)

if TYPE_CHECKING:
    from HCCResponseLib.pipeline.request import Options


def _day(text: str) -> date:
    """What ``--date`` takes; what is no day of the calendar is refused like any other slip in a command."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text[:40]}' is not a day; write dates as 2026-03-12.") from None


@dataclass(frozen=True)
class ImageOptions:
    """What may be said with images, and goes into the study file."""

    contour: Annotated[
        Path | None,
        typer.Option(help="With images: label map of the baseline's lesions that a reader has drawn."),
    ] = None
    drawn_by: Annotated[str | None, typer.Option(help="With --contour: the reader who drew it.")] = None
    subject: Annotated[
        str | None,
        typer.Option(help="With images: name of the subject; default: the patient ID of the headers."),
    ] = None
    profile: Annotated[
        str | None,
        typer.Option(
            help="With images: profile to assess by, see 'hcc-response profiles list'; default: recist-1.1."
        ),
    ] = None
    dates: Annotated[
        list[date] | None,
        typer.Option(
            "--date",
            parser=_day,
            metavar="YYYY-MM-DD",
            help="With images: day of each, in the same order, where headers have none; once for each image.",
        ),
    ] = None
    randomisation_date: Annotated[
        date | None,
        typer.Option(
            parser=_day,
            metavar="YYYY-MM-DD",
            help="With images: day of randomisation, where the profile counts from it.",
        ),
    ] = None
    first_dose_date: Annotated[
        date | None,
        typer.Option(
            parser=_day,
            metavar="YYYY-MM-DD",
            help="With images: day of the first dose, where the profile counts from it.",
        ),
    ] = None

    @property
    def starts(self) -> dict[str, date]:
        """The days that a profile may count from, by their field of the study file, those that were given."""
        known = {"randomisation_date": self.randomisation_date, "first_dose_date": self.first_dose_date}
        return {field: day for field, day in known.items() if day is not None}


@dataclass(frozen=True)
class InputOptions:
    """The images or the study, as arguments or behind ``-i``."""

    given: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="STUDY | IMAGE...",
            help="study.yaml or its folder; or the CT of each visit (file or folder of one DICOM series); or one "
            "folder with the series of all visits.",
        ),
    ] = None
    named: Annotated[
        list[Path] | None,
        typer.Option(
            "--input", "-i", help="Study or image, in place of the argument; repeat it for several."
        ),
    ] = None

    NOTHING: ClassVar[str] = (
        "Name a study.yaml, the CT of each visit, or one folder that holds all visits of the patient."
    )

    @property
    def paths(self) -> list[Path]:
        """All of them; each must be there.

        Raises:
            InputError: none is given, or one does not exist.
        """
        found = [*(self.given or []), *(self.named or [])]
        if not found:
            raise InputError(self.NOTHING)
        for path in found:
            what = "Study file " if path.suffix in (".yaml", ".yml") else ""
            require_there(path, what)
        return found


@dataclass(frozen=True)
class ScanOptions(InputOptions):
    """Images alone, as arguments or behind ``-i``."""

    given: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="IMAGE...",
            help="The CT of each visit (file or folder of one DICOM series); or one folder with the series of all "
            "visits.",
        ),
    ] = None
    named: Annotated[
        list[Path] | None,
        typer.Option("--input", "-i", help="Image, in place of the argument; repeat it for several."),
    ] = None

    NOTHING: ClassVar[str] = "Name the CT of each visit, or one folder that holds all visits of the patient."


@dataclass(frozen=True)
class ProposalOptions:
    """How proposals are made."""

    recipe: Annotated[
        str, typer.Option(help="How to adapt to the patient: quick, or moon2026 (as published, slow).")
    ] = "quick"
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Maximum number of adaptation steps; default: the recipe's own."),
    ] = None
    seed: SeedOption = 0
    model: ModelOption = None
    engine: EngineOption = None
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights", help="Weights file or folder of the engine; default: where the engine keeps them."
        ),
    ] = None
    device: DeviceOption = "auto"
    settings: SetOption = None
    no_cache: NoCacheOption = False

    @contextmanager
    def at_work(self) -> "Iterator[Options]":
        """The same as the pipeline takes them, for one command.

        Without the user's cache results are kept until the command ends, so that it computes nothing twice itself.
        """
        from HCCResponseLib.base.result_cache import users_cache

        options = self.options()
        if not self.no_cache and users_cache() is not None:
            yield options
            return
        with TemporaryDirectory(prefix="hcc-response-") as folder:
            yield replace(options, results=Path(folder))

    def options(self) -> "Options":
        """The same as the pipeline takes them.

        Weights, a network or settings without an engine mean our own, as they always did.
        """
        from HCCResponseLib.pipeline.default_engine import default_engine
        from HCCResponseLib.pipeline.request import OURS, Options

        settings = read_settings(self.settings)
        ours = self.weights or self.model or any("." not in name for name in settings)
        return Options(
            self.recipe,
            self.steps,
            self.seed,
            self.model,
            self.engine or (OURS if ours else default_engine()),
            self.weights,
            self.device,
            settings,
            unasked=self.engine is None,
        )


OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Folder for the read, contours and report; default: hcc-response-output beside the study or baseline.",
    ),
]


def require_there(path: Path | None, what: str = "") -> None:
    """Refuse a path that is not there before anything slow is loaded.

    Args:
        what: what it is, with a blank at its end ("Study file ").
    """
    if path is not None and not is_there(path):
        raise InputError(f"{what}'{str(path)[:300]}' does not exist.")


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of each group in the group's place; it gets the groups as values."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())
    groups: dict[str, Any] = {p.name: p.annotation for p in own if is_dataclass(p.annotation)}
    parameters = [q for p in own for q in (_options_of(p.annotation) if p.name in groups else [p])]

    def run(**given: Any) -> None:
        values = {
            name: group(**{f.name: given.pop(f.name) for f in fields(group)})
            for name, group in groups.items()
        }
        command(**values, **given)

    keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    run.__signature__ = inspect.Signature(keyword)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in keyword}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def _options_of(group: Any) -> Sequence[inspect.Parameter]:
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(
            f.name,
            kind,
            default=inspect.Parameter.empty if f.default is MISSING else f.default,
            annotation=f.type,
        )
        for f in fields(group)
    ]
