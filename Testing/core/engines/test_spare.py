"""The prompt network that waits: the contour of the whole scan from its part, and every way to end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.jobs import Ending
from HCCResponseLib.engines.prompting.spare import Spare
from HCCResponseLib.imaging.geometry import Geometry, box_geometry
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.prompt import Click, Line, Prompts
from HCCResponseLib.nets.prompts.contour import contour_from_prompts
from HCCResponseLib.nets.prompts.network import load_prompt_model
from HCCResponseLib.nets.prompts.place import needed
from prompt_weights import NAME, dark_things
from waiting import alive, pids_in, wait_until, wait_until_gone

GEOMETRY = Geometry((60, 180, 180), (2.5, 0.8, 0.8), (-60.0, 20.0, 5.0))
SUPPORT = Path(__file__).resolve().parents[2] / "support"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / NAME
    dark_things(path)
    return path


@pytest.fixture(scope="module")
def ball():
    """A dark ball of 24 mm in tissue with grain, and its mask."""
    z, y, x = np.ogrid[0:60, 0:180, 0:180]
    truth = ((z - 30) * 2.5) ** 2 + ((y - 90) * 0.8) ** 2 + ((x - 60) * 0.8) ** 2 < 12.0**2
    grain = np.random.default_rng(1).normal(scale=4, size=truth.shape)
    return Volume((np.where(truth, 40, 100) + grain).astype(np.int16), GEOMETRY, "ball"), truth


@pytest.fixture(scope="module")
def spare(weights):
    """One for all tests: whatever has happened, the next question is answered."""
    made = Spare(weights, "cpu")
    yield made
    made.end()


def at(*index):
    x, y, z = GEOMETRY.index_to_lps(index).tolist()
    return x, y, z


LINE = Line(at(30, 90, 45), at(30, 90, 75))


def answer(spare):
    found = []
    wait_until(lambda: found.append(spare.poll()) or found[-1] is not None)
    return found[-1]


def dice(found, truth):
    mask = found.to_mask()
    return 2 * (mask & truth).sum() / (mask.sum() + truth.sum())


@pytest.mark.parametrize("prior", [False, True])
@pytest.mark.parametrize("shown", [Prompts(LINE), Prompts(clicks=(Click(at(30, 90, 60)),))])
def test_the_part_that_is_handed_on_gives_the_contour_of_the_whole_scan(weights, ball, shown, prior):
    image, truth = ball
    known = Lesion.of(truth) if prior else None
    box = needed(GEOMETRY, shown, known)
    assert np.prod([s.stop - s.start for s in box]) < image.hu.size or not shown.line
    model, part = load_prompt_model(weights), Volume(image.hu[box], box_geometry(GEOMETRY, box))
    whole = contour_from_prompts(model, image, shown, truth if prior else None)
    local = contour_from_prompts(model, part, shown, truth[box] if prior else None)
    found, wanted = (np.zeros(truth.shape, bool) for _ in range(2))
    found[box][local.box] = local.mask
    wanted[whole.box] = whole.mask
    assert wanted.any()
    assert (found == wanted).all()


def test_a_click_far_from_the_contour_says_nothing_of_it(ball):
    with pytest.raises(InputError, match="too far from the lesion"):
        needed(GEOMETRY, Prompts(clicks=(Click(at(30, 90, 175)),)), Lesion.of(ball[1]))


def test_a_line_and_a_correction_come_from_one_process_with_what_they_came_from(spare, weights, ball):
    image, truth = ball
    spare.prepare()
    wait_until(lambda: spare.poll() is None and spare.ready)
    pid = spare._worker._process.pid
    spare.ask(image, Prompts(LINE))
    with pytest.raises(InputError, match="being made"):
        spare.ask(image, Prompts(LINE))
    first = answer(spare).require()
    assert dice(first.contour, truth) > 0.9
    assert first.facts["line"] == {"start": LINE.start, "end": LINE.end}
    assert first.facts["weights"] == {NAME: load_prompt_model(weights).sha256}
    assert first.facts["engine"] == "prompt"
    where = at(30, 90, 82)
    spare.ask(image, Prompts(LINE, (Click(where),)), first.contour)
    second = answer(spare).require()
    assert spare._worker._process.pid == pid, "the same network answers again"
    assert second.facts["clicks"] == [{"lps": where, "inside": True}]
    assert not first.contour.to_mask()[30, 90, 82] and second.contour.to_mask()[30, 90, 82]
    assert not list(spare._worker.folder.iterdir()), "no part of the scan stays behind"


def test_what_is_refused_is_said_and_the_process_waits_on(spare, ball):
    image, _ = ball
    air = Volume(np.full(GEOMETRY.size, -1000, np.int16), GEOMETRY, "air")
    spare.ask(air, Prompts(LINE))
    found = answer(spare)
    assert (found.ending, found.kind) == (Ending.FAILED, InputError)
    assert found.message.startswith("No lesion was found at what was shown")
    spare.ask(image, Prompts(LINE))
    assert answer(spare).ending is Ending.DONE
    with pytest.raises(InputError, match="outside of the scan"):
        spare.ask(image, Prompts(Line((0.0, 0.0, 0.0), (900.0, 0.0, 0.0))))
    assert not spare.busy


def test_cancel_ends_the_process(spare, ball):
    image, _ = ball
    spare.ask(image, Prompts(LINE))
    worker = spare._worker
    spare.cancel()
    assert not spare.busy and spare.poll() is None
    assert not alive(worker._process.pid) and not worker.folder.exists()


def test_a_crash_is_said_and_the_next_line_starts_another_process(spare, ball):
    image, _ = ball
    spare.prepare()
    wait_until(lambda: spare.poll() is None and spare.ready)
    first = spare._worker
    os.kill(first._process.pid, signal.SIGSTOP)
    spare.ask(image, Prompts(LINE))
    os.kill(first._process.pid, signal.SIGABRT)
    os.kill(first._process.pid, signal.SIGCONT)
    found = answer(spare)
    assert found.ending is Ending.FAILED
    assert "killed by signal 6" in found.message
    assert found.message.endswith("the next line or click starts the network anew.")
    assert not first.folder.exists()
    spare.ask(image, Prompts(LINE))
    assert answer(spare).ending is Ending.DONE


def test_nobody_asks_and_the_process_ends_by_itself(weights):
    spare = Spare(weights, "cpu", idle_s=0.2)
    spare.prepare()
    first = spare._worker
    wait_until_gone([first._process.pid])
    assert spare.poll() is None, "to end after waiting is no failure"
    assert first.over and not first.folder.exists()
    assert not spare.ready, "the next line starts another"


def test_weights_that_cannot_be_read_are_said(tmp_path, ball):
    (tmp_path / "bad.safetensors").write_bytes(b"no model")
    spare = Spare(tmp_path / "bad.safetensors", "cpu")
    spare.ask(ball[0], Prompts(LINE))
    found = answer(spare)
    assert "it is damaged or no model" in found.message
    spare.end()


PARENT = """
import sys, time
from pathlib import Path
from HCCResponseLib.engines.prompting.spare import Spare
spare = Spare(Path(sys.argv[1]), "cpu")
spare.prepare()
Path(sys.argv[2]).write_text(str(spare._worker._process.pid))
time.sleep(600)
"""


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs /proc to look for processes")
def test_the_process_ends_with_its_parent_however_that_ends(weights, tmp_path):
    note = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(weights), str(note)])
    wait_until(lambda: pids_in(note))
    time.sleep(0.5)
    parent.kill()
    parent.wait()
    wait_until_gone(pids_in(note))


def test_whoever_asks_loads_no_network():
    code = "import sys, HCCResponseLib.engines.prompting.spare; print({'torch', 'monai'} & set(sys.modules) or 'none')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"
