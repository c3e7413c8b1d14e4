"""The sample data of the tutorial: offered at start, drawn on request, a study that opens."""

import shutil
import time
from itertools import pairwise
from pathlib import Path

import pytest

from HCCResponseLib.imaging.study import load_image, load_study


@pytest.fixture
def sample(slicer_app):
    """Where the study goes; nothing is there."""
    import slicer

    place = Path(slicer.app.temporaryPath) / "HCCResponseSample"
    shutil.rmtree(place, ignore_errors=True)
    yield place
    place.unlink() if place.is_file() else shutil.rmtree(place, ignore_errors=True)


def test_it_is_offered_at_start_and_drawn_on_request(slicer_app, panel):
    """By the functions that draw and register it; only the voxels are larger than in the application."""
    import slicer

    from HCCResponseLib.panel import sample_data

    slicer.app.startupCompleted.emit()
    source = slicer.modules.sampleDataSources["HCC Response"][-1]
    assert source.customDownloader is sample_data.draw
    nodes = source.customDownloader(source, spacing=(5.0, 4.0, 4.0))
    assert [n.IsA("vtkMRMLScalarVolumeNode") for n in nodes] == [True, True]
    study = load_study(Path(slicer.app.temporaryPath) / "HCCResponseSample")
    assert [p.name for p in study.timepoints] == ["baseline", "follow-up 1"]
    assert load_image(study, study.timepoints[1]).hu.std() > 50
    assert source.sampleName == sample_data.NAME


def test_the_window_answers_while_it_is_drawn(slicer_app, panel):
    """Before, the drawing held the window for its whole time, 12 s at full size."""
    import qt
    import slicer

    from HCCResponseLib.panel import sample_data

    beats, dialogs, timer = [], [], qt.QTimer()

    def beat():
        beats.append(time.monotonic())
        dialogs.extend(d.labelText for d in shown())

    timer.connect("timeout()", beat)
    timer.start(20)
    start = time.monotonic()
    assert len(sample_data.draw(spacing=(6.0, 6.0, 6.0))) == 2
    timer.stop()
    whole = time.monotonic() - start
    gaps = [b - a for a, b in pairwise([start, *beats])]
    # A share of the whole, since machines differ: held, it would be nearly all of it.
    assert len(beats) > 20 and max(gaps) < whole / 3, f"the longest block: {max(gaps):.2f} of {whole:.2f} s"
    # Which part is being drawn depends on when the dialog looks; that it heard of one does not.
    assert any(text.startswith(("Drawing the ", "Writing ")) for text in dialogs), set(dialogs)
    assert not shown(), "the dialog is gone"
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 2


def shown():
    from PySide6 import QtWidgets

    found = QtWidgets.QApplication.topLevelWidgets()
    return [w for w in found if w.inherits("QProgressDialog") and w.isVisible()]


def test_cancel_draws_nothing_and_leaves_nothing(slicer_app, panel, sample):
    import qt
    import slicer

    from HCCResponseLib.panel import sample_data

    timer = qt.QTimer()
    timer.connect("timeout()", lambda: [dialog.cancel() for dialog in shown()])
    timer.start(200)
    assert sample_data.draw() == []
    timer.stop()
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
    assert not (sample / "study.yaml").exists()


def test_what_goes_wrong_is_said_as_it_is(slicer_app, panel, sample):
    from HCCResponseLib.base.errors import StorageError
    from HCCResponseLib.panel import sample_data

    sample.write_text("in the way", encoding="utf-8")
    with pytest.raises(StorageError, match="HCCResponseSample"):
        sample_data.draw(spacing=(8.0, 8.0, 8.0))
    assert not shown()


def test_the_host_refuses_a_source_as_the_application_does(slicer_app):
    import SampleData

    register = SampleData.SampleDataLogic.registerCustomSampleDataSource
    with pytest.raises(TypeError):
        register(category="Custom", sampleName="no lists", customDownloader=print)
    with pytest.raises(ValueError, match="same length"):
        register(category="Custom", sampleName="one missing", uris=["a"], fileNames=[], nodeNames=["a"])
