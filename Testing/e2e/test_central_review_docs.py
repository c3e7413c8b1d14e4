"""The commands in docs/central-review.md, run as they stand there with a tiny network; twelve are one subject."""

import re
import shlex
import shutil
import textwrap
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from HCCResponseLib.cli.main import app
from HCCResponseLib.review.people.account_rules import shipped_rules
from small import small_study, tiny_model

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs" / "central-review.md"
OWN, OTHER = "quiet river stones", "green apples in autumn"


SPINE = "One subject in twelve commands"


def commands(text: str) -> list[list[str]]:
    """Every command of the code blocks, in order, without the program's name."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.S)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("hcc-response ")]


def page() -> tuple[list[list[str]], list[list[str]]]:
    """The commands that lead one subject from nothing to a verified export, and all others of the page."""
    text = PAGE.read_text(encoding="utf-8")
    spine = next(part for part in text.split("\n## ") if part.startswith(SPINE))
    return commands(spine), commands(text.replace(spine, ""))


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """The subject S1, read and signed by both readers as the page says; the passwords by name."""
    folder = tmp_path_factory.mktemp("committee")
    known: dict[str, str] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        cheap = shipped_rules().model_copy(update={"argon2_time_cost": 1, "argon2_memory_kib": 8192})
        patch.setattr("HCCResponseLib.review.people.accounts.shipped_rules", lambda: cheap)
        [people] = re.findall(r"```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
        Path("people.csv").write_text(textwrap.dedent(people), encoding="utf-8")
        path = small_study(folder / "S1")
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump({**content, "subject": "S1"}), encoding="utf-8")
        tiny_model(folder / "tiny.pt")
        for reader, size in (("ann", "20.0"), ("bob", "90.0")):
            decided(reader, "baseline", action="edit", added=True, contour="S1/baseline-contour.nii.gz")
            decided(reader, "follow-up", action="edit", long_axis_mm=size)
        spine, _ = page()
        done = [run(words, known) for words in spine[: [words[1] for words in spine].index("adjudicate")]]
        yield folder, known, done


@pytest.fixture
def here(read, tmp_path, monkeypatch):
    """A copy of that folder to go on in."""
    folder, known, _ = read
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return dict(known)


def decided(reader: str, point: str, **entry: object) -> None:
    name = {"baseline": "baseline", "follow-up": "follow-up 1"}[point]
    content = {"reader": reader, "decisions": [{"time_point": name, "name": "L1", **entry}]}
    Path(f"{reader}-{point}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def run(words: list[str], known: dict[str, str]) -> str:
    """One command; whoever has a temporary password is asked for it and for a new one."""
    name = words[words.index("--as") + 1] if "--as" in words else "boss"
    own = known.get(name, OWN)
    fresh = OTHER if own == OWN else OWN
    environment = {"HCC_RESPONSE_PASSWORD": own, "HCC_RESPONSE_NEW_PASSWORD": fresh}
    if words[1] == "open" or "--study" in words:
        words = [*words, "--model", "tiny.pt", "--steps", "1"]
    done = CliRunner().invoke(app, words, env=environment)
    assert done.exit_code == 0, (words, done.stderr)
    if words[1:3] in (["users", "add"], ["users", "password"]) or own not in (OWN, OTHER):
        known[name] = fresh
    known |= dict(re.findall(r"^(\w+) \(.*temporary password (\S+)$", done.stdout, re.MULTILINE))
    return done.stdout


def test_one_subject_from_nothing_to_a_verified_export_takes_twelve_commands(read, here):
    spine, _ = page()
    _, _, done = read
    assert len(spine) <= 12
    adjudicated, exported, verified = (run(words, here) for words in spine[len(done) :])
    assert "'S1-1' counts for subject 'S1'." in adjudicated
    tables = [Path(line) for line in exported.splitlines()]
    assert tables and all(table.is_file() for table in tables)
    assert "all as they were written; 6 signatures fit" in verified  # the adjudication is one in each read


def test_the_signature_under_the_baseline_proposes_the_follow_up(read):
    folder, _, done = read
    spine, _ = page()
    signed = [out for words, out in zip(spine, done, strict=False) if "--study" in words]
    assert len(signed) == 2
    for out in signed:
        assert "'baseline' signed by" in out
        assert re.search(r"^Waiting for your decision at follow-up 1: L1", out, re.MULTILINE)
        [file] = re.findall(r"^Decisions to fill in: (.*)$", out, re.MULTILINE)
        assert "name: L1, action: }" in (folder / file).read_text(encoding="utf-8")


def test_the_page_s_other_commands_work(here):
    _, others = page()
    head, seen = "", set()
    for words in others:
        if "--expect" in words:
            head = run(words[:-2], here).split()[-1]
            words[-1] = head
        run(words, here)
        seen.add(words[1])
    assert seen >= {"users", "list", "show", "amend", "sign", "reread", "compare", "verify", "log", "bundle"}
