"""The prompt network as the second look of a run: an engine in a process of its own, asked about one place."""

import numpy as np
import pytest

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import ignore_progress
from HCCResponseLib.engines.environments import weights_folder
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.study import TimePointEntry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.prompt import Line
from HCCResponseLib.pipeline import second_look
from HCCResponseLib.pipeline.request import Options
from HCCResponseLib.pipeline.second_look import SecondLook
from HCCResponseLib.pipeline.segmentation import EngineRunner
from prompt_weights import NAME, dark_things
from shapes import ball

GRID = Geometry((24, 60, 60), (2.5, 1.0, 1.0), (-30.0, 10.0, 5.0))
TRUE = ball(GRID.size, (12, 30, 30), 10) & (np.arange(24) > 8)[:, None, None]
LINE = Line((-10.0, 40.0, 35.0), (9.0, 40.0, 35.0))


@pytest.fixture
def asked(tmp_path):
    """A scan with a dark lesion, and who is asked about it."""

    def of(lesion):
        hu = np.full(GRID.size, -1000, np.int16)
        hu[:, 4:-4, 4:-4] = 100
        hu[lesion] = 40
        write_volume(Volume(hu, GRID), tmp_path / "ct.nii.gz")
        image = read_volume(tmp_path / "ct.nii.gz")
        point = TimePointEntry(name="follow-up", date="2026-02-01", image=tmp_path / "ct.nii.gz")
        runner = EngineRunner(Options(results=tmp_path / "kept"), lambda: False, {"follow-up": image})
        return SecondLook(runner, point, image, ignore_progress)

    return of


def test_the_place_is_contoured_on_the_scan_s_own_grid_and_the_weights_are_on_record(asked):
    digest = dark_things(weights_folder("prompt") / NAME)
    second = asked(TRUE)
    found = second.ask()(LINE)
    assert found.shape == GRID.size
    truth = Lesion.of(TRUE)
    assert 2 * found.overlap(truth) / (found.count + truth.count) > 0.8
    (record,) = second.answers
    assert digest in str(record)


def test_why_nothing_was_found_is_on_record(asked, monkeypatch):
    dark_things(weights_folder("prompt") / NAME)
    second = asked(np.zeros(GRID.size, bool))
    monkeypatch.setattr(EngineRunner, "shown", refuse)
    assert second.ask()(LINE) is None
    assert second.answers == [{"nothing": "No lesion was found at what was shown."}]


def refuse(*_):
    raise InputError("No lesion was found at what was shown.")


def test_without_weights_nobody_is_asked(asked, monkeypatch):
    monkeypatch.setattr(second_look, "weights_at_hand", lambda info: None)
    assert asked(TRUE).ask() is None
