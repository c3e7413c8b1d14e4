"""Grabs the pictures of the tutorial from the running panel and slice views: ``python Testing/panel_pictures.py OUT``.

A whole case on the built-in synthetic subject, with the shipped network in processes of its own; some minutes.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "support"))
import slicer_host

slicer_host.install()

import slicer  # noqa: E402
from PIL import Image  # noqa: E402

from HCCResponseLib.base.jobs import Ending  # noqa: E402
from panel_case import sign_both  # noqa: E402
from slicer_host.modules import load_module  # noqa: E402
from slicer_host.pictures import grab, style  # noqa: E402
from slicer_host.slice_view import render_slice  # noqa: E402

MODULE = Path(__file__).parents[1] / "SlicerHCCResponse" / "HCCResponse.py"
WIDTHS = (420, 600)
# As much as a screen of 1080 lines leaves to the panel.
HEIGHT = 760


def write_study(folder: Path) -> tuple[Path, list[Any]]:
    """The demonstration's subject, without any contour, and where its tumours are: a label map for each visit."""
    import yaml

    from HCCResponseLib.imaging.write import write_volume
    from HCCResponseLib.synth.plain_case import DEMO_CONTRAST_HU, DEMO_SEED
    from HCCResponseLib.synth.subject import make_subject

    subject = make_subject(DEMO_SEED, contrast_hu=DEMO_CONTRAST_HU)
    points = []
    for name, day, point in zip(("baseline", "follow-up 1"), subject.dates, subject.timepoints, strict=True):
        file = f"{name.replace(' ', '-')}.nii.gz"
        write_volume(point.volume, folder / file)
        points.append({"name": name, "date": day.isoformat(), "image": file, "phase": "portal venous"})
    study = folder / "study.yaml"
    study.write_text(yaml.safe_dump({"subject": subject.subject_id, "timepoints": points}), encoding="utf-8")
    return study, [point.lesions.labels for point in subject.timepoints]


class Camera:
    """Takes the pictures of one state of the panel."""

    def __init__(self, widget: Any, out: Path) -> None:
        self.widget, self.ui, self.out = widget, widget.ui, out

    def panel(self, name: str, tab: str) -> None:
        """The panel with one of its tabs in front, at both widths, light and dark."""
        self.ui.stepTabs.setCurrentWidget(getattr(self.ui, f"{tab}Tab"))
        for width in WIDTHS:
            grab(self.widget.parent, self.out / f"{name}-{width}.png", width=width, height=HEIGHT)
        with style(dark=True):
            self.widget.panel.refresh()
            grab(self.widget.parent, self.out / f"{name}-dark.png", width=WIDTHS[0], height=HEIGHT)
        self.widget.panel.refresh()

    def views(self, name: str) -> None:
        """The slice views side by side, as they stand now."""
        shown = ("Red", "Yellow", "Green")[: len(self.widget.panel.slices.points)]
        for view in shown:
            slicer.app.layoutManager().sliceWidget(view).mrmlSliceNode().SetDimensions(420, 420, 1)
        slicer.app.processEvents()
        for view in shown:
            # As wide as it is, and as high: the application's own views keep their pixels square.
            node = slicer.app.layoutManager().sliceWidget(view).mrmlSliceNode()
            node.SetFieldOfView(node.GetFieldOfView()[0], node.GetFieldOfView()[0], 1.0)
        parts = []
        for view in shown:
            part = self.out / f"{name}-{view}.png"
            render_slice(part, view, (420, 420), fit=False)
            with Image.open(part) as image:
                parts.append(image.convert("RGB"))
            part.unlink()
        joined = Image.new("RGB", (len(parts) * 424 - 4, 420), "white")
        for number, image in enumerate(parts):
            joined.paste(image, (number * 424, 0))
        joined.save(self.out / f"{name}.png", optimize=True)


def wait(widget: Any, until: float | None = None) -> None:
    """Work off events until the job is over, or has come this far (fraction)."""
    jobs = widget.panel.jobs
    while jobs.busy and (until is None or jobs.job.progress.fraction < until):
        slicer.app.processEvents()
        time.sleep(0.02)
    if until is None and jobs.job.outcome.ending is not Ending.DONE:
        raise SystemExit(f"the job: {jobs.job.outcome}")


def decide_all(widget: Any, point: str, labels: Any) -> None:
    """Accept every lesion of a time point that is one and reject the others, by the buttons."""
    panel = widget.panel
    for name, row in list(panel.presenter.state.rows[point].items()):
        if not row.is_candidate:
            panel._context.select(point, name)
            found = row.contour
            real = found is None or labels[found.box][found.voxels].any()
            (widget.ui.acceptButton if real else widget.ui.rejectButton).click()


def zoom(field_mm: float = 260.0) -> None:
    """Field of view of the slice views."""
    for view in ("Red", "Yellow"):
        slicer.app.layoutManager().sliceWidget(view).mrmlSliceNode().SetFieldOfView(field_mm, field_mm, 1.0)


def main() -> None:
    """Run the case and take the pictures."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="hcc-response-pictures-"))
    os.environ["HCC_RESPONSE_PEOPLE"] = str(folder / "people.sqlite")
    study, labels = write_study(folder)
    widget = load_module(MODULE)
    ui, camera = widget.ui, Camera(widget, out)
    ui.readerEdit.setText("dr.a")
    ui.studyEdit.setText(str(study))
    ui.openButton.click()
    camera.panel("1-open", "study")
    ui.proposeButton.click()
    wait(widget, 0.01)
    camera.panel("2-running", "propose")
    wait(widget)
    names = list(widget.panel.presenter.state.rows["baseline"])
    zoom()
    widget.panel._context.select("baseline", names[0])
    camera.panel("3-baseline", "lesion")
    camera.views("3-baseline-views")
    decide_all(widget, "baseline", labels[0])
    camera.panel("4-accepted", "propose")
    ui.adaptButton.click()
    wait(widget, 0.3)
    camera.panel("5-adapting", "propose")
    wait(widget)
    zoom()
    widget.panel._context.select("follow-up 1", names[0])
    camera.panel("6-follow-up", "lesion")
    camera.views("6-follow-up-views")
    follow_up_and_sign(widget, camera, names[0], labels[1])
    print(f"pictures in {out}; the read in {folder}")


def follow_up_and_sign(widget: Any, camera: Camera, name: str, labels: Any) -> None:
    """Edit one lesion by its line, decide on the rest, look at the category, sign."""
    ui, panel = widget.ui, widget.panel
    decide_all(widget, "follow-up 1", labels)
    line = panel.scene_view.line_node("follow-up 1", name)
    point = [0.0, 0.0, 0.0]
    line.GetNthControlPointPositionWorld(1, point)
    line.SetNthControlPointPositionWorld(1, point[0] + 2.0, point[1] - 1.5, point[2])
    line.InvokeEvent(line.PointEndInteractionEvent)
    camera.panel("7-edited", "lesion")
    camera.views("7-edited-views")
    rows = panel.presenter.state.rows["follow-up 1"]
    for number, (candidate, row) in enumerate([(n, r) for n, r in rows.items() if r.is_candidate]):
        panel._context.select("follow-up 1", candidate)
        if number == 0:
            zoom()
            camera.panel("8-candidate", "view")
            camera.views("8-candidate-views")
        # As a reader of this drawn patient does: the large one is a new lesion, the small ones are nothing.
        (ui.newCandidateButton if row.long_mm >= 10 else ui.dismissButton).click()
    ui.traceButton.setChecked(True)
    camera.panel("9-response", "response")
    sign_both(widget)
    # The report is written again once the panel is done with the signature.
    slicer.app.processEvents()
    wait(widget)
    camera.panel("10-signed", "sign")


if __name__ == "__main__":
    main()
