"""``hcc-response track``: where the lesions of one visit are at another, and what may be new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.cli.common import (
    JsonOption,
    ModelOption,
    SeedOption,
    errors_as_one_line,
    say,
    say_facts,
    say_json,
    say_remarks,
)
from HCCResponseLib.cli.options import require_there
from HCCResponseLib.cli.progress import job_progress, progress_bar
from HCCResponseLib.cli.steps import ContourArgument, ImageArgument, in_places

if TYPE_CHECKING:
    from HCCResponseLib.engines.domain import Verdict
    from HCCResponseLib.imaging.volumes import LabelMap, Volume
    from HCCResponseLib.lesions.lesion import Lesion
    from HCCResponseLib.lesions.links import LinkSet
    from HCCResponseLib.track.new_lesions.candidates import Candidates, Survey
    from HCCResponseLib.track.registration.register import Registration
    from HCCResponseLib.track.registration.trust import LocalTrust

NamedImages = Annotated[
    list[Path] | None,
    typer.Option(
        "--input",
        "-i",
        help="Baseline CT, then follow-up CT, in place of the arguments: track -i BASELINE -i FOLLOW_UP CONTOUR.",
    ),
]
LiverOption = Annotated[Path | None, typer.Option(help="Liver label map on the same grid, if there is one.")]


def track(
    baseline: ImageArgument = None,
    contour: ContourArgument = None,
    follow_up: Annotated[
        Path | None, typer.Argument(help="CT of the later (or any other) time point.")
    ] = None,
    named: NamedImages = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write the carried contours to.")
    ] = Path("carried.nii.gz"),
    follow_up_contour: Annotated[
        Path | None,
        typer.Option(help="All tumours of the follow-up as a label map: links them to the lesions."),
    ] = None,
    liver: LiverOption = None,
    follow_up_liver: LiverOption = None,
    candidates: Annotated[
        bool,
        typer.Option(
            "--candidates", help="Let the base network look for the liver and for candidates for new lesions."
        ),
    ] = False,
    report: Annotated[Path | None, typer.Option(help="HTML file to write, with pictures.")] = None,
    model: ModelOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Follow lesions from one visit to another: registers the scans, links lesions, lists candidates for new ones.

    Contours that are carried over to the later scan show where a lesion is to be found; they are never measured.
    """
    with errors_as_one_line():
        what = "the CT of both time points and the baseline's contour"
        placed = in_places([baseline, contour, follow_up], named or [], (0, 2), what)
        for path in (*placed, follow_up_contour, liver, follow_up_liver):
            require_there(path)
        pair = _read(placed, follow_up_contour, liver, follow_up_liver)
        views = _look(pair, (placed[0].name, placed[2].name), model) if candidates else None
        found = _register(pair, views, seed)
        result = _answer(pair, views, found, output, report)
        if as_json:
            say_json(result)
        else:
            _tell(result)


@dataclass(frozen=True)
class _Pair:
    before: Volume
    after: Volume
    drawn: LabelMap
    now: LabelMap | None
    livers: tuple[LabelMap | None, LabelMap | None]


def _read(placed: Sequence[Path], now: Path | None, liver: Path | None, later: Path | None) -> _Pair:
    """Images and contours; ``placed`` are baseline, its contour and follow-up."""
    from HCCResponseLib.imaging.read import read_label_map, read_volume
    from HCCResponseLib.imaging.volumes import require_same_grid

    baseline, contour, follow_up = placed
    before, after = read_volume(baseline), read_volume(follow_up)
    say_remarks(baseline.name, before.remarks)
    say_remarks(follow_up.name, after.remarks)
    drawn = read_label_map(contour)
    require_same_grid(drawn, before)
    maps = []
    for path, image in ((now, after), (liver, before), (later, after)):
        found = None if path is None else read_label_map(path)
        if found is not None:
            require_same_grid(found, image)
        maps.append(found)
    return _Pair(before, after, drawn, maps[0], (maps[1], maps[2]))


@dataclass(frozen=True)
class _Views:
    """The base network's view of both scans, and whether they are scans that it was made for; the baseline first."""

    surveys: tuple[Survey, Survey]
    verdicts: tuple[Verdict, Verdict]


def _look(pair: _Pair, names: tuple[str, str], model: Path | None) -> _Views:
    """Look at both scans; what is to be known of them is said under their names."""
    from HCCResponseLib.nets.model import load_model
    from HCCResponseLib.nets.segment import liver_and_tumour
    from HCCResponseLib.pipeline.domain import judge, scan_facts
    from HCCResponseLib.pipeline.request import OURS
    from HCCResponseLib.track.new_lesions.candidates import Survey

    network = load_model(model)
    with progress_bar() as bar:
        bar.add_task("Looking at both livers", total=None)
        first, second = (Survey(*liver_and_tumour(network, v)) for v in (pair.before, pair.after))
    verdicts = tuple(
        judge(OURS, model, scan_facts(image, None, view.region))
        for image, view in ((pair.before, first), (pair.after, second))
    )
    for name, verdict in zip(names, verdicts, strict=True):
        say_remarks(name, verdict.words)
    return _Views((first, second), (verdicts[0], verdicts[1]))


def _register(pair: _Pair, views: _Views | None, seed: int) -> Registration:
    from HCCResponseLib.imaging.volumes import Region
    from HCCResponseLib.track.registration.child import ChildRegistrar
    from HCCResponseLib.track.registration.register import Scan

    drawn = (*pair.livers, pair.drawn, pair.now)
    *livers, before, after = (None if m is None else Region(m.labels > 0, m.geometry) for m in drawn)
    if views is not None:
        livers = [given or view.region for given, view in zip(livers, views.surveys, strict=True)]
    scans = Scan(pair.before, livers[0], before), Scan(pair.after, livers[1], after)
    with job_progress("Registering") as report:
        return ChildRegistrar(report)(*scans, seed)


def _answer(
    pair: _Pair, views: _Views | None, found: Registration, output: Path, report: Path | None
) -> dict[str, Any]:
    from HCCResponseLib.imaging.volumes import LabelMap
    from HCCResponseLib.imaging.write import write_label_map
    from HCCResponseLib.lesions.label_maps import label_map, lesions_of
    from HCCResponseLib.lesions.links import links_to_json
    from HCCResponseLib.report.subject.tracking import TrackedPair, write_tracking
    from HCCResponseLib.track.identity.follow_up import link_parts
    from HCCResponseLib.track.identity.matching import known_lesions

    drawn = lesions_of(pair.drawn.labels)
    lesions = {f"L{value}": lesion for value, lesion in drawn.items()}
    source, target = pair.before.geometry, pair.after.geometry
    known = known_lesions(lesions, source, target, found)
    places = [k.place.lesion for k in known.values()]
    write_label_map(LabelMap(label_map(places, target.size, list(drawn)), target), output)
    links: LinkSet | None = None
    parts: list[Lesion] = []
    if pair.now is not None:
        parts, links = link_parts("follow-up", pair.now.labels > 0, known, target)
    result: dict[str, Any] = {"output": str(output), **found.quality.facts()}
    result["local_shift_mm"] = [round(v, 2) for v in found.local_shift_mm]
    result["places"] = {n: _place_facts(k.trust) for n, k in known.items()}
    if links is not None:
        result["links"] = links_to_json(links)["links"]
    new = None
    if views is not None:
        new = _candidates(pair, views, found, [*parts, *places])
        result |= _candidate_facts(new, views)
    if report is not None:
        words = [f"{n}: {word}" for n, v in result.get("domain", {}).items() for word in v["words"]]
        content = TrackedPair(pair.before, pair.after, lesions, known, parts, links, new, found, words)
        write_tracking(report, content)
        result["report"] = str(report.resolve())
    return result


def _place_facts(trust: LocalTrust) -> dict[str, Any]:
    return {
        "trustworthy": trust.trustworthy,
        "reasons": list(trust.reasons),
        "error_mm": None if trust.error_mm is None else round(trust.error_mm, 1),
    }


def _candidate_facts(new: Candidates, views: _Views) -> dict[str, Any]:
    shown = [
        {"name": c.name, "suggestion": c.suggestion and c.suggestion.value, **c.evidence} for c in new.shown
    ]
    first, second = views.verdicts
    return {
        "domain": {"baseline": first.as_dict(), "follow_up": second.as_dict()},
        "candidates": shown,
        "suppressed": [s.as_dict() for s in new.suppressed],
    }


def _candidates(pair: _Pair, views: _Views, found: Registration, known: list[Lesion]) -> Candidates:
    from HCCResponseLib.pipeline.domain import judged
    from HCCResponseLib.track.new_lesions.candidates import BaselineEvidence, agreement, find_candidates

    surveys, (earlier, now) = views.surveys, views.verdicts
    agreed = agreement(surveys[0], pair.before.geometry, pair.drawn.labels > 0)
    before = BaselineEvidence(surveys[0], found, agreed)
    new = find_candidates("follow-up", pair.after, surveys[1], before, known)
    return replace(new, shown=tuple(judged(new.shown, now, now, earlier)))


def _tell(result: dict[str, Any]) -> None:
    lists = ("places", "links", "candidates", "suppressed", "remarks", "domain")
    say_facts({k: v for k, v in result.items() if k not in lists}, False)
    for remark in result["remarks"]:
        say(f"caution: {remark}")
    for name, place in result["places"].items():
        for reason in place["reasons"]:
            say(f"caution, {name}: {reason}")
    for link in result.get("links", []):
        parts = ", ".join(str(p) for p in link["parts"]) or "none"
        say(
            f"{link['name'] or 'no known lesion'}: {link['outcome']}, parts {parts}, confidence {link['confidence']}"
        )
    for c in result.get("candidates", []):
        say(
            f"candidate {c['name']}: {c['suggestion']}, probability {c['mean_probability']}, slice {c['key_slice']}"
        )
    for s in result.get("suppressed", []):
        say(f"not shown: {s['long_axis_mm']} mm, {s['reason']}")
