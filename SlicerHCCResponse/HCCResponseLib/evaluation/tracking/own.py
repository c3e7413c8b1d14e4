"""The same pairs with the base network's own masks of liver and tumours, and its candidates."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.evaluation.tracking.cases import Truth, baseline_lesions, draw_case, truth_of
from HCCResponseLib.evaluation.tracking.run import OURS, PUBLISHED, nearest_centres
from HCCResponseLib.imaging.resample import resample
from HCCResponseLib.imaging.volumes import Region, Volume
from HCCResponseLib.lesions.label_maps import label_map
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import LinkSet
from HCCResponseLib.lesions.proposal import Suggestion
from HCCResponseLib.nets.model import Model
from HCCResponseLib.nets.segment import liver_and_tumour
from HCCResponseLib.track.identity.follow_up import link_parts
from HCCResponseLib.track.identity.matching import known_lesions
from HCCResponseLib.track.new_lesions.candidates import (
    BaselineEvidence,
    Candidates,
    Survey,
    agreement,
    find_candidates,
)
from HCCResponseLib.track.registration.register import Scan, register_scans

OWN_MASKS = "own masks"
_NEW_MM = 10.0


def run_own_masks(seed: int, base: Model) -> dict[str, Any]:
    """One pair; the baseline contours are the reader's (true), everything else is the network's."""
    subject = draw_case(seed)
    before, after = subject.visits
    started = time.process_time()
    first, second = (Survey(*liver_and_tumour(base, v.volume)) for v in (before, after))
    looked = time.process_time()
    lesions = baseline_lesions(subject)
    geometry, target = before.volume.geometry, after.volume.geometry
    drawn = label_map(list(lesions.values()), geometry.size) > 0
    spots = Region(second.tumour_mask, second.grid)
    found = register_scans(
        Scan(before.volume, first.region, Region(drawn, geometry)),
        Scan(after.volume, second.region, spots),
    )
    known = known_lesions(lesions, geometry, target, found)
    parts, links = link_parts("follow-up", _found(second, after.volume), known, target)
    truth = truth_of(subject, list(lesions), after, parts)
    linked = [parts[p - 1] for link in links.links if link.name for p in link.parts]
    taken = [*(k.place.lesion for k in known.values()), *linked]
    view = BaselineEvidence(first, found, agreement(first, geometry, drawn))
    shown = find_candidates("follow-up", after.volume, second, view, taken)
    present = [n for n in lesions if (after.labels == subject.names.index(n) + 1).any()]
    return {
        "arm": OWN_MASKS,
        "seed": seed,
        "base_sha256": base.sha256,
        "survey_cpu_s": round(looked - started, 1),
        "cpu_s": round(time.process_time() - looked, 1),
        "registration": found.quality.facts(),
        "truth": {
            "lesions": len(lesions),
            "present": len(present),
            "new": len(_new(subject.names, lesions, after.labels, target.voxel_volume_mm3)),
        },
        OURS: _identities(truth, links, present),
        PUBLISHED: _identities(truth, nearest_centres(known, parts, target), present),
        "candidates": _candidates(shown, subject.names, lesions, after.labels, target.voxel_volume_mm3),
    }


def _found(view: Survey, image: Volume) -> Mask:
    spots = np.where(view.liver_mask, view.tumour, 0).astype(np.float32)
    return np.asarray(resample(spots, view.grid, image.geometry, fill=0) > 0.5)


def _identities(truth: Truth, links: LinkSet, present: Sequence[str]) -> dict[str, Any]:
    """Of the lesions that are still there: seen by the network, and linked to exactly what was seen of them."""
    of = {link.name: frozenset(link.parts) for link in links.links if link.name is not None}
    seen = [n for n in present if truth.parts_of[n]]
    gone = [n for n in truth.parts_of if n not in present]
    right = [n for n in seen if of[n] == truth.parts_of[n]]
    return {
        "seen": [len(seen), len(present)],
        "identity": [len(right) + sum(not of[n] for n in gone), len(seen) + len(gone)],
        "wrong": [
            f"{n}: {sorted(of[n])} for {sorted(truth.parts_of[n])}"
            for n in [*seen, *gone]
            if of[n] != truth.parts_of[n]
        ],
    }


def _new(
    names: Sequence[str], known: Mapping[str, Lesion], labels: npt.NDArray[np.uint8], voxel_mm3: float
) -> list[int]:
    """Label values of true new lesions of at least the volume of a 10 mm sphere."""
    least = np.pi / 6 * _NEW_MM**3 / voxel_mm3
    return [
        v for v, n in enumerate(names, start=1) if n not in known and int((labels == v).sum()) >= 0.7 * least
    ]


def _candidates(
    shown: Candidates,
    names: Sequence[str],
    known: Mapping[str, Lesion],
    labels: npt.NDArray[np.uint8],
    voxel_mm3: float,
) -> dict[str, Any]:
    true = set(_new(names, known, labels, voxel_mm3))
    small = {v for v, n in enumerate(names, start=1) if n not in known} - true
    hits: set[int] = set()
    false = suggested = 0
    why = []
    for row in shown.shown:
        assert row.contour is not None
        inside = {int(v) for v in np.unique(row.contour.values(labels)) if v}
        hits |= inside & true
        if not inside & (true | small):
            false += 1
            suggested += row.suggestion is Suggestion.NEW
            on = [names[v - 1] for v in inside]
            why.append(f"{row.suggestion}: {', '.join(on) or 'no lesion'}, {row.evidence}")
    return {
        "new": [len(hits), len(true), false],
        "false_suggested_new": suggested,
        "shown": len(shown.shown),
        "suppressed": [s.reason for s in shown.suppressed],
        "false": why,
    }
