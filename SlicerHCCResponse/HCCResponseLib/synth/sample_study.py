"""Draws the plain synthetic case and writes it as a study, in a process of its own: at full size it takes seconds."""

from pathlib import Path
from typing import Any

from HCCResponseLib.base.files import write_text
from HCCResponseLib.base.jobs import Progress, Report, part_of, serve
from HCCResponseLib.base.jobs.request import JobRequest
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.synth.plain_case import DEMO_CONTRAST_HU, DEMO_SEED
from HCCResponseLib.synth.subject import make_subject

WORKER = "HCCResponseLib.synth.sample_study"


class SampleRequest(JobRequest):
    """Where the study goes.

    Attributes:
        folder: for ``study.yaml`` and the images.
        spacing: voxel size (z, y, x) in mm; larger voxels are drawn in less time.
    """

    folder: Path
    spacing: tuple[float, float, float]


def work(request: SampleRequest, report: Report) -> dict[str, Any]:
    """Draw baseline and follow-up, then write them; nothing is written before all is drawn.

    Returns:
        ``study``: path of the study file, which is written last.
    """
    drawing = part_of(report, 0.0, 0.9)
    subject = make_subject(DEMO_SEED, spacing=request.spacing, contrast_hu=DEMO_CONTRAST_HU, report=drawing)
    lines = [f"subject: {subject.subject_id}", "profile: recist-1.1", "timepoints:"]
    for number, name in enumerate(("baseline", "follow-up 1")):
        report(Progress(f"Writing {name}", 0.9 + 0.05 * number))
        file = f"{name.replace(' ', '-')}.nii.gz"
        write_volume(subject.timepoints[number].volume, request.folder / file)
        day = subject.dates[number].isoformat()
        lines.append(f"  - {{name: {name}, date: {day}, image: {file}, phase: portal venous}}")
    study = request.folder / "study.yaml"
    write_text(study, "\n".join(lines) + "\n")
    return {"study": str(study)}


if __name__ == "__main__":
    serve(SampleRequest.read, work)
