"""Proposals outside the domain of what made them: said with the visit and on each row, and never taken over unseen."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from HCCResponseLib.engines.contract import Domain
from HCCResponseLib.engines.domain import ScanFacts, Verdict, check_domain, domain_of, widened
from HCCResponseLib.imaging.phase.estimate import phase_of
from HCCResponseLib.imaging.volumes import Region, Volume
from HCCResponseLib.lesions.proposal import OUTSIDE_DOMAIN, Proposal, ProposalKind, Suggestion
from HCCResponseLib.pipeline.engines import engine_named
from HCCResponseLib.pipeline.request import OURS, Options

# Voxels of the liver that its attenuation is taken from.
_SAMPLES = 20_000


def survey_domain(options: Options) -> Domain | None:
    """The domain of the engine that looks at whole scans. Raises ``ModelError`` for a card that cannot be read."""
    return domain_of(engine_named(options.engine), options.looks_with())


def scan_facts(image: Volume, said: str | None, liver: Region | None = None) -> ScanFacts:
    """What of a scan decides on the domain; about 1 s.

    Args:
        said: the contrast phase by the study file.
        liver: as the engine found it; ``None`` where it is not asked.
    """
    grid = image.geometry
    phase = phase_of(image, said)
    thickness = grid.slice_thickness_mm or grid.spacing[grid.slice_axis]
    if liver is None:
        return ScanFacts(phase, thickness)
    volume = float(liver.mask.sum()) * liver.geometry.voxel_volume_mm3 / 1000
    return ScanFacts(phase, thickness, round(volume, 1), _median_hu(image, liver))


def _median_hu(image: Volume, liver: Region) -> float | None:
    places = np.argwhere(liver.mask)
    some = places[:: max(1, len(places) // _SAMPLES)]
    index = np.rint(image.geometry.lps_to_index(liver.geometry.index_to_lps(some))).astype(int)
    inside = index[((index >= 0) & (index < image.geometry.size)).all(axis=1)]
    return round(float(np.median(image.hu[tuple(inside.T)])), 1) if len(inside) else None


def judge(engine: str, weights: Path | None, facts: ScanFacts) -> Verdict:
    """Whether a scan lies in the domain of an engine with these weights (``None``: its own)."""
    model = "network" if engine == OURS else f"engine {engine}"
    return check_domain(model, domain_of(engine_named(engine), weights), facts)


def judge_survey(options: Options, facts: ScanFacts) -> Verdict:
    """Whether a scan lies in the domain of the engine that has looked at all of it."""
    return judge(options.engine, options.looks_with(), facts)


def judge_adapted(base: Path | None, learned: Iterable[ScanFacts], facts: ScanFacts) -> Verdict:
    """Whether a scan lies in the domain of a network that was adapted to this patient.

    Args:
        base: weights that it was adapted from; ``None``: the shipped ones.
        learned: the visits whose contours it has learned from.
    """
    stated = domain_of(engine_named(OURS), base)
    domain = widened(stated, tuple(learned)) if stated else None
    return check_domain("adapted network", domain, replace(facts, liver_ml=None, liver_hu=None))


def marked(proposals: Iterable[Proposal], verdict: Verdict) -> list[Proposal]:
    """The proposals with the reasons why they lie outside; a candidate out there is never suggested as new."""
    if not verdict.outside:
        return list(proposals)
    why = " ".join(verdict.outside)
    return [
        replace(
            row,
            evidence={**row.evidence, OUTSIDE_DOMAIN: why},
            suggestion=Suggestion.EQUIVOCAL if row.suggestion else None,
        )
        for row in proposals
    ]


def judged(proposals: Iterable[Proposal], known: Verdict, survey: Verdict, before: Verdict) -> list[Proposal]:
    """A follow-up's proposals, each marked by the verdict on what proposed it.

    Args:
        known: on the adapted network, which contours known lesions.
        survey: on the engine that looks for new ones; ``before``: the same at the baseline. Nothing is suggested as
            new where it could not judge the baseline.
    """
    rows = list(proposals)
    lesions = marked((r for r in rows if r.kind is ProposalKind.LESION), known)
    candidates = marked((r for r in rows if r.kind is ProposalKind.CANDIDATE), survey)
    if before.outside:
        candidates = [replace(row, suggestion=Suggestion.EQUIVOCAL) for row in candidates]
    return [*lesions, *candidates]
