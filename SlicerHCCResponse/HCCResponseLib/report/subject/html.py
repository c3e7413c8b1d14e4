"""The report: one self-contained HTML file with table, sums, trace, key slices and provenance."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jinja2

from HCCResponseLib import __version__
from HCCResponseLib.base.files import write_text
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.imaging.volumes import SOFT_TISSUE_WINDOW
from HCCResponseLib.lesions.proposal import (
    OUTSIDE_WORDS,
    UNSEEN_ERRORS,
    domain_words,
    place_words,
)
from HCCResponseLib.report.subject.figures import SUM_TITLES, Images, draw_sums
from HCCResponseLib.report.subject.pictures import decided, lesion_cards
from HCCResponseLib.report.subject.side_by_side import levels
from HCCResponseLib.response.numbers import tenths
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import LesionState, ReadEvaluation
from HCCResponseLib.review.read.category import missing, roles
from HCCResponseLib.review.read.changes import Change
from HCCResponseLib.review.read.lifecycle import points, stage
from HCCResponseLib.review.read.new_lesions import histories
from HCCResponseLib.review.read.parallel import parallel_readings
from HCCResponseLib.review.read.state import ReadState, Row, RowStatus

_DOUBTFUL = 0.7
_PLAIN_NAMES = {"trustworthy": "checks for gross faults passed"}
_STATE_WORDS = {
    LesionState.DISAPPEARED: "disappeared (0 mm)",
    LesionState.TOO_SMALL: "too small to measure",
    LesionState.NOT_EVALUABLE: "not evaluable",
    LesionState.NOT_IMAGED: "not imaged",
}


def write_report(
    path: Path,
    state: ReadState,
    profile: Profile,
    evaluation: ReadEvaluation | None,
    images: Images,
    changed: Sequence[Change] = (),
) -> None:
    """Write the report. Without an evaluation it shows the proposals and what is still missing, and no category.

    Args:
        images: gives the image of a time point by name.
        changed: what the reader changed after deciding, see :func:`HCCResponseLib.review.read.changes.changes`.

    Raises:
        StorageError: the file cannot be written.
    """
    assert state.study is not None
    role_of = roles(state, profile)
    values = {
        "study": state.study,
        "profile": profile,
        "evaluation": evaluation,
        "points": evaluation.time_points if evaluation else (),
        "parallel": [one.words for one in parallel_readings(state, profile)] if evaluation else [],
        "gaps": missing(state),
        "reviewed": state.reviewed(),
        "readers": state.readers(),
        "table": _table(state, profile, {n: r.value for n, (r, _) in role_of.items()}),
        "conventions": _conventions(state),
        "sum_title": SUM_TITLES[profile.unit],
        "candidates": _candidates(state),
        "plot": draw_sums(evaluation.time_points, profile) if evaluation else None,
        "cards": lesion_cards(state, images),
        "levels": levels(state, images),
        "new_lesions": _new_lesions(state, profile),
        "cautions": _cautions(state, profile),
        "stages": [(n, stage(state, n).value) for n in points(state)],
        "signatures": state.signatures,
        "changes": changed,
        "version_of_read": state.locks.version,
        "provenance": _provenance(state),
        "window": f"{SOFT_TISSUE_WINDOW[0]:g} to {SOFT_TISSUE_WINDOW[1]:g} HU",
        "version": __version__,
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    write_text(path, page("report.html.j2", values))


def page(template: str, values: dict[str, Any]) -> str:
    """A page from a template in Resources/Report; every text in it is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource_path("Report")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(amount=_amount, change=_change)
    return environment.get_template(template).render(values)


def _amount(value: Decimal | None, unit: str) -> str:
    return "-" if value is None else f"{tenths(value)} {unit}"


def _change(absolute: Decimal | None, percent: Decimal | None, unit: str) -> str:
    if absolute is None:
        return "-"
    return f"{tenths(absolute):+} {unit}" + ("" if percent is None else f" ({tenths(percent):+} %)")


def _conventions(state: ReadState) -> list[str]:
    """Names of the conventions by which the rows were measured."""
    measured = (row.measurement for rows in state.rows.values() for row in rows.values())
    return sorted({one.convention for one in measured if one is not None})


def _table(state: ReadState, profile: Profile, role_of: dict[str, str]) -> list[dict[str, Any]]:
    assert state.study is not None
    names = [p.name for p in state.study.timepoints]
    lesions = dict.fromkeys(n for p in names for n, r in state.rows.get(p, {}).items() if not r.is_candidate)
    return [
        {
            "name": n,
            "role": role_of.get(n) or _no_role(state, names[0], n),
            "cells": [_cell(state.row(p, n), state.site(n).lymph_node, profile) for p in names],
        }
        for n in lesions
    ]


def _no_role(state: ReadState, baseline: str, name: str) -> str:
    row = state.row(baseline, name)
    return "rejected" if row is None or row.decision is not None else "not decided"


def _cell(row: Row | None, nodal: bool, profile: Profile) -> dict[str, str]:
    if row is None:
        return {"text": "no proposal", "status": "missing", "note": ""}
    if row.merged_into:
        return {"text": row.size_words, "status": row.status.value, "note": "one diameter for both"}
    size, other = (row.short_mm, row.long_mm) if nodal else (row.long_mm, row.short_mm)
    text = _STATE_WORDS.get(row.state) or (f"{size} mm" if size is not None else "-")
    notes = []
    if row.measurement and row.is_sized:
        if row.parts:
            notes.append(f"parts of {row.parts_words} mm, added")
        elif other is not None:
            notes.append(f"{'long axis' if nodal else 'x'} {other} mm")
        if row.decision is not None and row.decision.long_axis_mm is not None:
            notes.append(f"drawn by the reader; contour: {row.measurement.long_axis.length_mm} mm")
        else:
            notes.append(f"{row.measurement.volume_mm3 / 1000:.1f} mL")
        if profile.needs_viable:
            notes.append("viable part" if row.viable else "whole tumour, its viable part is not contoured")
    if row.proposal.outside_domain:
        notes.append("the network was not made for this scan")
    return {"text": text, "status": row.status.value, "note": ", ".join(notes)}


def _candidates(state: ReadState) -> list[dict[str, Any]]:
    return [
        {
            "point": point,
            "name": name,
            "size": f"{row.measurement.long_axis.length_mm} mm" if row.measurement else "-",
            "suggestion": row.proposal.suggestion or "-",
            "decided": decided(row),
            "reason": row.decision.reason if row.decision else "",
            "evidence": _evidence(row),
        }
        for point, rows in state.rows.items()
        for name, row in rows.items()
        if row.is_candidate
    ]


def _evidence(row: Row) -> str:
    e = row.proposal.evidence
    parts = [OUTSIDE_WORDS.rstrip(".").lower()] if row.proposal.outside_domain else []
    parts += [str(e["remark"]).rstrip(".")] if e.get("remark") else []
    if e.get("mean_probability") is not None:
        parts.append(f"probability {e['mean_probability']}")
    if e.get("distance_to_known_mm") is not None:
        parts.append(f"{e['distance_to_known_mm']} mm from the nearest known lesion")
    if "imaged_at_baseline" in e:
        parts.append(f"place {'' if e['imaged_at_baseline'] else 'not '}imaged at baseline")
    if e.get("probability_at_baseline") is not None:
        parts.append(f"probability there at baseline {e['probability_at_baseline']}")
    agreement = e.get("base_network_agreement")
    if isinstance(agreement, float) and agreement < 0.5:
        parts.append(
            f"low trust: the base network agrees little with the reader's baseline (Dice {agreement:.2f})"
        )
    return ", ".join(parts)


def _new_lesions(state: ReadState, profile: Profile) -> list[dict[str, str]]:
    """Candidates over the visits: what was said of them, and the date of the progression that they make."""
    return [
        {
            "name": one.name,
            "states": ", ".join(f"{point}: {word}" for point, word in one.states),
            "dated": one.why if one.progression else "",
        }
        for one in histories(state, profile)
    ]


def _cautions(state: ReadState, profile: Profile) -> list[str]:
    """What a reader should know before trusting the rows."""
    out = []
    if profile.needs_viable and _whole(state):
        out.append(
            f"{profile.criterion} takes the viable part of a tumour. These are measured on the whole tumour, so their "
            f"response is not evaluable: {', '.join(_whole(state))}. Contour the viable part and say that it is."
        )
    for name, facts in state.provenance.items():
        out += [f"{name}: {remark}." for remark in facts.get("image", {}).get("remarks", [])]
        out += [f"{name}: {words}" for words in domain_words(facts)]
        registration = facts.get("registration", {})
        if not registration.get("trustworthy", True):
            out.append(
                f"{name}: registration to baseline is not trustworthy here; check the identity of every lesion."
            )
        out += [f"{name}: {remark}" for remark in registration.get("remarks", [])]
    for name, rows in state.rows.items():
        for lesion, row in rows.items():
            for warning in row.measurement.warnings if row.measurement else ():
                out.append(f"{name}, {lesion}: {warning.message}")
            if not row.is_candidate:
                out += [f"{name}, {lesion}: {words}" for words in _doubts(row)]
    return out


def _whole(state: ReadState) -> list[str]:
    """Rows that were measured on the whole tumour."""
    return [
        f"{name} at {point}"
        for point, rows in state.rows.items()
        for name, row in rows.items()
        if row.state is LesionState.MEASURED and not row.viable and row.status is not RowStatus.REJECTED
    ]


def _doubts(row: Row) -> list[str]:
    """What is uncertain about the identity of a lesion at this visit."""
    evidence = row.proposal.evidence
    out = []
    if evidence.get("registration_remark"):
        out.append(f"its place is in doubt. {evidence['registration_remark']}")
    if evidence.get("parts_long_axes_mm"):
        out.append(
            f"proposed as split into parts of {evidence['parts_long_axes_mm']} mm; RECIST 1.1 adds them up: "
            "enter the sum as its long axis if they are truly apart."
        )
    if row.proposal.says_disappeared:
        seen = (
            f"proposed as disappeared, which its reader has to see. {place_words(evidence)} {UNSEEN_ERRORS}"
        )
        out.append(" ".join(seen.split()))
    if row.parts:
        out.append(f"split into parts of {row.parts_words} mm, which are added up (RECIST 1.1, 4.3.2).")
    elif row.proposal.parts and row.long_mm is not None:
        out.append(
            f"proposed as split; {row.long_mm} mm by the reader take the place of the sum of its parts."
        )
    if evidence.get("merged_with"):
        out.append(
            f"proposed as grown together with {evidence['merged_with']}: one diameter for the whole (RECIST 1.1, "
            "4.3.2). Where a border is visible, each has to be drawn and measured."
        )
    confidence = evidence.get("confidence")
    if isinstance(confidence, float) and confidence < _DOUBTFUL:
        out.append(f"its identity is doubtful (confidence {confidence:.2f}).")
    return out


def _provenance(state: ReadState) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (name, _flat({k: v for k, v in facts.items() if k != "suppressed"}) + _not_shown(facts))
        for name, facts in state.provenance.items()
    ]


def _not_shown(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Spots of the base network that are no candidates, each with its reason."""
    spots = facts.get("suppressed", [])
    words = (f"{s['long_axis_mm']} mm at {s['evidence'].get('place_lps')}: {s['reason']}" for s in spots)
    return [("not shown as a candidate", line) for line in words]


def _flat(facts: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for key, value in facts.items():
        if key == "time_point":
            continue
        name = f"{prefix}{_PLAIN_NAMES.get(key, key.replace('_', ' '))}"
        if isinstance(value, dict):
            out += _flat(value, f"{name}: ")
        else:
            out.append((name, ", ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return out
