"""One pair of the benchmark of lesion identities: registered, linked by us and in the published way, compared."""

import resource
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from HCCResponseLib.evaluation.tracking.cases import Truth, baseline_lesions, draw_case, truth_of
from HCCResponseLib.evaluation.tracking.errors import true_error_mm
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import Region
from HCCResponseLib.lesions.label_maps import label_map
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.links import Link, LinkKind, LinkSet
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.synth.course import CourseSubject, CourseVisit
from HCCResponseLib.track.identity.follow_up import link_parts
from HCCResponseLib.track.identity.matching import KnownLesion, known_lesions
from HCCResponseLib.track.registration.register import Registration, Scan, register_scans

OURS, PUBLISHED = "global assignment", "nearest within 30 mm"
_PUBLISHED_REACH_MM = 30.0
_NEW_MM = 10.0
_SHOWN_MM = 8.0


def run_true_masks(seed: int) -> dict[str, Any]:
    """One pair with true masks of liver and tumours: one flat record of plain values."""
    subject = draw_case(seed)
    before, after = subject.visits
    geometry = before.volume.geometry
    lesions = baseline_lesions(subject)
    drawn = Region(label_map(list(lesions.values()), geometry.size) > 0, geometry)
    started = (time.monotonic(), time.process_time())
    found = register_scans(
        Scan(before.volume, Region(before.liver, geometry), drawn),
        Scan(after.volume, Region(after.liver, after.volume.geometry)),
    )
    spent = {"wall_s": time.monotonic() - started[0], "cpu_s": time.process_time() - started[1]}
    known = known_lesions(lesions, geometry, after.volume.geometry, found)
    parts, links = link_parts("follow-up", after.labels > 0, known, after.volume.geometry)
    truth = truth_of(subject, list(lesions), after, parts)
    nearest = nearest_centres(known, parts, after.volume.geometry)
    return {
        "arm": "true masks",
        "seed": seed,
        **{key: round(value, 2) for key, value in spent.items()},
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        **_registration(found, after),
        "truth": _asked(subject, truth),
        OURS: _score(truth, links, parts, after.volume.geometry),
        PUBLISHED: _score(truth, nearest, parts, after.volume.geometry),
    }


def _registration(found: Registration, after: CourseVisit) -> dict[str, Any]:
    """Quality figures, and how far liver points land from where they truly were."""
    geometry = after.volume.geometry
    points = geometry.index_to_lps(np.argwhere(after.liver)[::1499])
    off = true_error_mm(found, after, points)
    places = [found.place(point) for point in points]
    trusted = np.array([one.trustworthy for one in places])
    return {
        "registration": found.quality.facts(),
        "error_mm": [round(float(v), 2) for v in np.percentile(off, (50, 95, 100))],
        "off_10_mm": [int((off > 10).sum()), int(((off > 10) & trusted).sum()), int(trusted.sum()), len(off)],
        "off_mm": [round(float(v), 2) for v in off],
        "said_mm": [None if one.error_mm is None else round(one.error_mm, 2) for one in places],
        "breathing_mm": round(after.motion.liver_mm[2], 1),
        "liver_scale": round(after.motion.liver_scale, 3),
    }


def _asked(subject: CourseSubject, truth: Truth) -> dict[str, Any]:
    return {
        "lesions": len(truth.parts_of),
        "parts": len(truth.names_of),
        "split": len(truth.split),
        "merged": len(truth.merged),
        "gone": sum(not mine for mine in truth.parts_of.values()),
        "new": sum(mm >= _NEW_MM for mm in truth.new_mm.values()),
        "courses": {name: course.value for name, course in subject.courses.items()},
    }


def _score(truth: Truth, links: LinkSet, parts: Sequence[Lesion], geometry: Geometry) -> dict[str, Any]:
    """Right and asked for each kind; what may be new and is not."""
    of = {link.name: link for link in links.links if link.name is not None}
    right = {name: frozenset(of[name].parts) == mine for name, mine in truth.parts_of.items()}
    gone = [name for name, mine in truth.parts_of.items() if not mine]
    said_gone = (LinkKind.VANISHED, LinkKind.OUT_OF_VIEW)
    loose = {
        link.parts[0]
        for link in links.new()
        if measure_lesion(parts[link.parts[0] - 1], geometry).long_axis.length_raw_mm >= _SHOWN_MM
    }
    new = {number for number, mm in truth.new_mm.items() if mm >= _NEW_MM}
    return {
        "identity": [sum(right.values()), len(right)],
        "split": [
            sum(right[n] and of[n].outcome is not LinkKind.MATCHED for n in truth.split),
            len(truth.split),
        ],
        "merged": [
            sum(right[n] and of[n].outcome is LinkKind.MERGED for n in truth.merged),
            len(truth.merged),
        ],
        "gone": [sum(right[n] and of[n].outcome in said_gone for n in gone), len(gone)],
        "gone_wrongly": [
            sum(of[n].outcome is LinkKind.VANISHED for n in right if n not in gone),
            len(right) - len(gone),
        ],
        "simple": [
            sum(right[n] for n in right if n not in truth.split | truth.merged),
            sum(n not in truth.split | truth.merged for n in right),
        ],
        "new": [len(new & loose), len(new), len(loose - truth.new_mm.keys())],
        "wrong": [
            f"{n}: {sorted(of[n].parts)} for {sorted(truth.parts_of[n])}" for n in right if not right[n]
        ],
    }


def nearest_centres(known: Mapping[str, KnownLesion], parts: Sequence[Lesion], geometry: Geometry) -> LinkSet:
    """The published way: greedily the nearest registered centre within 30 mm, one lesion for one part."""
    centres = {n: geometry.index_to_lps(k.place.lesion.centre) for n, k in known.items() if k.place}
    there = [geometry.index_to_lps(part.centre) for part in parts]
    pairs = sorted(
        (float(np.linalg.norm(here - part)), name, number)
        for name, here in centres.items()
        for number, part in enumerate(there, start=1)
    )
    taken: dict[str, int] = {}
    for distance, name, number in pairs:
        if distance <= _PUBLISHED_REACH_MM and name not in taken and number not in taken.values():
            taken[name] = number
    links = [
        Link(n, (taken[n],), LinkKind.MATCHED, 1.0) if n in taken else Link(n, (), LinkKind.VANISHED, 1.0)
        for n in known
    ]
    loose = [j for j in range(1, len(parts) + 1) if j not in taken.values()]
    return LinkSet("", (*links, *(Link(None, (j,), LinkKind.NEW, 1.0) for j in loose)))
