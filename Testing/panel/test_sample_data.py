"""The sample data of the tutorial: offered at start, drawn on request, a study that opens."""

from __future__ import annotations

import sys
import types
from pathlib import Path

from HCCResponseLib.imaging.study import load_image, load_study
from small import small_subject


def test_it_is_offered_at_start_and_drawn_on_request(slicer_app, panel, monkeypatch):
    import slicer

    from HCCResponseLib.panel import sample_data

    offered = []
    module = types.ModuleType("SampleData")
    module.SampleDataLogic = types.SimpleNamespace(
        registerCustomSampleDataSource=lambda **given: offered.append(given)
    )
    monkeypatch.setitem(sys.modules, "SampleData", module)
    slicer.app.startupCompleted.emit()
    given = offered[-1]
    assert given["category"] == "HCC Response"
    monkeypatch.setattr("HCCResponseLib.synth.subject.make_subject", lambda *_, **__: small_subject())
    nodes = given["customDownloader"](None)
    assert [n.IsA("vtkMRMLScalarVolumeNode") for n in nodes] == [True, True]
    study = load_study(Path(slicer.app.temporaryPath) / "HCCResponseSample")
    assert [p.name for p in study.timepoints] == ["baseline", "follow-up 1"]
    assert load_image(study, study.timepoints[1]).hu.std() > 50
    assert sample_data.NAME in given["sampleName"]
