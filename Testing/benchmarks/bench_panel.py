"""How quickly the panel answers: category, edits, opening a time point, and the event loop while a job runs.

Run: ``python Testing/benchmarks/bench_panel.py [--repeats 5]``. In the tests' host on real MRML; medians. Seconds of
the processor stand beside seconds on the clock, because only they mean something while other programs are busy.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SUPPORT = Path(__file__).resolve().parents[1] / "support"
sys.path.insert(0, str(SUPPORT))
import slicer_host  # noqa: E402

slicer_host.install()

import slicer  # noqa: E402

from HCCResponseLib.imaging.geometry import Geometry  # noqa: E402
from HCCResponseLib.imaging.study import Study  # noqa: E402
from HCCResponseLib.imaging.volumes import Volume  # noqa: E402
from HCCResponseLib.lesions.lesion import Lesion  # noqa: E402
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind  # noqa: E402
from HCCResponseLib.measure import measure_lesion  # noqa: E402
from HCCResponseLib.panel.scene.contours import COLOURS, set_contour  # noqa: E402
from HCCResponseLib.response.types import LesionState  # noqa: E402
from HCCResponseLib.review.read.records import write_proposal  # noqa: E402
from HCCResponseLib.review.read.session import open_session  # noqa: E402
from panel_case import make_case  # noqa: E402
from reads import BASELINE, FOLLOW_UP, GRID, drawn_disc, lesion  # noqa: E402
from slicer_host.modules import load_module  # noqa: E402

MODULE = Path(__file__).parents[2] / "SlicerHCCResponse" / "HCCResponse.py"
LARGE = Geometry((200, 512, 512), (2.5, 0.7, 0.7))


def open_case(widget: Any, study: Path, folder: Path) -> None:
    widget.ui.readerEdit.setText("dr.a")
    widget.ui.studyEdit.setText(str(study))
    widget.ui.folderEdit.setText(str(folder))
    widget.ui.openButton.click()
    slicer.app.processEvents()


Times = tuple[float, float]


def seconds(action: Callable[[], object]) -> Times:
    """Seconds on the clock and of the processor until the action and what it caused are done."""
    started = time.perf_counter(), time.process_time()
    action()
    slicer.app.processEvents()
    return time.perf_counter() - started[0], time.process_time() - started[1]


def median(times: list[Times]) -> Times:
    return statistics.median(t[0] for t in times), statistics.median(t[1] for t in times)


def ten_by_ten(folder: Path) -> tuple[Path, Path]:
    points = [BASELINE, *(f"follow-up {n}" for n in range(1, 10))]
    proposals = [lesion(p, f"L{n + 1}", 14 + 2 * n + i) for i, p in enumerate(points) for n in range(10)]
    return make_case(folder, proposals)


def last_decision(widget: Any, repeats: int) -> Times:
    """Accept everything but one row; then time that last decision until the category is on the panel."""
    panel, ui = widget.panel, widget.ui
    for point in panel.presenter.points():
        for name in list(panel.presenter.state.rows[point]):
            panel.presenter.session and panel.presenter.accept(point, name)
    last = panel.presenter.points()[-1]
    times = []
    for _ in range(repeats):
        panel._context.select(last, "L10")
        ui.undoButton.click()
        assert ui.missingLabel.text
        times.append(seconds(ui.acceptButton.click))
        assert ui.categoryLabel.text
    return median(times)


def edits(widget: Any, repeats: int) -> tuple[Times, Times]:
    """A painted segment and a dragged line, until row, measurement and panel are new."""
    panel = widget.panel
    painted, dragged = [], []
    for number in range(repeats):
        node = panel.scene_view.contour_node(FOLLOW_UP)
        drawn = drawn_disc(24 + number, 42, 40)

        def stroke(node: Any = node, drawn: Lesion = drawn) -> None:
            set_contour(node, "L1", drawn, GRID, COLOURS[0])
            panel.scene_view.look()

        painted.append(seconds(stroke))
        panel.presenter.leave()
        line = panel.scene_view.line_node(FOLLOW_UP, "L1")
        line.SetNthControlPointPositionWorld(0, -20.0 - number, -40.0, 10.0)
        dragged.append(seconds(lambda line=line: line.InvokeEvent(line.PointEndInteractionEvent)))
    return median(painted), median(dragged)


def large_study(folder: Path) -> Any:
    """A session on a 512 x 512 x 200 scan with five lesions of 20 to 100 mm; images in memory, as after loading."""
    rng = np.random.default_rng(0)
    hu = rng.integers(-100, 200, LARGE.size).astype(np.int16)
    image = Volume(hu, LARGE, "large")
    from HCCResponseLib.imaging.write import write_volume

    write_volume(image, folder / "large.nrrd")
    content = {
        "subject": "S9",
        "timepoints": [{"name": BASELINE, "date": "2024-01-01", "image": folder / "large.nrrd"}],
    }
    session = open_session(Study.model_validate(content), folder / "read")
    z, y, x = np.ogrid[:200, :512, :512]
    for number, radius in enumerate((10, 15, 20, 30, 50)):
        centre = (100, 120 + 60 * number, 150 + 50 * number)
        inside = ((z - centre[0]) * 2.5) ** 2 + ((y - centre[1]) * 0.7) ** 2 + ((x - centre[2]) * 0.7) ** 2
        drawn = Lesion.of(inside <= radius**2)
        measured = measure_lesion(drawn, LARGE)
        kind, state = ProposalKind.LESION, LesionState.MEASURED
        write_proposal(
            session.store, Proposal(BASELINE, f"L{number + 1}", kind, state, drawn, measured, "bench")
        )
    session.store.append("software", "proposed", {"time_point": BASELINE})
    return session


def opening(widget: Any, session: Any, repeats: int) -> Times:
    """From images in memory to volume, contours and axes in the scene and rows on the panel."""
    from HCCResponseLib.review.read.state import read_state

    panel, times = widget.panel, []
    for _ in range(repeats):
        panel.close()
        slicer.mrmlScene.Clear(0)
        slicer.app.processEvents()

        def show() -> None:
            session.state = read_state(session.store)
            panel.presenter.adopt(session)
            panel.show_read()

        times.append(seconds(show))
    return median(times)


def longest_pause(widget: Any) -> float:
    """Longest time in seconds that a 10 ms timer was not heard while a job reports 100 times a second."""
    import qt

    os.environ["PYTHONPATH"] = os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")])
    beats = []
    timer = qt.QTimer()
    timer.connect("timeout()", lambda: beats.append(time.perf_counter()))
    from panel_worker import PanelJob

    widget.panel.jobs.start("panel_worker", PanelJob(steps=300, pause=0.01))
    timer.start(10)
    while widget.panel.jobs.busy:
        slicer.app.processEvents()
        time.sleep(0.001)
    timer.stop()
    return max(b - a for a, b in zip(beats, beats[1:], strict=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    folder = Path(tempfile.mkdtemp(prefix="hcc-response-bench-"))
    os.environ["HCC_RESPONSE_PEOPLE"] = str(folder / "people.sqlite")
    widget = load_module(MODULE)
    (folder / "ten").mkdir()
    open_case(widget, *ten_by_ten(folder / "ten"))
    rows = [
        ("category after the last decision, 10 time points x 10 lesions", last_decision(widget, repeats), 0.2)
    ]
    (folder / "two").mkdir()
    open_case(widget, *make_case(folder / "two"))
    painted, dragged = edits(widget, repeats)
    rows += [
        ("a changed segment: row, measurement, panel", painted, 0.1),
        ("a dragged line: the same", dragged, 0.1),
    ]
    rows.append(
        ("longest pause of the event loop while a job runs", (longest_pause(widget), float("nan")), 0.1)
    )
    (folder / "large").mkdir()
    session = large_study(folder / "large")
    rows.append(("512 x 512 x 200 opened, beyond loading the image", opening(widget, session, repeats), 2.0))
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("| what | clock (s) | processor (s) | asked (s) |\n|---|---|---|---|")
    for what, (clock, processor), asked in rows:
        print(f"| {what} | {clock:.3f} | {processor:.3f} | <= {asked} |")


if __name__ == "__main__":
    main()
