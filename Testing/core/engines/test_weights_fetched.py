"""TotalSegmentator's weights, downloaded on request from a server on the loopback: whole, or not there."""

import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from commands import answer
from HCCResponseLib.base.errors import InputError, ModelError
from HCCResponseLib.cli.main import app
from HCCResponseLib.engines.available.totalsegmentator import fetched_into, ready
from HCCResponseLib.engines.run import fetch_weights
from weights_server import (
    INSIDE,
    NAMES,
    archives,
    make_environment,
    packed,
    pretend_installed,
    results,
    serving,
    write_results,
)

FIRST = f"/{NAMES[291][1]}/{NAMES[291][0]}.zip"
COMMAND = ("engines", "install", "totalsegmentator", "--with-weights")
FOLDERS = sorted(name for name, _ in NAMES.values())


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    return make_environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TOTALSEG_HOME_DIR", raising=False)
    return tmp_path / "home"


@pytest.fixture
def installed(home, environment) -> Path:
    return pretend_installed(home, environment)


@pytest.fixture
def server():
    with serving(archives()) as one:
        yield one


def there() -> list[str]:
    """What lies where the weights belong, hidden files too."""
    return sorted(one.name for one in fetched_into().iterdir()) if fetched_into().is_dir() else []


def fetched(server) -> list[str]:
    return [path for path, _ in server.asked if path.endswith(".zip")]


def failure(server_address: str) -> str:
    with pytest.raises(InputError) as problem:
        fetch_weights("totalsegmentator", server_address)
    return str(problem.value)


def test_the_weights_of_the_tasks_in_use_come_and_are_whole(installed, server):
    assert not ready()
    seen: list = []
    facts = fetch_weights("totalsegmentator", server.address, seen.append)
    assert there() == FOLDERS
    assert sorted(fetched(server)) == sorted(server.files)
    assert facts["fetched"] == {
        Path(path).stem: hashlib.sha256(content).hexdigest() for path, content in server.files.items()
    }
    assert ready()
    assert (fetched_into() / NAMES[591][0] / INSIDE / "fold_0" / "checkpoint_final.pth").is_file()
    shares = [one.fraction for one in seen]
    assert shares == sorted(shares)
    assert seen[-1].stage.startswith("Downloading weights 4 of 4")


def test_they_come_from_the_address_of_its_own_downloader(home, tmp_path, server):
    pretend_installed(home, make_environment(tmp_path / "venv", server.address))
    fetch_weights("totalsegmentator")
    assert sorted(path for path, _ in server.asked) == sorted(server.files), (
        "no checksums are asked for there"
    )
    assert ready()


def test_size_licence_and_folder_are_said_before_anything_is_asked_of_the_network(installed, server):
    asked = CliRunner().invoke(app, [*COMMAND, "--weights-from", server.address], input="n\n")
    assert asked.exit_code == 1
    words = " ".join(asked.stderr.split())
    assert "whose packages are installed" in words
    assert "code Apache-2.0" in words
    assert "Licence of the weights: Apache-2.0 for these two tasks" in words
    assert "about 0.7 GB" in words
    assert str(fetched_into()) in words.replace(" ", "")
    assert server.asked == []
    assert there() == []


def test_the_command_installs_weights_alone_where_the_packages_are_there(installed, server):
    facts = answer(*COMMAND, "--weights-from", server.address, "--yes")
    assert set(facts) == {"weights"}, "no packages"
    assert sorted(facts["weights"]["fetched"]) == FOLDERS
    server.asked.clear()
    again = CliRunner().invoke(app, [*COMMAND])
    assert "Install?" not in again.stderr
    assert "All of them were there; nothing was downloaded." in again.stdout
    assert server.asked == []


def test_a_download_that_broke_goes_on_where_it_stopped(installed):
    with serving(archives(400_000)) as server:
        server.breaks_after = 100_000
        message = failure(server.address)
        # Three tries, each of which goes on from the one before.
        assert "broke after 0.3 MB; the same command goes on from there" in message
        assert "By hand: download" in message
        assert not ready()
        assert there() == [".downloads"]
        assert [part for path, part in server.asked if path == FIRST] == [
            None,
            "bytes=100000-",
            "bytes=200000-",
        ]
        server.breaks_after, server.asked[:], server.sent = None, [], 0
        facts = fetch_weights("totalsegmentator", server.address)
        assert ("bytes=300000-") in [part for path, part in server.asked if path == FIRST]
        assert server.sent == sum(map(len, server.files.values())) - 300_000
        assert facts["fetched"][NAMES[291][0]] == hashlib.sha256(server.files[FIRST]).hexdigest()
    assert there() == FOLDERS


def test_another_file_under_the_same_name_begins_anew(installed):
    with serving(archives(400_000)) as server:
        server.breaks_after = 100_000
        failure(server.address)
        server.breaks_after = None
        server.files[FIRST] = packed(results(size=300_000), f"{NAMES[291][0]}/{INSIDE}")
        facts = fetch_weights("totalsegmentator", server.address)
        assert facts["fetched"][NAMES[291][0]] == hashlib.sha256(server.files[FIRST]).hexdigest()


def test_a_stated_checksum_is_held(installed, server):
    server.files[FIRST + ".sha256"] = b"0" * 64 + b"  archive.zip\n"
    message = failure(server.address)
    assert "came damaged: its checksum is not the one that is stated for it" in message
    assert there() == [".downloads"]
    assert list((fetched_into() / ".downloads").iterdir()) == []
    server.files[FIRST + ".sha256"] = hashlib.sha256(server.files[FIRST]).hexdigest().upper().encode()
    fetch_weights("totalsegmentator", server.address)
    assert ready()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>Please sign in</html>", "damaged or no zip archive"),
        (archives()[FIRST][:-40], "damaged or no zip archive"),
        (packed(results(), "Dataset999_Other/inner"), "does not hold the weights"),
        (packed({**results(), "../../outside.txt": b"x"}, f"{NAMES[291][0]}/a/b"), "lies outside the folder"),
        (
            packed(
                {**results(), "fold_0/checkpoint_final.pth": b"PK\x03\x04 cut off"},
                f"{NAMES[291][0]}/{INSIDE}",
            ),
            "or not all of them",
        ),
    ],
    ids=["a page instead", "cut off", "other weights", "a way out", "weights cut off"],
)
def test_nothing_of_a_bad_archive_stays(installed, server, content, words):
    whole, server.files[FIRST] = server.files[FIRST], content
    assert words in failure(server.address)
    assert [one for one in there() if one != ".downloads"] == []
    server.files[FIRST] = whole
    fetch_weights("totalsegmentator", server.address)
    assert there() == FOLDERS


def test_without_network_the_way_by_hand_is_said(installed, server):
    server.close()
    message = failure(server.address)
    assert f"'{server.address}{FIRST}" in message
    assert "cannot be reached (" in message
    for path in server.files:
        assert server.address + path in message
    assert f"unpack them into '{fetched_into()}'" in message


def test_what_was_unpacked_by_hand_is_taken_and_only_the_rest_is_named(installed, server):
    for name, _ in NAMES.values():
        if "591" not in name:
            write_results(fetched_into() / name / INSIDE, results())
    del server.files[f"/{NAMES[591][1]}/{NAMES[591][0]}.zip"]
    message = failure(server.address)
    assert "the server answers 404" in message
    assert message.count(".zip") == 2, "the archive that could not be had, and it alone by hand"
    write_results(fetched_into() / NAMES[591][0] / INSIDE, results())
    assert fetch_weights("totalsegmentator", "http://127.0.0.1:9")["were_there"] == 4


def test_a_folder_that_is_only_half_there_does_not_count_and_is_replaced(installed, server):
    half = fetched_into() / NAMES[298][0]
    write_results(half / INSIDE, {**results(), "fold_0/checkpoint_final.pth": b"PK\x03\x04 cut off"})
    (half / "left behind").touch()
    fetch_weights("totalsegmentator", server.address)
    assert ready()
    assert not (half / "left behind").exists()
    assert there() == FOLDERS


def test_cancelling_leaves_a_state_from_which_the_same_command_goes_on(installed):
    with serving(archives(3_000_000)) as server:
        server.slow = 1_000_000
        words = [sys.executable, "-m", "HCCResponseLib", *COMMAND, "--weights-from", server.address, "--yes"]
        # Where the tests run in the background they ignore Ctrl-C, and children inherit that.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        running = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
        signal.signal(signal.SIGINT, before)
        part = fetched_into() / ".downloads" / f"{NAMES[291][0]}.zip.part"
        until = time.monotonic() + 60
        while not (part.is_file() and part.stat().st_size > 200_000):
            assert time.monotonic() < until
            assert running.poll() is None, running.stderr.read()
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=30)[1]
        assert running.returncode == 130
        assert "cancelled; the same command goes on from here" in said
        assert there() == [".downloads"]
        have = part.stat().st_size
        server.slow, server.asked[:] = None, []
        facts = answer(*COMMAND, "--weights-from", server.address, "--yes")
        assert (FIRST, f"bytes={have}-") in server.asked
        assert facts["weights"]["fetched"][NAMES[291][0]] == hashlib.sha256(server.files[FIRST]).hexdigest()
    assert there() == FOLDERS


def test_a_version_that_downloads_in_another_way_says_how_it_is_done_by_hand(home, tmp_path, server):
    other = "def download_pretrained_weights(task_id):\n    pass\n"
    pretend_installed(home, make_environment(tmp_path / "venv", server.address, other))
    message = failure(server.address)
    assert "in a way that is not known here" in message
    assert f"unpack them into '{fetched_into()}'" in message


def test_what_cannot_be_done_is_refused_before_anything_is_asked(home, tmp_path):
    def refusal(*words: object) -> str:
        done = CliRunner().invoke(app, ["engines", "install", *map(str, words)])
        assert done.exit_code == 1
        return " ".join(done.stderr.split())

    assert "add --with-weights" in refusal("nnunet", tmp_path)
    assert "Name the weights: hcc-response engines install nnunet" in refusal("nnunet", "--with-weights")
    assert "downloads its own weights; leave" in refusal("totalsegmentator", "--with-weights", tmp_path)
    assert "are not installed by a command" in refusal("monai-bundle", "--with-weights")
    source = ("totalsegmentator", "--with-weights", "--weights-from", "ftp://here")
    assert "it starts with https://" in refusal(*source)
    assert "without network" in refusal("totalsegmentator", "--with-weights", "--offline", tmp_path)
    with pytest.raises(ModelError, match="is not installed"):
        fetch_weights("totalsegmentator")
    assert not home.exists()
