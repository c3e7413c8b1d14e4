"""The commands of docs/user-guide.md, run one after the other as they stand there, on a small drawn patient."""

import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from typer.testing import CliRunner

from dicom_series import write_volume_series
from HCCResponseLib.cli.main import app
from HCCResponseLib.cli.own_read import review as review_module
from HCCResponseLib.imaging.study import load_image, load_study
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.decisions.decisions_file import load_decisions
from small import small_study, tiny_model

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs" / "user-guide.md"
READERS = {"timepoints": load_study, "decisions": load_decisions, "fields": load_profile}
DAYS = ("20240115", "20240501")


def blocks(kind: str) -> list[str]:
    """The page's blocks of a language, in order."""
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


@pytest.fixture
def patient(tmp_path, monkeypatch):
    """The scans of the page: a patient's DICOM folder, the same as files, the baseline's contour."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(tmp_path / "people.sqlite"))
    drawn = load_study(small_study(tmp_path / "drawn-from"))
    for number, (point, day) in enumerate(zip(drawn.timepoints, DAYS, strict=True), start=1):
        image = load_image(drawn, point)
        write_volume_series(tmp_path / "patient" / day, image, day, number)
        (tmp_path / f"{point.name.removesuffix(' 1')}.nii.gz").symlink_to(drawn.timepoints[number - 1].image)
    (tmp_path / "baseline-contour.nii.gz").symlink_to(drawn.timepoints[0].contour.path)
    tiny_model(tmp_path / "tiny.pt")
    return tmp_path


def answers(words: str) -> str:
    """What the reader of the page types."""
    if "[a]ccept" in words:
        return "a"
    return "d" if "[d]ismiss" in words else "vessel" if "why" in words else ""


def fill_in(folder: Path) -> None:
    """The decisions of the read in a folder, as the page says that they are filled in."""
    text = (folder / "decisions.yaml").read_text(encoding="utf-8").replace("reader: \n", "reader: Dr A\n")
    content = yaml.safe_load(text)
    for entry in content["decisions"]:
        dismissed = {"action": "dismiss", "reason": "vessel"}
        entry.update(dismissed if entry["name"].startswith("C") else {"action": "accept"})
    Path("dr-a.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def test_the_page_s_commands_lead_from_scans_to_a_signed_category(patient, monkeypatch):
    monkeypatch.setattr(review_module, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(review_module, "_ask", answers)
    environment = {
        "HCC_RESPONSE_PASSWORD": "quiet river stones",
        "HCC_RESPONSE_NEW_PASSWORD": "quiet river stones",
    }
    said = {}
    for line in "".join(blocks("sh")).splitlines():
        words = shlex.split(line, comments=True)[1:]
        if "--decisions" in words:
            fill_in(patient / words[1])
        if words[0] in ("assess", "review"):
            words += ["--steps", "5"]
            words += [] if "read" in words else ["--model", "tiny.pt"]
        words += {"review": ["--as", "Dr A"], "sign": ["--as", "dra"]}.get(words[0], [])
        done = CliRunner().invoke(app, words, env=environment)
        said[" ".join(words[:2])] = done.stdout
        undecided = words[0] == "assess" and "--decisions" not in words
        assert done.exit_code == (1 if undecided else 0), (words, done.output)
    assert re.search(r"'follow-up 1' signed by Dr A, category (CR|PR|SD|PD)", said["sign read"])
    assert "RECIST 1.1: " in said["assess drawn"]
    assert (patient / "read" / "report.pdf").read_bytes().startswith(b"%PDF")
    assert (patient / "viable" / "study.yaml").is_file()


def test_the_page_s_files_are_read(tmp_path):
    seen = set()
    for text in blocks("yaml"):
        path = tmp_path / "block.yaml"
        path.write_text(text, encoding="utf-8")
        content = yaml.safe_load(text)
        for point in content.get("timepoints", ()):
            (tmp_path / point["image"]).touch()
            (tmp_path / point.get("contour", point)["path" if "contour" in point else "image"]).touch()
        [kind] = READERS.keys() & content.keys()
        assert READERS[kind](path)
        seen.add(kind)
    assert seen == READERS.keys()


def test_every_command_on_the_page_is_one_that_is_run():
    everywhere = re.findall(r"```(\w*)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert [kind for kind, text in everywhere if "hcc-response " in text] == ["sh"] * len(blocks("sh"))
