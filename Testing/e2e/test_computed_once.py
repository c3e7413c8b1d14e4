"""No network looks at the same scan twice: within a command, and in a later one unless it is told to."""

import json
import os
from pathlib import Path

import pytest
import yaml

from commands import answer, run
from HCCResponseLib.imaging.read import read_volume
from small import small_study, tiny_model

SUPPORT = Path(__file__).resolve().parents[1] / "support"


@pytest.fixture
def scans(tmp_path, monkeypatch) -> Path:
    """The small subject without a reader's contour, and an engine that notes each scan that it looks at."""
    monkeypatch.setenv("HCC_RESPONSE_ENGINES", str(SUPPORT / "engines"))
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path / "home"))
    file = small_study(tmp_path / "study")
    study = yaml.safe_load(file.read_text(encoding="utf-8"))
    study["timepoints"][0].pop("contour")
    file.write_text(yaml.safe_dump(study), encoding="utf-8")
    tiny_model(file.parent / "tiny.pt")
    (file.parent / "weights.bin").write_bytes(b"weights")
    return file.parent


def looked_at(folder: Path) -> dict[str, int]:
    """How often the engine looked at each visit."""
    log = (folder / "weights.log").read_text(encoding="utf-8").split()
    names = {read_volume(folder / f"{name}.nii.gz").voxels_sha256: name for name in ("baseline", "follow-up")}
    return {name: log.count(sha) for sha, name in names.items()}


def assess(folder: Path, output: Path, *more: object):
    words = ("--engine", "counted", "--weights", folder / "weights.bin", "--model", folder / "tiny.pt")
    words += ("--steps", 1, "--accept-proposals-as", "Dr A", "--output", output, "--device", "cpu")
    return run("assess", folder, *words, *more, "--json")


def provenance(output: Path) -> dict:
    from HCCResponseLib.review.read.session import open_session, stored_study

    return open_session(stored_study(output), output).state.provenance


@pytest.mark.slow
def test_assess_looks_at_each_scan_once_even_where_nothing_is_kept(scans, tmp_path):
    """The baseline is looked at before it is decided on, and needed again for the follow-up."""
    done = assess(scans, tmp_path / "read", "--no-cache")
    assert "time_points" in json.loads(done.stdout), done.stderr
    assert looked_at(scans) == {"baseline": 1, "follow-up": 1}
    assert not (tmp_path / "home" / "cache").exists()


@pytest.mark.slow
def test_a_second_read_of_the_same_scans_computes_nothing_and_means_the_same(scans, tmp_path, monkeypatch):
    monkeypatch.setenv("HCC_RESPONSE_CACHE_MIB", "50")
    first, second = (assess(scans, tmp_path / name) for name in ("one", "two"))
    assert looked_at(scans) == {"baseline": 1, "follow-up": 1}
    rows = [json.loads(done.stdout)["time_points"] for done in (first, second)]
    assert rows[0] == rows[1]
    before, after = (provenance(tmp_path / name) for name in ("one", "two"))
    assert after["baseline"]["survey"]["from_cache"] is True
    for part in ("survey", "adaptation"):
        one, two = (facts["follow-up 1"][part] for facts in (before, after))
        assert (one.pop("from_cache"), two.pop("from_cache")) == (False, True)
        assert one == two
    page = (tmp_path / "two" / "report.html").read_text(encoding="utf-8")
    assert "taken from the cache, computed on" in page
    assert "taken from the cache, computed on" not in (tmp_path / "one" / "report.html").read_text("utf-8")
    assess(scans, tmp_path / "three", "--no-cache")
    assert looked_at(scans) == {"baseline": 2, "follow-up": 2}


def test_segment_takes_a_kept_result_unless_told_not_to(scans, tmp_path, monkeypatch):
    monkeypatch.setenv("HCC_RESPONSE_CACHE_MIB", "50")
    words = ("segment", scans / "follow-up.nii.gz", "--engine", "counted", "--weights", scans / "weights.bin")
    first = answer(*words, "-o", tmp_path / "one.nrrd")
    second = answer(*words, "-o", tmp_path / "two.nrrd")
    assert (first.pop("from_cache"), second.pop("from_cache")) == (False, True)
    assert looked_at(scans)["follow-up"] == 1
    assert {**first, "output": ""} == {**second, "output": ""}
    assert (tmp_path / "one.nrrd").read_bytes() == (tmp_path / "two.nrrd").read_bytes()
    answer(*words, "-o", tmp_path / "three.nrrd", "--no-cache")
    assert looked_at(scans)["follow-up"] == 2


def test_the_cache_tells_its_place_and_size_and_is_emptied(tmp_path, monkeypatch):
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path))
    monkeypatch.setenv("HCC_RESPONSE_CACHE_MIB", "50")
    folder = tmp_path / "cache" / "results"
    assert answer("engines", "cache") == {"folder": str(folder), "results": 0, "mib": 0, "limit_mib": 50}
    folder.mkdir(parents=True)
    (folder / "a.result").write_bytes(os.urandom(3 * 1024 * 1024))
    assert run("engines", "cache").stdout.splitlines() == [str(folder), "1 result, 3 MiB of at most 50 MiB"]
    assert answer("engines", "cache", "--clear")["results"] == 0
    assert not list(folder.iterdir())
    monkeypatch.setenv("HCC_RESPONSE_CACHE_MIB", "0")
    off = "0 results, 0 MiB; switched off by HCC_RESPONSE_CACHE_MIB=0"
    assert run("engines", "cache").stdout.splitlines() == [str(folder), off]
    monkeypatch.setenv("HCC_RESPONSE_CACHE_MIB", "lots")
    wrong = run("engines", "cache")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
    assert "must be the largest size of the cache in MiB, or 0 for no cache" in wrong.stderr
