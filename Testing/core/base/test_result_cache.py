"""The cache of results: whole or none, a limit on its size, a switch, two processes at once, no names."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from HCCResponseLib.base.errors import InputError, StorageError
from HCCResponseLib.base.folders import cache_folder
from HCCResponseLib.base.result_cache import ResultCache, key_of, users_cache

KEY = key_of({"image": "a"})


@pytest.fixture
def cache(tmp_path) -> ResultCache:
    return ResultCache(tmp_path / "cache" / "results")


def written(folder: Path, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "labels.nrrd").write_bytes(content)
    return folder / "labels.nrrd"


def keep(cache: ResultCache, folder: Path, key: str, content: bytes) -> None:
    cache.keep(key, {"labels.nrrd": written(folder, content)}, {"device": "cpu"})


def test_what_was_kept_comes_back_byte_by_byte_with_its_notes(cache, tmp_path):
    content = os.urandom(1000) + bytes(100_000)
    keep(cache, tmp_path / "made", KEY, content)
    (tmp_path / "work").mkdir()
    assert cache.take(KEY, tmp_path / "work") == {"device": "cpu"}
    assert (tmp_path / "work" / "labels.nrrd").read_bytes() == content
    count, size = cache.size()
    assert count == 1 and size < 5000, "zeros take no room"
    assert cache.take(key_of({"image": "b"}), tmp_path / "work") is None


def test_a_damaged_or_cut_off_result_is_never_used_and_is_replaced(cache, tmp_path):
    content = b"what was once computed" * 20
    keep(cache, tmp_path / "made", KEY, content)
    (file,) = cache.folder.iterdir()
    whole = file.read_bytes()
    damaged = [whole[:n] for n in (0, 10, 64, 65, len(whole) // 2, len(whole) - 1)]
    damaged += [whole[:n] + bytes([whole[n] ^ 1]) + whole[n + 1 :] for n in range(0, len(whole), 7)]
    (tmp_path / "work").mkdir()
    for bad in (*damaged, whole + b"x"):
        file.write_bytes(bad)
        assert cache.take(KEY, tmp_path / "work") is None
        assert not file.exists()
        assert not list((tmp_path / "work").iterdir())
    keep(cache, tmp_path / "made", KEY, content)
    assert cache.take(KEY, tmp_path / "work") is not None


def test_beyond_the_limit_what_was_used_longest_ago_goes(tmp_path):
    cache = ResultCache(tmp_path / "cache", limit_mib=0.1)
    keys = [key_of({"number": n}) for n in range(4)]
    (tmp_path / "work").mkdir()
    for number, key in enumerate(keys[:3]):
        keep(cache, tmp_path / "made", key, os.urandom(30_000))
        os.utime(cache.folder / f"{key}.result", (number + 1, number + 1))
    assert cache.take(keys[0], tmp_path / "work"), "used again, so that it is not the oldest"
    keep(cache, tmp_path / "made", keys[3], os.urandom(30_000))
    there = [key for key in keys if cache.take(key, tmp_path / "work")]
    assert there == [keys[0], keys[2], keys[3]]
    assert cache.size()[1] <= 0.1 * 1024 * 1024


def test_a_result_larger_than_the_limit_is_not_kept_and_drives_nothing_out(tmp_path):
    cache = ResultCache(tmp_path / "cache", limit_mib=0.1)
    keep(cache, tmp_path / "made", KEY, os.urandom(1000))
    keep(cache, tmp_path / "made", key_of({"large": 1}), os.urandom(200_000))
    assert [path.stem for path in cache.folder.iterdir()] == [KEY]


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(tmp_path):
    (tmp_path / "file").write_text("a file, where a folder should be")
    cache = ResultCache(tmp_path / "file" / "cache")
    keep(cache, tmp_path / "made", KEY, b"content")
    assert cache.take(KEY, tmp_path) is None
    assert cache.size() == (0, 0)


def test_what_a_process_that_was_ended_has_left_goes_after_a_day(cache, tmp_path):
    keep(cache, tmp_path / "made", KEY, b"content")
    left, fresh = (cache.folder / f".writing-{name}.result" for name in ("left", "fresh"))
    for path in (left, fresh):
        path.write_bytes(bytes(100))
    os.utime(left, (time.time() - 2 * 86400,) * 2)
    keep(cache, tmp_path / "made", key_of({"next": 1}), b"content")
    assert (left.exists(), fresh.exists()) == (False, True)
    cache.clear()
    assert not list(cache.folder.iterdir())


def test_no_room_where_a_result_is_wanted_is_said(cache, tmp_path):
    keep(cache, tmp_path / "made", KEY, b"content")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "labels.nrrd").mkdir()
    with pytest.raises(StorageError, match="cannot be written"):
        cache.take(KEY, tmp_path / "work")
    assert cache.size()[0] == 1, "the result itself is whole"


WRITER = """
import os, sys
from pathlib import Path
from HCCResponseLib.base.result_cache import ResultCache, key_of
cache, own = ResultCache(Path(sys.argv[1]), 0.2), Path(sys.argv[2])
for folder in (own, own / "work"):
    folder.mkdir()
for turn in range(60):
    key = key_of({"number": turn % 6})
    if cache.take(key, own / "work") is not None:
        assert (own / "work" / "file").read_bytes()[:1] == b"%d" % (turn % 6)
    (own / "file").write_bytes(b"%d" % (turn % 6) + os.urandom(50_000))
    cache.keep(key, {"file": own / "file"}, {})
"""


def test_two_processes_may_write_read_and_delete_at_once(tmp_path):
    words = [sys.executable, "-c", WRITER, str(tmp_path / "cache")]
    both = [
        subprocess.Popen([*words, str(tmp_path / name)], stderr=subprocess.PIPE, text=True) for name in "ab"
    ]
    assert [process.communicate()[1] for process in both] == ["", ""]
    assert [process.returncode for process in both] == [0, 0]
    count, size = ResultCache(tmp_path / "cache").size()
    assert count in (3, 4) and size <= 0.2 * 1024 * 1024


def test_the_variable_sets_the_limit_and_switches_it_off(monkeypatch, tmp_path):
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path))
    monkeypatch.delenv("HCC_RESPONSE_CACHE_MIB")
    assert users_cache() == ResultCache(tmp_path / "cache" / "results", 2048)
    monkeypatch.setenv("HCC_RESPONSE_CACHE_MIB", "100")
    assert users_cache().limit_mib == 100
    monkeypatch.setenv("HCC_RESPONSE_CACHE_MIB", "0")
    assert users_cache() is None
    for wrong in ("much", "-1", "nan", "inf"):
        monkeypatch.setenv("HCC_RESPONSE_CACHE_MIB", wrong)
        with pytest.raises(InputError, match=f"HCC_RESPONSE_CACHE_MIB is '{wrong}'"):
            users_cache()


def test_without_a_named_home_it_lies_in_the_system_s_folder_for_caches(monkeypatch, tmp_path):
    import platformdirs

    monkeypatch.delenv("HCC_RESPONSE_HOME")
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path / "hcc-response")
    assert cache_folder() == tmp_path / "hcc-response"


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_only_the_user_may_look_into_it(cache, tmp_path):
    keep(cache, tmp_path / "made", KEY, b"content")
    assert cache.folder.stat().st_mode & 0o077 == 0
