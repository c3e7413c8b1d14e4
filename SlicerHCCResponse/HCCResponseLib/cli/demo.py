"""``hcc-response demo``: the whole main job on the built-in synthetic subject."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from HCCResponseLib.cli.common import JsonOption, console, errors_as_one_line, say, say_json, working_in
from HCCResponseLib.synth.plain_case import DEMO_CONTRAST_HU, DEMO_SEED

if TYPE_CHECKING:
    from HCCResponseLib.review.read.session import Session
    from HCCResponseLib.synth.subject import SyntheticSubject

_READER = "simulated reader"
_CHANGE = 0.15


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for study, read and report.")] = Path(
        "demo-output"
    ),
    seed: Annotated[int, typer.Option(help="Seed of the synthetic subject.")] = DEMO_SEED,
    as_json: JsonOption = False,
) -> None:
    """From two synthetic CTs to proposals, a simulated reader's decisions, category and report (some minutes)."""
    from HCCResponseLib.cli.study import accept_everything, open_and_propose, tell
    from HCCResponseLib.pipeline.request import Options
    from HCCResponseLib.report.subject.output import write_outputs
    from HCCResponseLib.synth.subject import make_subject

    with errors_as_one_line():
        console.print("Drawing the synthetic subject ...")
        subject = make_subject(seed, contrast_hu=DEMO_CONTRAST_HU)
        study = write_study(subject, output / "study")
        options = Options()
        with working_in(output / "read", "demo"):
            session = open_and_propose(study, output / "read", options)
            accept_everything(session, _READER, options)
            look_for_disappeared(session, subject)
            result = write_outputs(session)
        comparison = compare(subject, result)
        if as_json:
            say_json({**result, "truth": comparison})
        else:
            _tell_truth(comparison)
            tell(result, False)


def write_study(subject: SyntheticSubject, folder: Path) -> Path:
    """Write a synthetic subject as a study on disk; the baseline contour is the reader's. Returns ``study.yaml``."""
    import yaml

    from HCCResponseLib.base.files import write_text
    from HCCResponseLib.imaging.volumes import LabelMap
    from HCCResponseLib.imaging.write import write_label_map, write_volume

    baseline, follow_up = subject.timepoints
    write_volume(baseline.volume, folder / "baseline.nii.gz")
    write_volume(follow_up.volume, folder / "follow-up.nii.gz")
    write_label_map(
        LabelMap(baseline.lesions.labels, baseline.volume.geometry), folder / "baseline-contour.nii.gz"
    )
    lesions = {t.label: t.lesion_id for t in subject.lesions if t.diameters_mm[0] is not None}
    contour = {"path": "baseline-contour.nii.gz", "drawn_by": _READER, "lesions": lesions}
    first, second = (d.isoformat() for d in subject.dates)
    content = {
        "subject": subject.subject_id,
        "profile": "recist-1.1",
        "timepoints": [
            {"name": "baseline", "date": first, "image": "baseline.nii.gz", "contour": contour},
            {"name": "follow-up 1", "date": second, "image": "follow-up.nii.gz"},
        ],
    }
    write_text(folder / "study.yaml", yaml.safe_dump(content, sort_keys=False))
    return folder / "study.yaml"


def look_for_disappeared(session: Session, subject: SyntheticSubject) -> None:
    """The simulated reader looks where a lesion is proposed as disappeared, and knows the truth."""
    from HCCResponseLib.response.types import LesionState
    from HCCResponseLib.review.decisions.decide import decide
    from HCCResponseLib.review.read.records import Action, Decision
    from HCCResponseLib.synth.lesions import Fate

    gone = {truth.lesion_id for truth in subject.lesions if truth.fate is Fate.VANISHES}
    for point, rows in session.state.rows.items():
        for name, row in list(rows.items()):
            if row.decision is None and row.proposal.says_disappeared:
                agreed = name in gone
                action = Action.ACCEPT if agreed else Action.EDIT
                state = None if agreed else LesionState.NOT_EVALUABLE
                decision = Decision(_READER, point, name, action, state=state, reason="looked at its place")
                decide(session.store, session.state, decision)


def compare(subject: SyntheticSubject, result: dict[str, Any]) -> dict[str, Any]:
    """The read beside the truth: category, and each lesion's fate and diameter."""
    baseline, follow_up = result["time_points"]
    before = {r["lesion"]: r for r in baseline["rows"]}
    after = {r["lesion"]: r for r in follow_up["rows"]}
    new = [r for r in follow_up["rows"] if r["decision"] == "new"]
    in_place = {_true_label(subject, r): r for r in new}
    lesions = []
    for truth in subject.lesions:
        known = truth.lesion_id in before
        row = after.get(truth.lesion_id) if known else in_place.get(truth.label)
        lesions.append(
            {
                "lesion": truth.lesion_id,
                "true_fate": truth.fate.value,
                "found_fate": _fate(before.get(truth.lesion_id), row) if row else "missed",
                "true_mm": [None if d is None else round(d, 1) for d in truth.diameters_mm],
                "found_mm": [
                    before[truth.lesion_id]["long_axis_mm"] if known else None,
                    row and row["long_axis_mm"],
                ],
            }
        )
    same = all(x["true_fate"] == x["found_fate"] for x in lesions)
    truly_new = {t.label for t in subject.lesions if t.diameters_mm[0] is None}
    extra = len(new) - len(truly_new & set(in_place))
    return {
        "true_category": subject.true_category,
        "found_category": result["category"],
        "lesions": lesions,
        "false_new_lesions": extra,
        "agrees": same and extra == 0 and subject.true_category == result["category"],
    }


def _true_label(subject: SyntheticSubject, row: dict[str, Any]) -> int:
    """Label of the true follow-up lesion in which a candidate's centre lies; 0 for none."""
    import numpy as np

    lesions = subject.timepoints[1].lesions
    index = np.rint(lesions.geometry.lps_to_index(row["evidence"]["place_lps"])).astype(int)
    z, y, x = np.clip(index, 0, np.asarray(lesions.labels.shape) - 1)
    return int(lesions.labels[z, y, x])


def _fate(before: dict[str, Any] | None, after: dict[str, Any]) -> str:
    if before is None:
        return "new"
    if after["state"] == "disappeared":
        return "vanishes"
    if after["long_axis_mm"] is None:
        return str(after["state"])
    ratio = float(after["long_axis_mm"]) / float(before["long_axis_mm"])
    return "grows" if ratio >= 1 + _CHANGE else "shrinks" if ratio <= 1 - _CHANGE else "stable"


def _tell_truth(comparison: dict[str, Any]) -> None:
    say("Lesion  truth      found      true mm         found mm")
    for x in comparison["lesions"]:
        true_mm, found_mm = (
            " -> ".join("-" if v is None else str(v) for v in x[k]) for k in ("true_mm", "found_mm")
        )
        say(f"{x['lesion']:<7} {x['true_fate']:<10} {x['found_fate']:<10} {true_mm:<15} {found_mm}")
    verdict = "agrees with the truth" if comparison["agrees"] else "DIFFERS from the truth"
    say(f"Category {comparison['found_category']}, true category {comparison['true_category']}: {verdict}.")
