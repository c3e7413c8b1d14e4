"""Results of engines that are kept: what makes another result, what is never kept, what the provenance then says."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from HCCResponseLib.base.jobs import ignore_progress, never
from HCCResponseLib.base.result_cache import ResultCache
from HCCResponseLib.engines import kept, versions
from HCCResponseLib.engines.contract import Request
from HCCResponseLib.engines.kept import KeptResults
from HCCResponseLib.engines.registry import engine_named, load_engine, module_of
from HCCResponseLib.engines.run import run_engine
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.volumes import LabelMap, Volume
from HCCResponseLib.imaging.write import write_label_map, write_volume
from HCCResponseLib.lesions.prompt import Click, Line
from without_torch import need_torch

SUPPORT = Path(__file__).resolve().parents[2] / "support"
GRID = Geometry((8, 12, 16), (2.5, 0.8, 0.8))


@pytest.fixture(autouse=True)
def _own_engines(monkeypatch):
    monkeypatch.setenv("HCC_RESPONSE_ENGINES", str(SUPPORT / "engines"))


@pytest.fixture
def folder(tmp_path) -> Path:
    """A scan and weights in a folder that names the patient, as folders of scans do."""
    made = tmp_path / "DOE^JANE"
    made.mkdir()
    hu = np.full(GRID.size, -1000, np.int16)
    hu[2:6, 3:9, 4:12] = 80
    hu[3:5, 4:6, 5:8] = 200
    write_volume(Volume(hu, GRID), made / "ct.nrrd")
    (made / "weights.bin").write_bytes(b"weights")
    return made


class Runs:
    """Runs the engine that counts, each time into a folder of its own."""

    def __init__(self, folder: Path, cache: ResultCache) -> None:
        self.folder, self.cache, self.number = folder, cache, 0

    def __call__(self, image: str = "ct.nrrd", weights: str = "weights.bin", **more):
        self.number += 1
        work = self.folder.parent / f"work{self.number}"
        work.mkdir()
        request = Request(self.folder / image, weights=self.folder / weights, device="cpu", **more)
        scan = replace(read_volume(request.image), remarks=("Of Jane Doe.",))
        places = KeptResults(self.cache, scan)
        return run_engine("counted", request, work, ignore_progress, never, places).require()

    def computed(self) -> int:
        return sum(
            len(log.read_text(encoding="utf-8").splitlines()) for log in self.folder.parent.rglob("*.log")
        )


@pytest.fixture
def run(folder, tmp_path) -> Runs:
    return Runs(folder, ResultCache(tmp_path / "cache"))


def test_the_same_image_and_weights_are_computed_once_and_mean_the_same(run):
    first, second = run(), run()
    assert run.computed() == 1
    assert first.labels.read_bytes() == second.labels.read_bytes()
    assert first.probabilities.read_bytes() == second.probabilities.read_bytes()
    assert first.provenance["from_cache"] is False
    said = dict(first.provenance) | {"from_cache": True, "image_remarks": ["Of Jane Doe."]}
    assert list(second.provenance.items()) == list(said.items()), "and it says when it was computed"
    there = second.labels.with_name("provenance.json")
    assert json.loads(there.read_text(encoding="utf-8")) == second.provenance


def test_of_a_scan_that_was_moved_the_provenance_names_the_place_where_it_is_now(run, folder):
    run()
    (folder / "moved").mkdir()
    for name in ("ct.nrrd", "weights.bin"):
        shutil.copy(folder / name, folder / "moved" / name)
    again = run("moved/ct.nrrd", "moved/weights.bin")
    assert run.computed() == 1
    assert again.provenance["image"] == str(folder / "moved" / "ct.nrrd")
    assert list(again.provenance["weights"]) == [str(folder / "moved" / "weights.bin")]


def test_a_damaged_result_is_computed_again_and_replaced(run):
    run()
    (file,) = run.cache.folder.iterdir()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)
    assert run().provenance["from_cache"] is False
    assert run().provenance["from_cache"] is True
    assert run.computed() == 2


def test_nothing_that_names_a_patient_is_kept(run, folder):
    drawn = LabelMap(np.eye(12, 16, dtype=np.uint8)[None].repeat(8, 0), GRID)
    write_label_map(drawn, folder / "prior-of-Jane.nrrd")
    run(prior=folder / "prior-of-Jane.nrrd")
    (file,) = run.cache.folder.iterdir()
    with zipfile.ZipFile(file) as stored:
        assert sorted(stored.namelist()) == ["about.json", "labels.nrrd", "probabilities.npz"]
        everything = b"".join(stored.read(name) for name in stored.namelist())
    assert not [word for word in (b"DOE", b"JANE", b"Jane", b"Doe", b"weights.bin") if word in everything]


def test_weights_or_image_changed_while_it_was_computed_are_not_kept(run):
    result = run()
    run.cache.clear()
    request = Request(run.folder / "ct.nrrd", weights=run.folder / "weights.bin", device="cpu")
    place = KeptResults(run.cache, read_volume(request.image)).of(engine_named("counted"), request)
    for changed in ({"weights": {"weights.bin": "0" * 64}}, {"image_sha256": "0" * 64}):
        place.keep(replace(result, provenance={**result.provenance, **changed}))
        assert run.cache.size() == (0, 0)
    place.keep(result)
    assert run.cache.size()[0] == 1


def with_prior(folder: Path, value: int) -> Path:
    path = folder / f"prior{value}.nrrd"
    write_label_map(LabelMap(np.full(GRID.size, value, np.uint8), GRID), path)
    return path


def test_everything_that_decides_on_a_result_makes_another_key(folder, tmp_path, monkeypatch):
    scan, info = read_volume(folder / "ct.nrrd"), engine_named("counted")
    plain = Request(folder / "ct.nrrd", weights=folder / "weights.bin", device="cpu")
    (folder / "other.bin").write_bytes(b"other weights")
    brighter = replace(scan, hu=scan.hu + np.int16(1))
    wider = replace(scan, geometry=replace(GRID, spacing=(2.5, 0.8, 0.81)))
    thicker = replace(scan, geometry=replace(GRID, slice_thickness_mm=5.0))
    ways = [
        (scan, plain),
        (brighter, plain),
        (wider, plain),
        (thicker, plain),
        (scan, replace(plain, weights=folder / "other.bin")),
        (scan, replace(plain, parameters={"patch": 48})),
        (scan, replace(plain, seed=1)),
        (scan, replace(plain, prior=with_prior(folder, 1))),
        (scan, replace(plain, prior=with_prior(folder, 2))),
        (scan, replace(plain, clicks=(Click((1.0, 2.0, 3.0), True),))),
        (scan, replace(plain, clicks=(Click((1.0, 2.0, 3.0), False),))),
        (scan, replace(plain, line=Line((0.0, 0.0, 0.0), (9.0, 0.0, 0.0)))),
        (scan, replace(plain, device="auto")),
    ]

    def key(scan: Volume, request: Request) -> str:
        return KeptResults(ResultCache(tmp_path), scan).of(info, request).key

    keys = [key(*way) for way in ways]
    assert key(replace(scan, remarks=("other words",), source="elsewhere"), plain) == keys[0]
    monkeypatch.setattr(kept, "sources_sha256", lambda: "changed software")
    keys.append(key(scan, plain))
    monkeypatch.setattr(kept, "versions", lambda: {"torch": "another"})
    keys.append(key(scan, plain))
    monkeypatch.setattr(kept, "machine", lambda device: {"processor": "another"})
    keys.append(key(scan, plain))
    assert len(set(keys)) == len(keys)


def test_a_change_of_the_software_s_own_files_is_another_software(tmp_path, monkeypatch):
    for name in ("engines/versions.py", "nets/windows.py", "panel/panel.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("before", encoding="utf-8")
    monkeypatch.setattr(versions, "__file__", str(tmp_path / "engines" / "versions.py"))
    compute = versions.sources_sha256.__wrapped__
    before = compute()
    (tmp_path / "panel" / "panel.py").write_text("after", encoding="utf-8")
    assert compute() == before
    (tmp_path / "nets" / "windows.py").write_text("after", encoding="utf-8")
    assert compute() != before


@pytest.mark.parametrize("name", ["command", "monai-bundle", "misbehaving"])
def test_an_engine_whose_result_hashes_cannot_tell_is_never_kept(name, folder, tmp_path):
    request = Request(folder / "ct.nrrd", device="cpu")
    places = KeptResults(ResultCache(tmp_path / "cache"), read_volume(request.image))
    assert places.of(engine_named(name), request) is None


def test_engines_name_the_files_that_decide_on_their_results(tmp_path, monkeypatch):
    from HCCResponseLib.adapt import engine as adapted
    from HCCResponseLib.base.resources import resource_path
    from HCCResponseLib.nets.weights_file import DEFAULT_MODEL

    shipped = resource_path(DEFAULT_MODEL)
    own = tmp_path / "own.safetensors"
    own.touch()
    fcd, prompt, nnunet, total = (
        load_engine(module_of(name)) for name in ("fcd", "prompt", "nnunet", "totalsegmentator")
    )
    assert (fcd.files(None, {}), fcd.files(own, {})) == ([shipped], [own])
    assert prompt.files(own, {}) == [own]
    assert adapted.files(own, {"base": ""}) == [own, shipped]
    assert adapted.files(own, {"base": str(own)}) == [own, own]
    results = tmp_path / "home" / "nnunet" / "results" / "Dataset591" / "trainer"
    for file in ("plans.json", "dataset.json", "fold_0/checkpoint_final.pth", "fold_1/checkpoint_final.pth"):
        (results / file).parent.mkdir(parents=True, exist_ok=True)
        (results / file).write_text("{}", encoding="utf-8")
    folds = {"folds": "1", "checkpoint": "checkpoint_final.pth"}
    named = ("plans.json", "dataset.json", "fold_1/checkpoint_final.pth")
    assert nnunet.files(results, folds) == [results / name for name in named]
    monkeypatch.delenv("TOTALSEG_HOME_DIR", raising=False)
    assert len(total.files(tmp_path / "home", {})) == 4


def test_weights_that_are_not_there_are_for_the_engine_to_complain_of(folder, tmp_path):
    request = Request(folder / "ct.nrrd", weights=folder / "none.bin", device="cpu")
    places = KeptResults(ResultCache(tmp_path / "cache"), read_volume(request.image))
    for name in ("counted", "fcd", "nnunet"):
        assert places.of(engine_named(name), request) is None


def test_of_our_own_network_the_kept_result_equals_a_new_one_in_every_bit(folder, tmp_path):
    need_torch()
    from small import tiny_model

    tiny_model(folder / "tiny.safetensors")
    places = KeptResults(ResultCache(tmp_path / "cache"), read_volume(folder / "ct.nrrd"))
    found = []
    for name, where in (("new", None), ("kept", places), ("taken", places)):
        (tmp_path / name).mkdir()
        request = Request(folder / "ct.nrrd", weights=folder / "tiny.safetensors", device="cpu")
        done = run_engine("fcd", request, tmp_path / name, ignore_progress, never, where).require()
        found.append((done, done.read_probabilities()))
    (new, a), (_, b), (taken, c) = found
    assert taken.provenance["from_cache"] is True
    assert a.liver.any() and a.liver.dtype == c.liver.dtype == np.float32
    assert all(
        np.array_equal(x, y) for x, y in ((a.liver, c.liver), (a.tumour, c.tumour), (b.liver, c.liver))
    )
    assert a.grid == c.grid
    assert np.array_equal(read_label_map(new.labels).labels, read_label_map(taken.labels).labels)
    changing = ("computed_at", "from_cache", "seconds", "peak_memory_mib")
    one, other = ({k: v for k, v in r.provenance.items() if k not in changing} for r in (new, taken))
    assert one == other
