"""Everything that leaves a read as files: label maps of every time point, the result as JSON, the report."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from HCCResponseLib import __version__
from HCCResponseLib.base.files import write_text
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map
from HCCResponseLib.lesions.label_maps import label_map
from HCCResponseLib.report.subject.figures import Images
from HCCResponseLib.report.subject.html import write_report
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import ReadEvaluation, TimePointEvaluation
from HCCResponseLib.review.read.category import category, missing
from HCCResponseLib.review.read.facts import visit_to_json
from HCCResponseLib.review.read.lifecycle import stage
from HCCResponseLib.review.read.new_lesions import histories
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.session import Session
from HCCResponseLib.review.read.state import ReadState, Row, RowStatus


def write_outputs(session: Session, with_category: bool = True) -> dict[str, Any]:
    """Write contours, result and report into the read's folder.

    Args:
        with_category: also the category, if nothing is missing; without it only proposals are told.

    Returns:
        the result as written, with the report's path.

    Raises:
        StorageError: a file cannot be written.
    """
    state, folder, profile = session.state, session.folder, profile_of(session.store, session.state)
    evaluation = category(state, profile) if with_category and not missing(state) else None
    points = {p.name: p for p in session.study.timepoints}

    def images(name: str) -> Volume:
        return session.image(points[name])

    write_contours(folder, state, images)
    report = folder / "report.html"
    write_report(report, state, profile, evaluation, images)
    result = write_result(folder, state, profile, evaluation)
    session.store.append("software", "result", result)
    return {**result, "report": str(report.resolve())}


def write_contours(folder: Path, state: ReadState, images: Images) -> None:
    """One label map and one list of its values for each time point; rejected contours are left out."""
    for point, rows in state.rows.items():
        geometry = images(point).geometry
        kept = {
            name: row.contour
            for name, row in rows.items()
            if row.contour is not None and row.status is not RowStatus.REJECTED
        }
        names = {name: value for value, name in enumerate(kept, start=1)}
        stem = folder / "contours" / point.replace(" ", "_")
        write_label_map(
            LabelMap(label_map(list(kept.values()), geometry.size), geometry),
            stem.with_name(stem.name + ".nii.gz"),
        )
        write_text(stem.with_name(stem.name + ".json"), json.dumps(names, indent=2) + "\n")


def write_result(
    folder: Path, state: ReadState, profile: Profile, evaluation: ReadEvaluation | None
) -> dict[str, Any]:
    """Write ``result.json`` and return its content; ``category`` is ``None`` without an evaluation."""
    assert state.study is not None
    evaluated = {p.name: p for p in evaluation.time_points} if evaluation else {}
    points = [
        {
            "name": p.name,
            "date": p.date.isoformat(),
            "stage": stage(state, p.name).value,
            "visit": visit_to_json(state.visit(p.name)),
            "rows": [_row(n, r) for n, r in state.rows.get(p.name, {}).items()],
            **(_numbers(evaluated[p.name]) if p.name in evaluated else {}),
        }
        for p in state.study.timepoints
    ]
    latest = evaluation.time_points[-1].overall if evaluation else None
    result = {
        "subject": state.study.subject,
        "criterion": profile.criterion,
        "profile": profile.name,
        "unit": profile.unit,
        "category": latest and str(latest),
        "reviewed": state.reviewed(),
        "readers": state.readers(),
        "time_points": points,
        "sites": {name: asdict(site) for name, site in state.sites.items()},
        "new_lesions": [
            {
                "name": h.name,
                "states": dict(h.states),
                "progression": h.progression and h.progression.isoformat(),
            }
            for h in histories(state, profile)
        ],
        "version": state.locks.version,
        "signatures": [asdict(s) for s in state.signatures],
        "software": f"hcc-response {__version__}",
        "notice": "For research use; not cleared for clinical use.",
    }
    write_text(folder / "result.json", json.dumps(result, indent=2) + "\n")
    return result


def _row(name: str, row: Row) -> dict[str, Any]:
    measured = row.measurement
    return {
        "lesion": name,
        "kind": row.proposal.kind.value,
        "status": row.status.value,
        "decision": row.decision.action.value if row.decision else None,
        "state": row.state.value,
        "long_axis_mm": _text(row.long_mm),
        "parts_mm": [str(one.long_axis.length_mm) for one in row.parts],
        "merged_into": row.merged_into,
        "short_axis_mm": _text(row.short_mm),
        "volume_ml": round(measured.volume_mm3 / 1000, 3) if measured else None,
        "convention": measured.convention if measured else None,
        "viable": row.viable,
        "versus_last": row.decision.versus_last if row.decision else None,
        "suggestion": row.proposal.suggestion.value if row.proposal.suggestion else None,
        "evidence": row.proposal.evidence,
    }


def _numbers(point: TimePointEvaluation) -> dict[str, Any]:
    target = point.target
    sums = ("sum", "nadir_before", "percent_from_baseline", "percent_from_nadir")
    codes = {"target": target.response, "non_target": point.non_target, "new_lesion": point.new_lesion}
    return {
        **{name: _text(getattr(target, name)) for name in sums},
        **{name: None if point.is_baseline else str(code) for name, code in codes.items()},
        "overall": _text(point.overall),
        "trace": list(point.trace),
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
