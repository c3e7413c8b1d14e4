"""The sample data of the tutorial: offered at start, drawn on request, a study that opens."""

from pathlib import Path

import pytest

from HCCResponseLib.imaging.study import load_image, load_study


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


def test_the_host_refuses_a_source_as_the_application_does(slicer_app):
    import SampleData

    register = SampleData.SampleDataLogic.registerCustomSampleDataSource
    with pytest.raises(TypeError):
        register(category="Custom", sampleName="no lists", customDownloader=print)
    with pytest.raises(ValueError, match="same length"):
        register(category="Custom", sampleName="one missing", uris=["a"], fileNames=[], nodeNames=["a"])
