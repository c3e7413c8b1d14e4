"""``hcc-response track``: where the lesions of one visit are at another, and what may be new."""

from __future__ import annotations

from dataclasses import dataclass
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
from HCCResponseLib.cli.steps import ContourArgument, ImageArgument

if TYPE_CHECKING:
    from HCCResponseLib.imaging.volumes import LabelMap, Volume
    from HCCResponseLib.lesions.lesion import Lesion
    from HCCResponseLib.lesions.links import LinkSet
    from HCCResponseLib.track.new_lesions.candidates import Candidates, Survey
    from HCCResponseLib.track.registration.register import Registration

LiverOption = Annotated[Path | None, typer.Option(help="Liver label map on the same grid, if there is one.")]


def track(
    baseline: ImageArgument,
    contour: ContourArgument,
    follow_up: Annotated[Path, typer.Argument(help="CT of the later (or any other) visit.")],
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
        bool, typer.Option("--candidates", help="Let the base network look for liver and tumours.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="HTML file to write, with pictures.")] = None,
    model: ModelOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Register two visits, carry contours over, link lesions, list candidates; nothing carried is measured."""
    with errors_as_one_line():
        given = (baseline, contour, follow_up, follow_up_contour, liver, follow_up_liver)
        for path in given:
            require_there(path)
        pair = _read(*given)
        views = _look(pair, model) if candidates else None
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


def _read(
    baseline: Path, contour: Path, follow_up: Path, now: Path | None, liver: Path | None, later: Path | None
) -> _Pair:
    from HCCResponseLib.imaging.read import read_label_map, read_volume
    from HCCResponseLib.imaging.volumes import require_same_grid

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


def _look(pair: _Pair, model: Path | None) -> tuple[Survey, Survey]:
    from HCCResponseLib.nets.model import load_model
    from HCCResponseLib.nets.segment import liver_and_tumour
    from HCCResponseLib.track.new_lesions.candidates import Survey

    network = load_model(model)
    with progress_bar() as bar:
        bar.add_task("Looking at both livers", total=None)
        first, second = (Survey(*liver_and_tumour(network, v)) for v in (pair.before, pair.after))
    return first, second


def _register(pair: _Pair, views: tuple[Survey, Survey] | None, seed: int) -> Registration:
    from HCCResponseLib.imaging.volumes import Region
    from HCCResponseLib.track.registration.child import ChildRegistrar
    from HCCResponseLib.track.registration.register import Scan

    drawn = (*pair.livers, pair.drawn, pair.now)
    *livers, before, after = (None if m is None else Region(m.labels > 0, m.geometry) for m in drawn)
    if views is not None:
        livers = [given or view.region for given, view in zip(livers, views, strict=True)]
    scans = Scan(pair.before, livers[0], before), Scan(pair.after, livers[1], after)
    with job_progress("Registering") as report:
        return ChildRegistrar(report)(*scans, seed)


def _answer(
    pair: _Pair, views: tuple[Survey, Survey] | None, found: Registration, output: Path, report: Path | None
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
    result["places"] = {
        n: {
            "trustworthy": k.trust.trustworthy,
            "reasons": list(k.trust.reasons),
            "error_mm": None if k.trust.error_mm is None else round(k.trust.error_mm, 1),
        }
        for n, k in known.items()
    }
    if links is not None:
        result["links"] = links_to_json(links)["links"]
    new = None
    if views is not None:
        new = _candidates(pair, views, found, [*parts, *places])
        result["candidates"] = [
            {"name": c.name, "suggestion": c.suggestion and c.suggestion.value, **c.evidence}
            for c in new.shown
        ]
        result["suppressed"] = [s.as_dict() for s in new.suppressed]
    if report is not None:
        content = TrackedPair(pair.before, pair.after, lesions, known, parts, links, new, found)
        write_tracking(report, content)
        result["report"] = str(report.resolve())
    return result


def _candidates(
    pair: _Pair, views: tuple[Survey, Survey], found: Registration, known: list[Lesion]
) -> Candidates:
    from HCCResponseLib.track.new_lesions.candidates import BaselineEvidence, agreement, find_candidates

    agreed = agreement(views[0], pair.before.geometry, pair.drawn.labels > 0)
    before = BaselineEvidence(views[0], found, agreed)
    return find_candidates("follow-up", pair.after, views[1], before, known)


def _tell(result: dict[str, Any]) -> None:
    lists = ("places", "links", "candidates", "suppressed", "remarks")
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
