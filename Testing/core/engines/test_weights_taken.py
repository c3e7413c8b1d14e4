"""Weights of nnU-Net that the user has, as a folder or an archive: checked, and put into place whole or not at all."""

import hashlib
import json
import os
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from HCCResponseLib.base.errors import HCCResponseError, InputError, StorageError
from HCCResponseLib.base.jobs import ignore_progress
from HCCResponseLib.cli.main import app
from HCCResponseLib.engines.available.nnunet import take
from HCCResponseLib.engines.environments import weights_folder
from weights_server import INSIDE, packed, results, write_results

DATASET = "Dataset003_Liver"
CHECKPOINT = "fold_0/checkpoint_final.pth"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def archive(tmp_path: Path, files: dict[str, bytes], above: str = f"{DATASET}/{INSIDE}") -> Path:
    file = tmp_path / "model.zip"
    file.write_bytes(packed(files, above))
    return file


def taken() -> dict[str, bytes]:
    """Files in the folder where the engine looks, by name."""
    folder = weights_folder("nnunet")
    return {str(f.relative_to(folder).as_posix()): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def left_over() -> list[str]:
    """What lies beside that folder, hidden files too."""
    beside = weights_folder("nnunet").parent
    return sorted(one.name for one in beside.iterdir()) if beside.is_dir() else []


def refusal(given: Path) -> str:
    with pytest.raises(HCCResponseError) as problem:
        take(given, ignore_progress)
    return str(problem.value)


def test_an_exported_archive_is_put_where_the_engine_looks(tmp_path):
    files = {**results(size=5000), "fold_0/validation/summary.json": b"{}", "dataset_fingerprint.json": b"{}"}
    facts = take(archive(tmp_path, files), ignore_progress)
    assert taken() == files
    assert left_over() == ["weights"]
    where = weights_folder("nnunet")
    digest = hashlib.sha256(files[CHECKPOINT]).hexdigest()
    assert facts == {
        "folder": str(where),
        "checkpoints": {str(where / CHECKPOINT): digest},
        "labels": {"background": 0, "liver": 1, "liver tumor": 2},
    }


@pytest.mark.parametrize("depth", ["", DATASET, f"{DATASET}/{INSIDE}"])
def test_a_folder_is_copied_without_logs_and_stays_as_it_is(tmp_path, depth):
    files = results()
    more = {**files, "fold_0/progress.png": b"x", "fold_1/checkpoint_best.pth": b"x", "LICENSE": b"CC BY"}
    source = write_results(tmp_path / "results" / DATASET / INSIDE, more)
    take(tmp_path / "results" / depth, ignore_progress)
    assert taken() == {**files, "LICENSE": b"CC BY"}
    assert (source / CHECKPOINT).is_file()


def test_an_archive_of_the_results_folder_alone_will_do(tmp_path):
    take(archive(tmp_path, results(), ""), ignore_progress)
    assert set(taken()) == {"dataset.json", "plans.json", CHECKPOINT}


def without(name: str) -> dict[str, bytes]:
    return {k: v for k, v in results().items() if k != name}


def labelled(**labels: int) -> dict[str, bytes]:
    return results({"background": 0, **labels})


TWO_IMAGES = {
    **results(),
    "dataset.json": b'{"labels": {"liver": 1}, "channel_names": {"0": "T1", "1": "T2"}}',
}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (without("dataset.json"), "dataset.json is missing"),
        (without("plans.json"), "plans.json is missing"),
        (without(CHECKPOINT), "has no finished fold: fold_*/checkpoint_final.pth is missing"),
        ({"readme.txt": b"x"}, "holds no results of nnU-Net"),
        ({**results(), "plans.json": b'{"configurations": '}, "plans.json in '"),
        ({**results(), "dataset.json": b"[]"}, "dataset.json in '"),
        ({**results(), "dataset.json": b"{}"}, "says nothing of 'labels'"),
        ({**results(), CHECKPOINT: b"version https://git-lfs.github.com/spec/v1"}, "holds no weights"),
        ({**results(), CHECKPOINT: results(size=5000)[CHECKPOINT][:3000]}, "was cut off"),
        (labelled(spleen=1), "None of the labels"),
        (TWO_IMAGES, "wants 2 images at once"),
    ],
)
@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_each_damage_is_named_and_what_was_there_stays(tmp_path, files, words, kind):
    before = results(size=1000)
    take(archive(tmp_path, before), ignore_progress)
    made = archive(tmp_path, files)
    given = write_results(tmp_path / "given", files) if kind == "folder" else made
    message = refusal(given)
    assert words in message
    assert str(given) in message
    assert taken() == before
    assert left_over() == ["weights"]


def test_several_networks_in_one_archive_are_named(tmp_path):
    two = {f"{INSIDE}/{k}": v for k, v in results().items()}
    two |= {f"nnUNetTrainer__nnUNetPlans__2d/{k}": v for k, v in results().items()}
    message = refusal(archive(tmp_path, two, DATASET))
    assert "holds several trained networks" in message
    assert f"{DATASET}/{INSIDE}" in message
    assert f"{DATASET}/nnUNetTrainer__nnUNetPlans__2d" in message


@pytest.mark.parametrize(
    "name", ["../outside.txt", "/outside.txt", "C:\\outside.txt", "a/../../outside.txt", "..\\outside.txt"]
)
def test_nothing_is_written_outside_the_folder(tmp_path, name):
    message = refusal(archive(tmp_path, {**results(), name: b"x"}, ""))
    assert "lies outside the folder" in message
    assert left_over() == []
    assert not list(tmp_path.rglob("outside.txt"))


def test_links_in_an_archive_are_refused(tmp_path):
    file = archive(tmp_path, results())
    link = zipfile.ZipInfo(f"{DATASET}/{INSIDE}/fold_1")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(file, "a") as opened:
        opened.writestr(link, "/etc")
    assert "is a link or a device" in refusal(file)
    assert left_over() == []


def test_an_encrypted_archive_is_refused(tmp_path):
    file = archive(tmp_path, results())
    content = bytearray(file.read_bytes())
    # The flag of the first entry in the list at the end.
    content[content.rindex(b"PK\x01\x02", 0, content.rindex(b"PK\x05\x06")) + 8] |= 1
    file.write_bytes(content)
    assert "is encrypted" in refusal(file)


@pytest.mark.parametrize("cut", [1, 30, 3000])
def test_an_archive_that_was_cut_off_is_damaged(tmp_path, cut):
    file = archive(tmp_path, results(size=5000))
    file.write_bytes(file.read_bytes()[:-cut])
    assert "is damaged or no zip archive" in refusal(file)
    assert left_over() == []


def test_one_flipped_byte_is_noticed(tmp_path):
    file = archive(tmp_path, results(size=5000))
    content = bytearray(file.read_bytes())
    content[content.index(bytes(range(200))) + 100] ^= 0xFF
    file.write_bytes(content)
    assert "is damaged or no zip archive" in refusal(file)
    assert left_over() == []


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    before = results(size=1000)
    take(archive(tmp_path, before), ignore_progress)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(StorageError, match="No room in"):
        take(archive(tmp_path, results()), ignore_progress)
    assert taken() == before


def test_what_a_killed_run_has_left_is_put_right_by_the_next(tmp_path):
    """Killed between moving the old weights aside and the new ones into place; both folders are hidden ones."""
    before = results(size=1000)
    take(archive(tmp_path, before), ignore_progress)
    where = weights_folder("nnunet")
    where.rename(where.with_name(".before-weights"))
    (where.parent / ".incoming-killed").mkdir()
    assert "is missing" in refusal(archive(tmp_path, without("plans.json")))
    assert taken() == before
    assert left_over() == ["weights"]


def test_weights_that_lie_there_already_are_only_checked(tmp_path):
    files = results()
    write_results(weights_folder("nnunet"), files)
    take(weights_folder("nnunet"), ignore_progress)
    assert taken() == files
    os.remove(weights_folder("nnunet") / "plans.json")
    assert "plans.json is missing" in refusal(weights_folder("nnunet"))


def test_the_command_checks_weights_before_it_installs_minutes_of_packages(tmp_path, monkeypatch):
    def never(*_: object) -> None:
        raise AssertionError("packages were installed before the weights were checked")

    monkeypatch.setattr("HCCResponseLib.engines.install.install", never)
    bad = archive(tmp_path, without("plans.json"))
    words = ["engines", "install", "nnunet", "--with-weights", str(bad)]
    done = CliRunner().invoke(app, [*words, "--yes"])
    assert done.exit_code == 1
    assert "plans.json is missing" in " ".join(done.stderr.split())
    gone = CliRunner().invoke(app, [*words[:-1], str(tmp_path / "none.zip")])
    assert "does not exist" in " ".join(gone.stderr.split())


def test_the_command_installs_weights_alone_where_the_packages_are_there(tmp_path, home):
    folder = home / "engines" / "nnunet"
    folder.mkdir(parents=True)
    (folder / "installed.json").write_text("{}")
    words = ["engines", "install", "nnunet", "--with-weights", str(archive(tmp_path, results()))]
    refused = CliRunner().invoke(app, words, input="n\n")
    assert refused.exit_code == 1
    assert "take them only from people that you trust" in " ".join(refused.stderr.split())
    assert not weights_folder("nnunet").exists()
    done = CliRunner().invoke(app, [*words, "--yes", "--json"])
    assert json.loads(done.stdout)["weights"]["labels"]["liver tumor"] == 2
    said = CliRunner().invoke(app, [*words, "--yes"]).stdout
    assert f"Weights: {weights_folder('nnunet')}" in said
    assert "Labels: background 0, liver 1, liver tumor 2" in said


def test_it_must_be_a_zip_archive(tmp_path):
    file = tmp_path / "model.tar"
    file.write_bytes(b"no zip")
    with pytest.raises(InputError, match="no zip archive"):
        take(file, ignore_progress)
