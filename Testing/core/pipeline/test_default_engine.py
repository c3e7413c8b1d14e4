"""TotalSegmentator proposes where it is installed with its weights; what a reader has chosen goes before it."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from HCCResponseLib.cli.main import app
from HCCResponseLib.cli.options import ProposalOptions
from HCCResponseLib.pipeline.default_engine import default_engine
from HCCResponseLib.pipeline.request import Options
from ready_engines import installed_with_weights
from small import small_study


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path))
    monkeypatch.delenv("TOTALSEG_HOME_DIR", raising=False)
    return tmp_path


@pytest.fixture
def ready(home) -> Path:
    return installed_with_weights(home)


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Engines that a run of proposals was asked for; none is run."""
    found: list[str] = []

    def propose(_: object, options: Options, __: object) -> list[str]:
        found.append(options.engine)
        return []

    monkeypatch.setattr("HCCResponseLib.pipeline.propose.propose", propose)
    return found


def propose(tmp_path: Path, *words: str) -> str:
    """What the command says on standard error."""
    study = small_study(tmp_path)
    done = CliRunner().invoke(app, ["propose", str(study), "-o", str(tmp_path / "read"), *words])
    assert done.exit_code == 0, done.stderr
    return " ".join(done.stderr.split())


def test_without_the_weights_all_stays_as_it_is(home, asked, tmp_path):
    assert default_engine() == "fcd"
    assert "looks for tumours" not in propose(tmp_path)
    assert asked == ["fcd"]


def test_with_its_weights_it_proposes_and_says_so(ready, asked, tmp_path):
    assert default_engine() == "totalsegmentator"
    options = ProposalOptions().options()
    assert options.looks_with() is None
    options.require_known()
    said = propose(tmp_path)
    assert asked == ["totalsegmentator"]
    assert (
        "TotalSegmentator looks for tumours, since it is installed with its weights (slow without a graphics "
        "card). Our own network: --engine fcd."
    ) in said


def test_an_engine_that_was_chosen_is_not_explained(ready, asked, tmp_path):
    assert "looks for tumours" not in propose(tmp_path, "--engine", "fcd")
    assert asked == ["fcd"]


@pytest.mark.parametrize(
    "given",
    [
        {"engine": "fcd"},
        {"engine": "nnunet"},
        {"weights": Path("mine.safetensors")},
        {"model": Path("mine.safetensors")},
        {"settings": ["flips=true"]},
    ],
)
def test_what_a_reader_has_chosen_goes_before_it(ready, given):
    assert ProposalOptions(**given).options().engine == given.get("engine", "fcd")


def test_settings_of_the_adapted_network_choose_no_engine(ready):
    assert ProposalOptions(settings=["adapted.patch=48"]).options().engine == "totalsegmentator"


@pytest.mark.parametrize("number", [291, 297, 298, 591])
def test_every_part_of_the_weights_must_be_there(ready, number):
    [folder] = ready.glob(f"Dataset{number}_*")
    shutil.rmtree(folder)
    assert default_engine() == "fcd"


def test_weights_that_were_cut_off_do_not_count(ready):
    file = next(ready.rglob("checkpoint_final.pth"))
    file.write_bytes(file.read_bytes()[:40])
    assert default_engine() == "fcd"


def test_weights_without_the_packages_do_not_count(ready, home):
    (home / "engines" / "totalsegmentator" / "installed.json").unlink()
    assert default_engine() == "fcd"


def test_weights_in_its_own_home_count(ready, home, tmp_path, monkeypatch):
    other = tmp_path / "elsewhere"
    (home / "engines" / "totalsegmentator" / "weights").rename(other)
    assert default_engine() == "fcd"
    monkeypatch.setenv("TOTALSEG_HOME_DIR", str(other))
    assert default_engine() == "totalsegmentator"


def test_the_list_of_engines_says_which_one(ready):
    rows = json.loads(CliRunner().invoke(app, ["engines", "list", "--json"]).stdout)
    assert [row["name"] for row in rows if row["default"]] == ["totalsegmentator"]
    lines = CliRunner().invoke(app, ["engines", "list"]).stdout.splitlines()
    [line] = [line for line in lines if "looks for tumours unless another is chosen" in line]
    assert line.startswith("totalsegmentator")
