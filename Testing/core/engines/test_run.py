"""The boundary of segmentation engines: what is asked, four ways to end, offers, provenance, cancel."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from HCCResponseLib.base.errors import InputError, JobCancelledError, JobFailedError, JobOutOfMemoryError
from HCCResponseLib.base.jobs import Ending
from HCCResponseLib.cli.main import app
from HCCResponseLib.engines import memory
from HCCResponseLib.engines.contract import Request
from HCCResponseLib.engines.job import EngineJob
from HCCResponseLib.engines.registry import engine_named, engines
from HCCResponseLib.engines.run import check_engine, run_engine
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.lesions.prompt import Click, Line
from waiting import pids_in, wait_until, wait_until_gone
from without_torch import need_torch

LINE = Line((0.0, 0.0, 0.0), (9.0, 0.0, 0.0))
SUPPORT = Path(__file__).resolve().parents[2] / "support"


@pytest.fixture(autouse=True)
def _own_engines(monkeypatch):
    monkeypatch.setenv("HCC_RESPONSE_ENGINES", str(SUPPORT / "engines"))


@pytest.fixture
def ct(tmp_path) -> Path:
    hu = np.full((8, 12, 16), -1000, np.int16)
    hu[2:6, 3:9, 4:12] = 80
    write_volume(Volume(hu, Geometry(hu.shape, (2.5, 0.8, 0.8))), tmp_path / "ct.nrrd")
    return tmp_path / "ct.nrrd"


@pytest.fixture
def act(ct, tmp_path):
    def run(what: str, cancelled=lambda: False, seen=None, **parameters):
        folder = tmp_path / "work"
        folder.mkdir(exist_ok=True)
        request = Request(ct, device="cpu", parameters={"act": what, **parameters})
        return run_engine(
            "misbehaving", request, folder, (seen if seen is not None else []).append, cancelled
        )

    return run


def test_a_new_engine_is_one_new_file():
    names = [info.name for info in engines()]
    assert names[:2] == ["fcd", "adapted"]
    assert {"command", "monai-bundle", "nnunet", "totalsegmentator", "misbehaving"} <= set(names)
    with pytest.raises(InputError, match="no engine 'magic'; known are fcd, adapted"):
        engine_named("magic")


def test_an_unknown_engine_is_answered_with_the_folder_of_one_s_own(tmp_path, monkeypatch):
    monkeypatch.delenv("HCC_RESPONSE_ENGINES", raising=False)
    with pytest.raises(InputError, match="HCC_RESPONSE_ENGINES names their folder .*is not set"):
        engine_named("bright")
    monkeypatch.setenv("HCC_RESPONSE_ENGINES", str(tmp_path))
    with pytest.raises(InputError, match=f"HCC_RESPONSE_ENGINES names '{tmp_path}'"):
        engine_named("bright")


def test_done_with_result_files_provenance_and_progress(act, ct):
    need_torch()
    seen: list = []
    outcome = act("well", seen=seen)
    assert outcome.ending is Ending.DONE
    result = outcome.result
    labels = read_label_map(result.labels)
    found = result.read_probabilities()
    assert found.grid == labels.geometry
    assert np.array_equal(found.tumour, (labels.labels == 2).astype(np.float32))
    facts = result.provenance
    assert facts == json.loads((result.labels.parent / "provenance.json").read_text(encoding="utf-8"))
    assert facts["parameters"] == {"act": "well", "note": "", "patch": 64}
    assert facts["device"] == "cpu"
    assert facts["seed"] == 0
    assert {"hcc-response", "python", "torch", "numpy"} <= set(facts["versions"])
    assert len(facts["image_sha256"]) == 64
    assert [p.stage for p in seen] == ["Reading the image", "acting", "Writing the result"]
    assert seen[1].memory_mib > 10
    assert seen[1].seconds_left >= 0


def test_a_job_that_dies_says_why(act):
    outcome = act("die")
    assert outcome.ending is Ending.FAILED
    assert "exit status 3" in outcome.message
    assert "first line | second line | the reason of death" in outcome.message
    outcome = act("raise")
    assert outcome.ending is Ending.FAILED
    assert "ZeroDivisionError: a fault of the engine" in outcome.message
    outcome = act("model")
    assert (outcome.ending, outcome.offers) == (Ending.FAILED, ())
    assert outcome.message == "weights 'w.pt' are missing; they belong in FOLDER"


def test_a_full_disk_says_so(act, tmp_path):
    outcome = act("full disk")
    assert outcome.ending is Ending.FAILED
    assert outcome.message.startswith("No room left on the disk for")
    assert not (tmp_path / "work" / "labels.nrrd").exists()


@pytest.mark.parametrize("way", ["memory", "torch memory", "cuda memory", "killed"])
def test_out_of_memory_is_an_offer(act, way):
    if way in ("torch memory", "cuda memory"):
        need_torch()
    outcome = act(way)
    assert outcome.ending is Ending.OUT_OF_MEMORY
    assert "memory" in outcome.message
    (offer,) = outcome.offers
    assert offer.title == "Smaller patch: 48"
    changed = Request(Path("x"), parameters={"act": "well"}).lighter(offer)
    assert changed.parameters == {"act": "well", "patch": 48}


def test_the_command_prints_the_offers_with_their_options(ct, tmp_path):
    words = ["segment", str(ct), "--output", str(tmp_path / "out.nrrd"), "--engine", "misbehaving"]
    done = CliRunner().invoke(app, [*words, "--set", "act=memory", "--device", "cpu"])
    assert done.exit_code == 1
    line = done.stderr.splitlines()[-1]
    assert line.startswith("error: Out of memory.")
    assert line.endswith("Lighter settings: Smaller patch: 48 (--set patch=48).")
    assert not (tmp_path / "out.nrrd").exists()


def test_offers_end_with_the_smallest_patch_and_the_cpu():
    info = engine_named("misbehaving")
    on_gpu = info.offers(Request(Path("x"), device="cuda:1", parameters={"patch": 48}))
    assert [o.title for o in on_gpu] == ["Smaller patch: 32", "Run on the CPU (slower)"]
    assert Request(Path("x"), device="cuda:1").lighter(on_gpu[1]).device == "cpu"
    assert info.offers(Request(Path("x"), device="cpu", parameters={"patch": 32})) == ()
    nnunet = engine_named("nnunet").offers(Request(Path("x"), device="cuda"))
    assert [o.title for o in nnunet] == ["Set results_on to cpu", "Run on the CPU (slower)"]


def test_too_little_memory_is_said_before_the_start(act, monkeypatch):
    monkeypatch.setattr(memory, "free_system_mib", lambda: 0.5)
    seen: list = []
    outcome = act("well", seen=seen)
    assert outcome.ending is Ending.OUT_OF_MEMORY
    assert "needs about 0.0 GiB of memory, but only 0.0 GiB are free" in outcome.message
    assert outcome.offers
    assert seen == []


def test_gpus_are_numbered_as_torch_does(tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho ${1#--id=}\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert memory.free_gpu_mib(1) == 1
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert memory.free_gpu_mib(1) == 5


def test_free_memory_is_known_here():
    assert 10 < memory.free_system_mib() < 1e7


def test_a_full_gpu_is_said_before_the_start(ct, tmp_path, monkeypatch):
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho 100\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    assert memory.free_gpu_mib() == 100
    outcome = run_engine("misbehaving", Request(ct, device="cuda"), tmp_path)
    assert outcome.ending is Ending.OUT_OF_MEMORY
    assert "GPU memory" in outcome.message
    assert "cpu" in [o.device for o in outcome.offers]
    (tmp_path / "work").mkdir()
    assert run_engine("misbehaving", Request(ct), tmp_path / "work").require().provenance["device"] == "cpu"


def was_ended(note: Path) -> bool:
    """Whether what sleeps in the engine was ended; it leaves a word where it comes to its own end."""
    wait_until_gone(pids_in(note))
    return not note.with_name("over").exists()


@pytest.mark.parametrize(("moment", "processes"), [("import", 1), ("stubborn", 2)])
def test_cancel_ends_the_tree(act, tmp_path, moment, processes):
    """How fast, bench_cancel says: less than two seconds on a quiet machine."""
    note = tmp_path / "pids"
    outcome = act(moment, lambda: len(pids_in(note)) == processes, note=str(note))
    assert outcome.ending is Ending.CANCELLED
    assert was_ended(note)


def test_cancel_at_the_very_start(act, tmp_path):
    note = tmp_path / "pids"
    assert act("stubborn", lambda: True, note=str(note)).ending is Ending.CANCELLED
    assert was_ended(note)


def test_what_a_finished_engine_left_running_is_ended(act, tmp_path):
    note = tmp_path / "pids"
    assert act("orphan", note=str(note)).ending is Ending.DONE
    assert len(pids_in(note)) == 1
    assert was_ended(note)


def test_a_job_ends_with_its_caller(ct, tmp_path):
    """A caller that is killed cannot end its job; the job notices."""
    note = tmp_path / "pids"
    code = (
        "import sys; from pathlib import Path; from HCCResponseLib.engines.contract import Request;"
        "from HCCResponseLib.engines.run import run_engine;"
        "p={'act': 'stubborn', 'note': sys.argv[3]};"
        "run_engine('misbehaving', Request(Path(sys.argv[1]), device='cpu', parameters=p), Path(sys.argv[2]))"
    )
    caller = subprocess.Popen([sys.executable, "-c", code, str(ct), str(tmp_path), str(note)])
    wait_until(lambda: len(pids_in(note)) == 2)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    assert was_ended(note)


def test_what_cannot_work_is_refused_before_the_start(ct, tmp_path):
    def message(name, **words):
        outcome = run_engine(name, Request(ct, **words), tmp_path)
        assert outcome.ending is Ending.FAILED
        return outcome.message

    assert "no engine 'magic'" in message("magic")
    assert "no parameter 'speed'; known are act, note, patch" in message(
        "misbehaving", parameters={"speed": 1}
    )
    assert "of type int, not 'big'" in message("misbehaving", parameters={"patch": "big"})
    assert "Unknown device 'tpu'" in message("misbehaving", device="tpu")
    assert "does not use clicks" in message("misbehaving", clicks=(Click((0.0, 0.0, 0.0)),))
    assert "do not exist: in FOLDER" in message("misbehaving", weights=tmp_path / "none")
    assert "needs an earlier contour" in message("adapted", weights=ct)
    assert "does not exist" in message("misbehaving", weights=None, prior=tmp_path / "none.nrrd")


@pytest.fixture(params=["our environment", "an engine's own, without pydantic"])
def _environment(request, monkeypatch):
    if request.param != "our environment":
        monkeypatch.setitem(sys.modules, "pydantic", None)


def test_requests_survive_the_way_to_the_child(tmp_path, _environment):
    request = Request(
        tmp_path / "a", tmp_path / "b", (Click((1.0, 2.0, 3.0), False),), None, "cuda:1", 7, line=LINE
    )
    for job in (EngineJob("m", request, tmp_path), EngineJob("m", weights=tmp_path)):
        assert EngineJob.read(job.to_text()) == job


@pytest.mark.parametrize("name", ["engine", "seed", "inside"])
def test_unknown_keys_of_a_request_are_refused(tmp_path, _environment, name):
    text = EngineJob("m", Request(tmp_path, clicks=(Click((0.0, 0.0, 0.0)),))).to_text()
    with pytest.raises(InputError, match="cannot be started as asked: [^\n]*$"):
        EngineJob.read(text.replace(f'"{name}"', f'"{name}s"'))


def test_an_image_that_was_changed_is_refused(ct, tmp_path):
    known = read_volume(ct).sha256
    asked = Request(ct, device="cpu", image_sha256=known)
    (tmp_path / "work").mkdir()
    assert run_engine("misbehaving", asked, tmp_path / "work").ending is Ending.DONE
    image = read_volume(ct)
    write_volume(Volume(image.hu, replace(image.geometry, spacing=(2.5, 0.8, 0.9))), ct)
    outcome = run_engine("misbehaving", asked, tmp_path / "work")
    assert outcome.ending is Ending.FAILED
    assert f"Image '{ct}' was changed while it was being worked on" in outcome.message
    with pytest.raises(InputError, match="was changed"):
        outcome.require()


def test_states_become_errors_for_callers_that_need_a_result(act):
    with pytest.raises(JobFailedError, match="exit status 3"):
        act("die").require()
    with pytest.raises(JobOutOfMemoryError, match="Lighter settings: Smaller patch: 48"):
        act("memory").require()
    with pytest.raises(JobCancelledError):
        act("well", lambda: True).require()


def test_the_same_seed_gives_the_same_result(act, tmp_path):
    first = act("well").require().read_probabilities().tumour
    assert np.array_equal(first, act("well").require().read_probabilities().tumour)


def test_check_runs_in_the_engine_s_process(tmp_path):
    facts = check_engine("misbehaving", tmp_path)
    assert facts["weights"] == str(tmp_path)
    assert "numpy" in facts["versions"]
