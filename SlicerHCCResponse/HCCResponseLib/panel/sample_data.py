"""Sample data for the tutorial: the synthetic subject, drawn on this computer; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NAME = "HCC Response synthetic subject"


def register() -> None:
    """Offer the synthetic subject in the application's module Sample Data."""
    import SampleData

    # Nothing is downloaded, and the application takes the lengths of the three lists: they are empty, not absent.
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="HCC Response", sampleName=NAME, uris=[], fileNames=[], nodeNames=[], customDownloader=draw
    )


def draw(_source: Any = None, spacing: tuple[float, float, float] = (2.5, 1.4, 1.4)) -> list[Any]:
    """Draw baseline and follow-up, write them with a study file, and load both volumes.

    Args:
        spacing: voxel size (z, y, x) in mm; larger voxels are drawn in less time.

    Returns:
        the two volume nodes; the study file lies in ``HCCResponseSample`` in the application's temporary folder.
    """
    import slicer

    from HCCResponseLib.base.files import write_text
    from HCCResponseLib.imaging.write import write_volume
    from HCCResponseLib.panel.scene.nodes import add_volume
    from HCCResponseLib.synth.plain_case import DEMO_CONTRAST_HU, DEMO_SEED
    from HCCResponseLib.synth.subject import make_subject

    folder = Path(slicer.app.temporaryPath) / "HCCResponseSample"
    subject = make_subject(DEMO_SEED, spacing=spacing, contrast_hu=DEMO_CONTRAST_HU)
    nodes, lines = [], [f"subject: {subject.subject_id}", "profile: recist-1.1", "timepoints:"]
    for name, day, point in zip(("baseline", "follow-up 1"), subject.dates, subject.timepoints, strict=True):
        file = f"{name.replace(' ', '-')}.nii.gz"
        write_volume(point.volume, folder / file)
        lines.append(f"  - {{name: {name}, date: {day.isoformat()}, image: {file}, phase: portal venous}}")
        nodes.append(add_volume(slicer.mrmlScene, point.volume, f"{subject.subject_id} {name}"))
    write_text(folder / "study.yaml", "\n".join(lines) + "\n")
    return nodes
