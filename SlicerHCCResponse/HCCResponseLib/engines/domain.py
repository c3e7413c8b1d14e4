"""The domain of a model: the scans that it was made for, as data in its card, and whether a scan is one of them.

A network marks something on every scan, also where it cannot know anything. Source of the fields: Mitchell et al.,
Model Cards for Model Reporting, 2019 (intended use, out of scope).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.engines.contract import Domain, EngineInfo
from HCCResponseLib.engines.environments import weights_at_hand
from HCCResponseLib.imaging.phase.phases import Phase, PhaseFinding


@dataclass(frozen=True)
class ScanFacts:
    """What of a scan decides whether a model was made for it.

    Attributes:
        liver_ml: of the liver that the model found; 0 where it found none, ``None`` where that is not asked.
        liver_hu: median attenuation of that liver; ``None`` without one.
    """

    phase: PhaseFinding
    slice_thickness_mm: float
    liver_ml: float | None = None
    liver_hu: float | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a scan lies in the domain of a model.

    Attributes:
        model: what is called so in the sentences.
        domain: ``None`` where the model states none.
        outside: why it lies outside, one sentence each; empty where it lies inside or nothing is stated.
        unsure: what could not be told.
    """

    model: str
    domain: Domain | None
    facts: ScanFacts
    outside: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """For a reader, one sentence each; empty where the scan is what the model was made for."""
        if self.domain is None:
            return (f"The {self.model} does not state which scans it was made for (domain not stated).",)
        if not self.outside:
            return self.unsure
        first = (
            f"Outside what the {self.model} was made for: look at every proposal; none is taken over unseen."
        )
        return (first, *self.outside, *self.unsure)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for provenance."""
        facts = self.facts
        return {
            "stated": self.domain is not None,
            "outside": list(self.outside),
            "words": list(self.words),
            "phase": facts.phase.phase.value,
            "phase_by": facts.phase.why,
            "slice_thickness_mm": round(facts.slice_thickness_mm, 3),
            "liver_ml": facts.liver_ml,
            "liver_hu": facts.liver_hu,
        }


def domain_of(info: EngineInfo, weights: Path | None) -> Domain | None:
    """The domain of the weights that an engine works with: by the card beside them, else as the engine states it.

    Args:
        weights: as asked for; ``None`` are the engine's own.

    Raises:
        ModelError: a card whose domain has an unknown, missing or impossible field.
    """
    weights = weights or weights_at_hand(info)
    card = (
        resource_path(info.card) if weights is None and info.card else weights and weights.with_suffix(".md")
    )
    stated = card_domain(card) if card and card.is_file() else None
    return stated or info.domain


@lru_cache(maxsize=16)
def card_domain(card: Path) -> Domain | None:
    """The domain in the YAML block of a model card; ``None`` where it states none. Raises as :func:`domain_of`."""
    # Environments of other engines read the contract without pydantic.
    from pydantic import TypeAdapter, ValidationError

    from HCCResponseLib.base.text import in_one_line

    parts = card.read_text(encoding="utf-8").split("---\n", 2)
    try:
        facts = yaml.safe_load(parts[1]) if len(parts) == 3 and not parts[0].strip() else None
        given = facts.get("domain") if isinstance(facts, Mapping) else None
        return None if given is None else TypeAdapter(Domain).validate_python(given)
    except ValidationError as problem:
        raise ModelError(f"Model card '{card}', domain: {in_one_line(problem, 'domain')}.") from problem
    except yaml.YAMLError as problem:
        raise ModelError(f"Model card '{card}' cannot be read as YAML.") from problem


def widened(domain: Domain, learned: tuple[ScanFacts, ...]) -> Domain:
    """The domain of a network that was adapted: that of its base, and the phases and slices of what it learned from."""
    phases = (*domain.phases, *(one.phase.phase for one in learned if one.phase.phase is not Phase.UNKNOWN))
    low, high = domain.slice_thickness_mm
    thick = [one.slice_thickness_mm for one in learned]
    return replace(
        domain,
        phases=tuple(dict.fromkeys(phases)),
        slice_thickness_mm=(min([low, *thick]), max([high, *thick])),
    )


def check_domain(model: str, domain: Domain | None, facts: ScanFacts) -> Verdict:
    """Whether a scan is one of those that a model was made for.

    Args:
        model: for the sentences, "network" or "engine nnunet".
    """
    if domain is None:
        return Verdict(model, None, facts)
    outside, unsure = [*_slices(model, domain, facts), *_liver(domain, facts)], []
    found, made = facts.phase, " or ".join(domain.phases)
    if domain.phases and found.phase is Phase.UNKNOWN:
        unsure.append(f"The contrast phase is not known ({found.why}); the {model} was made for {made} CT.")
    elif domain.phases and found.phase not in domain.phases:
        outside.insert(
            0, f"This CT is {found.phase.value} ({found.why}); the {model} was made for {made} CT."
        )
    return Verdict(model, domain, facts, tuple(outside), tuple(unsure))


def _slices(model: str, domain: Domain, facts: ScanFacts) -> list[str]:
    low, high = domain.slice_thickness_mm
    if low <= facts.slice_thickness_mm <= high:
        return []
    made = f"the {model} was made for {low:g} to {high:g} mm"
    return [f"The slices are {facts.slice_thickness_mm:g} mm thick; {made}."]


def _liver(domain: Domain, facts: ScanFacts) -> list[str]:
    if domain.liver_ml is None or facts.liver_ml is None:
        return []
    if not facts.liver_ml:
        return ["No liver was found: is this another part of the body?"]
    found = []
    low, high = domain.liver_ml
    if not low <= facts.liver_ml <= high:
        found.append(
            f"The liver that was found has {facts.liver_ml:.0f} mL; plausible are {low:.0f} to {high:.0f} mL: "
            "is it cut off, or another part of the body?"
        )
    low, high = domain.liver_hu or (-1e9, 1e9)
    if facts.liver_hu is not None and not low <= facts.liver_hu <= high:
        found.append(
            f"What was taken for the liver has {facts.liver_hu:.0f} HU; plausible are {low:.0f} to {high:.0f} HU."
        )
    return found
