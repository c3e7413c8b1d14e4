"""One pair and one method: contour the follow-up as the product does, and compare with the truth."""

import contextlib
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from HCCResponseLib.adapt.copies import cut_surroundings
from HCCResponseLib.adapt.idol import adapt
from HCCResponseLib.adapt.recipe import Recipe
from HCCResponseLib.base.arrays import Float32
from HCCResponseLib.base.jobs import Report, peak_memory_mib
from HCCResponseLib.evaluation.adaptation.lines import ask_about, contours_by_lines
from HCCResponseLib.evaluation.adaptation.methods import Method
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.resample import resample
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.label_maps import lesions_of
from HCCResponseLib.lesions.lesion import Lesion, union
from HCCResponseLib.lesions.warped import WarpedContour
from HCCResponseLib.measure import LesionMeasurement, as_candidate, measure_lesion
from HCCResponseLib.nets.inputs import network_input
from HCCResponseLib.nets.model import Model, load_adapted, save_adapted
from HCCResponseLib.nets.prompts.network import PromptModel
from HCCResponseLib.nets.prompts.place import cube
from HCCResponseLib.nets.segment import PLAIN, WINDOW, known_probability
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.read import evaluate_read
from HCCResponseLib.response.timepoint.selection import select_targets
from HCCResponseLib.response.types import LesionFinding, LesionRole, LesionState, TimePointFindings
from HCCResponseLib.synth.subject import SyntheticSubject
from HCCResponseLib.track.identity.components import carry_identities
from HCCResponseLib.track.identity.presence import HealthyLiver
from HCCResponseLib.track.identity.second_look import Ask, look_again, with_drawn
from HCCResponseLib.track.registration.register import carry_contours, register

_ORGAN = "liver"
_NO_ADAPTATION: dict[str, Any] = {
    "steps": 0,
    "best_step": 0,
    "work": 0.0,
    "held_out_dice": [],
    "adapt_s": 0.0,
    "peak_mib": 0,
}


@dataclass(frozen=True)
class PreparedPair:
    """A pair with everything that all methods share.

    Attributes:
        subject: both visits with truth.
        before, truth: each followed lesion's true contour at baseline and at follow-up (``None`` once gone).
        carried: its registered baseline contour on the follow-up's grid.
        registration_s: seconds that the registration took.
    """

    subject: SyntheticSubject
    before: Mapping[str, Lesion]
    truth: Mapping[str, Lesion | None]
    carried: Mapping[str, WarpedContour]
    registration_s: float


def prepare(subject: SyntheticSubject) -> PreparedPair:
    """Register the pair and carry the accepted contours over."""
    first, second = subject.timepoints
    followed = [t for t in subject.lesions if t.diameters_mm[0]]
    drawn, later = lesions_of(first.lesions.labels), lesions_of(second.lesions.labels)
    before = {t.lesion_id: drawn[t.label] for t in followed}
    truth = {t.lesion_id: later.get(t.label) for t in followed}
    started = time.monotonic()
    found = register(first.volume, second.volume, first.lesions.labels > 0)
    carried = carry_contours(before, first.volume.geometry, second.volume.geometry, found)
    seconds = time.monotonic() - started
    return PreparedPair(subject, before, truth, carried, seconds)


def evaluate(
    pair: PreparedPair,
    method: Method,
    base: Model,
    seed: int,
    report: Report,
    kept: Path,
    prompts: PromptModel | None = None,
) -> tuple[dict[str, Any], dict[str, Lesion | None]]:
    """Adapt where the method says so, contour the follow-up, and compare.

    Args:
        kept: where the adapted network is kept, or taken from if it is there; recipe and base model go into the name
            too, so that another way to use it costs no second adaptation.
        prompts: the prompt network, for a method that works with it.

    Returns:
        one flat record of plain values, and each lesion's contour.
    """
    image = pair.subject.timepoints[1].volume
    model, facts = base, dict(_NO_ADAPTATION)
    if method.recipe is not None:
        model = _adapted(pair, method.recipe, base, seed, report, kept)
        facts = {k: model.notes[k] for k in _NO_ADAPTATION}
    started = time.monotonic()
    _reset_peak()
    if method.line and prompts is not None:
        contours = contours_by_lines(prompts, image, pair.truth, seed)
    else:
        ask = ask_about(prompts, image) if method.second_look and prompts is not None else None
        contours = _contour(pair, method, image, model, ask)
    seconds = time.monotonic() - started
    facts["peak_mib"] = max(facts["peak_mib"] or 0, round(peak_memory_mib() or 0)) or None
    seconds_of = {"contour_s": round(seconds, 2), "registration_s": round(pair.registration_s, 2)}
    return {**compare(pair, contours), **seconds_of, **facts}, contours


def _adapted(pair: PreparedPair, recipe: Recipe, base: Model, seed: int, report: Report, kept: Path) -> Model:
    """The adapted model of one pair, with its steps, seconds and memory in the notes."""
    plain = asdict(recipe)
    key = hashlib.sha256(json.dumps([plain, base.sha256, seed], sort_keys=True).encode()).hexdigest()[:12]
    file = kept.with_name(f"{kept.name}-{recipe.name}-{key}.safetensors")
    if not file.is_file():
        # As a reader who makes no mistake would have accepted it.
        first = pair.subject.timepoints[0]
        cases = cut_surroundings(first.volume, first.lesions, base.grid, recipe)
        _reset_peak()
        started = time.monotonic()
        unseen = _follow_up_inputs(pair, base) if recipe.keep_certain else []
        done = adapt(base.network, cases, recipe, seed, report, unseen=unseen)
        notes = {
            "recipe": plain,
            "steps": done.steps,
            "best_step": done.best_step,
            "held_out_dice": list(done.held_out_dice),
            "adapt_s": round(time.monotonic() - started, 2),
            "peak_mib": round(peak_memory_mib() or 0) or None,
            # Whatever makes a step cheaper than the number of its voxels does not count.
            "work": round(done.steps * (recipe.patch / 64) ** 3, 2),
        }
        save_adapted(file, done.network, base, notes)
    return load_adapted(file, base)


def _follow_up_inputs(pair: PreparedPair, base: Model) -> list[Float32]:
    """What the network will see of the follow-up: one window about each carried contour, without a prior."""
    image = pair.subject.timepoints[1].volume
    found = []
    for contour in pair.carried.values():
        if contour.lesion:
            box = contour.lesion.box
            side = max(base.grid.of_lesion(box, image.geometry.spacing))
            middle = [(s.start + s.stop - 1) / 2 for s in box]
            x, y, z = image.geometry.index_to_lps(middle).tolist()
            grid = cube(image.geometry, (x, y, z), WINDOW * side, WINDOW)
            found.append(network_input(resample(image.hu, image.geometry, grid), None))
    return found


def _reset_peak() -> None:
    """Let the kernel count this process's peak memory anew (Linux; elsewhere the peak is of the whole run)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _contour(
    pair: PreparedPair, method: Method, image: Volume, model: Model, ask: Ask | None
) -> dict[str, Lesion | None]:
    """Each followed lesion's contour by the path that every method shares."""
    inference = replace(PLAIN, flips=method.flips)
    places = {n: c.lesion for n, c in pair.carried.items()}
    probability = known_probability(image, model, places, method.prior, inference)
    drawn = np.asarray(probability > method.tumour_from)
    found = carry_identities(drawn, pair.carried, image.geometry.spacing)
    liver = np.asarray(pair.subject.timepoints[1].liver, bool)
    lesions = [one for one in (*places.values(), *found.values()) if one]
    healthy = HealthyLiver.of(image, liver, lesions)
    if healthy is None:
        return found
    if ask and (seen := look_again(drawn, places, healthy, image.geometry, ask)):
        drawn = with_drawn(drawn, seen.values())
        found = carry_identities(drawn, pair.carried, image.geometry.spacing)
    # As track/identity/rows.py does with what a network draws in healthy liver.
    return {n: None if c is not None and healthy.is_only_liver(places[n], c) else c for n, c in found.items()}


def compare(pair: PreparedPair, contours: Mapping[str, Lesion | None]) -> dict[str, Any]:
    """Contours beside the truth: Dice of all followed lesions together and of each, mm, mL, category.

    Args:
        contours: of each followed lesion on the follow-up's grid; ``None`` where nothing was found.
    """
    first, second = (t.volume.geometry for t in pair.subject.timepoints)
    fate = {t.lesion_id: t.fate.value for t in pair.subject.lesions}
    lesions, before, true_after, found_after = [], {}, {}, {}
    for name, drawn in pair.before.items():
        before[name] = measure_lesion(drawn, first)
        true_after[name] = _measured(pair.truth[name], second)
        found_after[name] = _measured(contours.get(name), second)
        lesions.append(
            {
                "lesion": name,
                "fate": fate[name],
                "dsc": dice(contours.get(name), pair.truth[name]),
                "baseline_mm": before[name].long_axis.length_raw_mm,
                "true_mm": _long(true_after[name]),
                "found_mm": _long(found_after[name]),
                "true_ml": _volume(true_after[name]),
                "found_ml": _volume(found_after[name]),
            }
        )
    dates = pair.subject.dates
    return {
        "dsc": dice(_union(contours), _union(pair.truth)),
        "lesions": lesions,
        "true_category": category_between(before, true_after, dates),
        "found_category": category_between(before, found_after, dates),
    }


def category_between(
    before: Mapping[str, LesionMeasurement],
    after: Mapping[str, LesionMeasurement | None],
    dates: tuple[date, date],
) -> str | None:
    """RECIST 1.1 response at the second visit by the rules of a read; ``None`` where they ask a reader first.

    Args:
        before: measurement of each followed lesion at baseline.
        after: the same at follow-up, ``None`` for a lesion that is gone.
    """
    profile = load_profile("recist-1.1")
    chosen = select_targets([as_candidate(m, n, _ORGAN) for n, m in before.items()], profile).selected
    role = {n: LesionRole.TARGET if n in chosen else LesionRole.NON_TARGET for n in before}
    visits = [
        TimePointFindings(name, day, tuple(_finding(n, found.get(n), role[n]) for n in before))
        for name, day, found in zip(("baseline", "follow-up"), dates, (before, after), strict=True)
    ]
    overall = evaluate_read(visits, profile).latest.overall
    return None if overall is None else overall.value


def _finding(name: str, found: LesionMeasurement | None, role: LesionRole) -> LesionFinding:
    if found is None:
        return LesionFinding(name, _ORGAN, False, role, LesionState.DISAPPEARED)
    short = found.short_axis.length_mm if found.short_axis else None
    return LesionFinding(name, _ORGAN, False, role, LesionState.MEASURED, found.long_axis.length_mm, short)


def _measured(contour: Lesion | None, geometry: Geometry) -> LesionMeasurement | None:
    return None if contour is None else measure_lesion(contour, geometry)


def _long(found: LesionMeasurement | None) -> float:
    return 0.0 if found is None else round(found.long_axis.length_raw_mm, 3)


def _volume(found: LesionMeasurement | None) -> float:
    return 0.0 if found is None else round(found.volume_mm3 / 1000, 4)


def _union(contours: Mapping[str, Lesion | None]) -> Lesion | None:
    present = [one for one in contours.values() if one is not None]
    return union(present) if present else None


def dice(found: Lesion | None, truth: Lesion | None) -> float | None:
    """Dice coefficient of two contours on one grid, 0 to 1; ``None`` when both are empty."""
    if found is None and truth is None:
        return None
    if found is None or truth is None:
        return 0.0
    return round(float(2 * found.overlap(truth) / (found.count + truth.count)), 4)
