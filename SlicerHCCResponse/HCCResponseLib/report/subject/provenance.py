"""How the proposals of a time point were made: in sentences, and every figure for whoever wants it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from HCCResponseLib.review.read.state import ReadState

_PLAIN_NAMES = {"trustworthy": "checks for gross faults passed"}


@dataclass(frozen=True)
class Provenance:
    """Of one time point: its name, sentences, and all figures as (name, value)."""

    point: str
    sentences: tuple[str, ...]
    figures: tuple[tuple[str, str], ...]


def provenance(state: ReadState) -> tuple[Provenance, ...]:
    """All time points for which proposals were made."""
    drawn_by = {
        p.name: p.contour.drawn_by for p in (state.study.timepoints if state.study else ()) if p.contour
    }
    return tuple(
        Provenance(name, tuple(_sentences(facts, drawn_by.get(name))), tuple(_figures(facts)))
        for name, facts in state.provenance.items()
    )


def _sentences(facts: Mapping[str, Any], drawn_by: str | None) -> Iterator[str]:
    if "contour" in facts:
        yield f"The contours came with the study, drawn by {drawn_by or 'a reader'}."
    thickness = facts.get("image", {}).get("slice_thickness_mm")
    if "image" in facts:
        yield f"Slice thickness: {f'{thickness:g} mm' if thickness else 'not stated in the image file'}."
    if facts.get("survey"):
        yield _survey(facts["survey"])
    if facts.get("adaptation"):
        yield from _adaptation(facts["adaptation"])
    if facts.get("registration"):
        yield _registration(facts["registration"])
    yield from _spots(facts.get("suppressed", []))
    if facts.get("base_model_sha256"):
        yield f"Base network: SHA-256 {facts['base_model_sha256'][:12]}…"


def _survey(facts: Mapping[str, Any]) -> str:
    names = ", ".join(path.replace("\\", "/").rsplit("/", 1)[-1] for path in facts.get("weights", {}))
    weights = f" with the weights {names}" if names else ""
    spent = f" in {facts['seconds']:.0f} s" if facts.get("seconds") else ""
    where = f" on {str(facts['device']).upper()}" if facts.get("device") else ""
    engine = facts.get("engine", "of the user")
    return f"Searched for tumours by the engine {engine}{weights}{spent}{where}{_from_cache(facts)}."


def _from_cache(facts: Mapping[str, Any]) -> str:
    """That a result is one of an earlier run with the same image and weights, and of when."""
    if not facts.get("from_cache"):
        return ""
    return f"; taken from the cache, computed on {str(facts.get('computed_at', '?'))[:16].replace('T', ' ')}"


def _adaptation(facts: Mapping[str, Any]) -> Iterator[str]:
    recipe, visits = facts.get("recipe", {}), facts.get("visits", 1)
    name = recipe.get("name", "?") if isinstance(recipe, dict) else recipe
    count = "one accepted visit" if visits == 1 else f"{visits} accepted visits"
    yield (
        f"The network was adapted to this patient from {count} (recipe '{name}', {facts.get('steps', '?')} steps, "
        f"{facts.get('device', 'device not noted')}){_from_cache(facts)}."
    )
    if len(facts.get("held_out_dice", [])) == 2:
        before, after = facts["held_out_dice"]
        yield f"On copies of that visit kept apart, its overlap (Dice) was {before:.2f} before and {after:.2f} after."


def _registration(facts: Mapping[str, Any]) -> str:
    said = [
        f"{words} {facts[key]:{form}}{unit}"
        for key, words, form, unit in (
            ("liver_overlap", "overlap of the livers (Dice)", ".2f", ""),
            ("body_similarity", "similarity of the bodies", ".2f", ""),
            ("cycle_error_mm", "error there and back", ".1f", " mm"),
        )
        if isinstance(facts.get(key), int | float)
    ]
    passed = "checks for gross faults passed" if facts.get("trustworthy") else "NOT to be trusted here"
    return f"Registration to baseline: {', '.join([passed, *said])}."


def _spots(spots: list[Mapping[str, Any]]) -> Iterator[str]:
    """Spots of the base network that are no candidates, counted by reason."""
    if spots:
        kinds = Counter(str(spot["reason"]) for spot in spots)
        why = "; ".join(f"{count} because: {reason}" for reason, count in kinds.most_common())
        yield f"{len(spots)} spot{'' if len(spots) == 1 else 's'} of the network not shown as candidates: {why}."


def _figures(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _flat({k: v for k, v in facts.items() if k != "suppressed"})
    for s in facts.get("suppressed", []):
        where = f"{s['long_axis_mm']} mm at {s['evidence'].get('place_lps')}"
        yield "not shown as a candidate", f"{where}: {s['reason']}"


def _flat(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in facts.items():
        if key in ("time_point", "local"):
            continue
        name = f"{prefix}{_PLAIN_NAMES.get(key, key.replace('_', ' '))}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}: ")
        else:
            yield name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
