"""Sample data for the tutorial: the synthetic subject, drawn on this computer; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from HCCResponseLib.base.jobs import Job

NAME = "HCC Response synthetic subject"
_LOOK_MS = 100


def register() -> None:
    """Offer the synthetic subject in the application's module Sample Data."""
    import SampleData

    # Nothing is downloaded, and the application takes the lengths of the three lists: they are empty, not absent.
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="HCC Response", sampleName=NAME, uris=[], fileNames=[], nodeNames=[], customDownloader=draw
    )


def draw(_source: Any = None, spacing: tuple[float, float, float] = (2.5, 1.4, 1.4)) -> list[Any]:
    """Draw baseline and follow-up, write them with a study file, and load both volumes.

    They are drawn in a process of its own behind a progress dialog: the application waits for the nodes, but its
    window goes on answering.

    Args:
        spacing: voxel size (z, y, x) in mm; larger voxels are drawn in less time.

    Returns:
        the two volume nodes, none where the user has cancelled; the study file lies in ``HCCResponseSample`` in the
        application's temporary folder.

    Raises:
        HCCResponseError: it could not be drawn or written.
    """
    import slicer

    from HCCResponseLib.base.jobs import Ending, Job
    from HCCResponseLib.imaging.study import load_image, load_study
    from HCCResponseLib.panel.scene.nodes import add_volume
    from HCCResponseLib.synth.sample_study import WORKER, SampleRequest

    folder = Path(slicer.app.temporaryPath) / "HCCResponseSample"
    job = Job(WORKER, SampleRequest(folder=folder, spacing=spacing))
    _show_until_over(job)
    if job.outcome is not None and job.outcome.ending is Ending.CANCELLED:
        return []
    assert job.outcome is not None
    study = load_study(Path(job.outcome.require()["study"]))
    return [
        add_volume(slicer.mrmlScene, load_image(study, point), f"{study.subject} {point.name}")
        for point in study.timepoints
    ]


def _show_until_over(job: Job) -> None:
    """A dialog with progress and Cancel; nothing else can be pressed until the job is over."""
    import qt
    import slicer

    dialog = slicer.util.createProgressDialog(
        windowTitle="HCC Response",
        labelText=job.progress.words,
        windowModality=qt.Qt.ApplicationModal,
        autoClose=False,
        autoReset=False,
    )
    loop, timer = qt.QEventLoop(), qt.QTimer()

    def look() -> None:
        if dialog.wasCanceled:
            job.cancel()
        if job.poll() is not None:
            loop.quit()
            return
        dialog.setLabelText(f"{job.progress.words} ...")
        dialog.setValue(round(100 * job.progress.fraction))

    timer.connect("timeout()", look)
    timer.start(_LOOK_MS)
    dialog.show()
    try:
        loop.exec_()
    finally:
        timer.stop()
        # Also where the application is closed meanwhile.
        job.cancel()
        dialog.close()
        dialog.deleteLater()
