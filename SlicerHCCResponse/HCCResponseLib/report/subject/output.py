"""Everything that leaves a read as files: label maps of every time point, the result as JSON, the report.

A report in PDF is written when it is asked for, and from then on with every new report, so that none beside it is old.
"""

import glob
import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from HCCResponseLib import __version__
from HCCResponseLib.base.files import sha256_of, write_text
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map
from HCCResponseLib.lesions.label_maps import label_map, without_overlap
from HCCResponseLib.lesions.proposal import domain_words
from HCCResponseLib.report.subject.content import report_content
from HCCResponseLib.report.subject.figures import Images
from HCCResponseLib.report.subject.html import write_html
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import ReadEvaluation, TimePointEvaluation
from HCCResponseLib.review.read.category import category, missing
from HCCResponseLib.review.read.changes import changes
from HCCResponseLib.review.read.choice import adjudication
from HCCResponseLib.review.read.facts import visit_to_json
from HCCResponseLib.review.read.lifecycle import is_signed, stage
from HCCResponseLib.review.read.new_lesions import histories
from HCCResponseLib.review.read.parallel import parallel_readings
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.session import Session
from HCCResponseLib.review.read.state import ReadState, Row, RowStatus, refresh
from HCCResponseLib.review.read.workflow import REPORTED, note
from HCCResponseLib.review.store import ReadStore

REPORT, PDF = "report", "report_pdf"


def write_outputs(session: Session, with_category: bool = True, by: str = "") -> dict[str, Any]:
    """Write contours, result and report into the read's folder, and note in the store's log that it was done.

    The read itself notes the result while it is a draft; one that is signed to its end is not written to any more.

    Args:
        with_category: also the category, if nothing is missing; without it only proposals are told.
        by: who has it written; whoever signed in for an assigned read, else the computer's account.

    Returns:
        the result as written, with the report's path.

    Raises:
        StorageError: a file cannot be written.
    """
    points = {p.name: p for p in session.study.timepoints}

    def images(name: str) -> Volume:
        return session.image(points[name])

    store, state = session.store, session.state
    written = write_files(store, state, session.folder, images, with_category=with_category, by=by)
    with store.transaction():
        refresh(store, state)
        if not is_signed(state):
            store.append("software", "result", {k: v for k, v in written.items() if k not in (REPORT, PDF)})
    return written


def write_files(
    store: ReadStore,
    state: ReadState,
    folder: Path,
    images: Images,
    *,
    with_category: bool = True,
    by: str = "",
    pdf: bool = False,
) -> dict[str, Any]:
    """Write contours, result and report of a read, signed or not; its own chain takes no event for it.

    Args:
        images: gives the image of a time point by name.
        with_category: whether the category is evaluated, where no decision is missing.
        by: who had it written; empty for the person of the read.
        pdf: the report as PDF too; one that is there already is always written anew.

    Returns:
        the result as written, with the paths of ``report`` and ``report_pdf``, which is None where there is none.

    Raises:
        StorageError: a file cannot be written.
    """
    profile = profile_of(store, state)
    evaluation = category(state, profile) if with_category and not missing(state) else None
    write_contours(folder, state, images)
    report, printed = folder / "report.html", folder / "report.pdf"
    content = report_content(state, profile, evaluation, images, changes(store, state), store.read_id)
    write_html(report, content)
    details = {"file": str(report.resolve()), "sha256": sha256_of(report)}
    has_pdf = pdf or printed.exists()
    if has_pdf:
        # Only here: everybody else need not wait for the library to load.
        from HCCResponseLib.report.subject.pdf import write_pdf

        write_pdf(printed, content)
        details |= {"pdf": str(printed.resolve()), "pdf_sha256": sha256_of(printed)}
    result = write_result(folder, state, profile, evaluation, store.read_id)
    actor = by or (state.person.name if state.person else "")
    note(store, actor, REPORTED, f"read {store.read_id}", details, new=report.name)
    return {**result, REPORT: str(report.resolve()), PDF: str(printed.resolve()) if has_pdf else None}


def write_contours(folder: Path, state: ReadState, images: Images) -> None:
    """Label maps, each with a list of its values, for every time point; rejected contours are left out.

    Contours that lie in each other do not fit into one label map: those that do not are in a further one,
    ``<time point>.overlap-2`` and so on, so that no voxel is lost. A value stands for the same lesion in all of them.
    """
    stems = file_stems(list(state.rows))
    for point, rows in state.rows.items():
        geometry = images(point).geometry
        kept = {
            name: row.contour
            for name, row in rows.items()
            if row.contour is not None and row.status is not RowStatus.REJECTED
        }
        values = {name: value for value, name in enumerate(kept, start=1)}
        stem = folder / "contours" / stems[point]
        for old in stem.parent.glob(f"{glob.escape(stem.name)}.overlap-*"):
            old.unlink()
        for number, names in enumerate(without_overlap(kept) or [[]], start=1):
            path = stem if number == 1 else stem.with_name(f"{stem.name}.overlap-{number}")
            drawn = label_map([kept[n] for n in names], geometry.size, [values[n] for n in names])
            write_label_map(LabelMap(drawn, geometry), path.with_name(path.name + ".nii.gz"))
            listed = json.dumps({n: values[n] for n in names}, indent=2)
            write_text(path.with_name(path.name + ".json"), listed + "\n")


def file_stems(names: Sequence[str]) -> dict[str, str]:
    """A file name for each name, no two alike even where upper and lower case are the same to the disk."""
    stems: dict[str, str] = {}
    for name in names:
        plain = name.replace(" ", "_")
        tries = (plain if number == 1 else f"{plain}-{number}" for number in count(1))
        taken = {stem.casefold() for stem in stems.values()}
        # A name that is a file name already keeps it.
        taken |= {other.casefold() for other in names if " " not in other and other != name}
        stems[name] = next(one for one in tries if one.casefold() not in taken)
    return stems


def write_result(
    folder: Path,
    state: ReadState,
    profile: Profile,
    evaluation: ReadEvaluation | None,
    read_id: str = "",
) -> dict[str, Any]:
    """Write ``result.json`` and return its content; ``category`` is ``None`` without an evaluation.

    What each key means stands in docs/exports.md.
    """
    assert state.study is not None
    evaluated = {p.name: p for p in evaluation.time_points} if evaluation else {}
    points = [
        {
            "name": p.name,
            "date": p.date.isoformat(),
            "stage": stage(state, p.name).value,
            "proposed": p.name in state.provenance,
            "visit": visit_to_json(state.visit(p.name)),
            "cautions": list(domain_words(state.provenance.get(p.name, {}))),
            "rows": [_row(n, r) for n, r in state.rows.get(p.name, {}).items()],
            **(_numbers(evaluated[p.name]) if p.name in evaluated else {}),
        }
        for p in state.study.timepoints
    ]
    latest = evaluation.time_points[-1].overall if evaluation else None
    chosen = adjudication(state, read_id)
    result = {
        "subject": state.study.subject,
        "criterion": profile.criterion,
        "profile": profile.name,
        "unit": profile.unit,
        "category": latest and str(latest),
        "parallel_criteria": _parallel(state, profile) if evaluation else [],
        "signed": is_signed(state),
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
        "adjudication": chosen and asdict(chosen),
        "software": f"hcc-response {__version__}",
        "notice": "For research use; not cleared for clinical use.",
    }
    write_text(folder / "result.json", json.dumps(result, indent=2) + "\n")
    return result


def _parallel(state: ReadState, profile: Profile) -> list[dict[str, Any]]:
    """The read under the criteria that the profile wants beside its own."""
    return [
        {"criterion": one.criterion, "categories": dict(one.categories), "why_none": one.why or None}
        for one in parallel_readings(state, profile)
    ]


def _row(name: str, row: Row) -> dict[str, Any]:
    measured = row.measurement
    return {
        "lesion": name,
        "kind": row.proposal.kind.value,
        "status": row.status.value,
        "seen": row.decision.seen if row.decision else None,
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
