"""The commands in docs/central-review.md, run one after the other as they stand there, with a tiny network."""

import re
import shlex
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
FIRST, OWN = "a temporary password", "quiet river stones"


def commands() -> list[list[str]]:
    """Every command of the page's code blocks, in order, without the program's name."""
    blocks = re.findall(r"```\w*\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("hcc-response ")]


@pytest.fixture
def subject(tmp_path, monkeypatch):
    """The subject S1 of the page, its reader's decisions, and cheap password hashes."""
    monkeypatch.chdir(tmp_path)
    cheap = shipped_rules().model_copy(update={"argon2_time_cost": 1, "argon2_memory_kib": 8192})
    monkeypatch.setattr("HCCResponseLib.review.people.accounts.shipped_rules", lambda: cheap)
    [people] = re.findall(r"```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    (tmp_path / "people.csv").write_text(textwrap.dedent(people), encoding="utf-8")
    path = small_study(tmp_path / "S1")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**content, "subject": "S1"}), encoding="utf-8")
    tiny_model(tmp_path / "tiny.pt")
    return tmp_path


def decisions(folder, reader, file, **entry):
    content = {"reader": reader, "decisions": [entry]}
    (folder / file).write_text(yaml.safe_dump(content), encoding="utf-8")


def run(words, name, known):
    """One command as somebody; the owner of a temporary password is asked for it and for a new one."""
    environment = {"HCC_RESPONSE_PASSWORD": known.get(name, FIRST), "HCC_RESPONSE_NEW_PASSWORD": FIRST}
    if words[1:3] == ["users", "password"]:
        known[name] = environment["HCC_RESPONSE_NEW_PASSWORD"] = OWN
    if words[1] == "open":
        words = [*words, "--model", "tiny.pt", "--steps", "1"]
    done = CliRunner().invoke(app, words, env=environment)
    assert done.exit_code == 0, (words, done.stderr)
    known |= dict(re.findall(r"^(\w+) \(.*temporary password (\S+)$", done.stdout, re.MULTILINE))
    return done.stdout


def test_the_page_s_commands_work(subject):
    decisions(subject, "ann", "baseline.yaml", time_point="baseline", name="L1", action="edit", added=True,
              contour="S1/baseline-contour.nii.gz")  # fmt: skip
    decisions(subject, "ann", "follow-up.yaml", time_point="follow-up 1", name="L1", action="edit",
              long_axis_mm="20.0")  # fmt: skip
    known: dict[str, str] = {}
    seen, head = set(), ""
    for words in commands():
        name = words[words.index("--as") + 1] if "--as" in words else "boss"
        if words[1] == "compare":
            second_read(subject, known)
        if "--expect" in words:
            words[-1] = head
        out = run(words, name, known)
        if words[1:3] == ["users", "password"]:
            for other in ("bob", "judge"):
                run([*words[:-1], other], other, known)
        head = out.split()[-1] if words[1] == "verify" else head
        seen.add(words[1])
    assert seen >= {"users", "assign", "list", "open", "decide", "sign", "show", "amend", "reread", "compare"}
    assert seen >= {"adjudicate", "verify", "log", "bundle"}


def second_read(subject, known):
    """What the page leaves to the second reader."""
    for file in ("baseline.yaml", "follow-up.yaml"):
        content = yaml.safe_load((subject / file).read_text(encoding="utf-8"))
        content["decisions"][0] |= {} if file == "baseline.yaml" else {"long_axis_mm": "90.0"}
        (subject / file).write_text(yaml.safe_dump({**content, "reader": "bob"}), encoding="utf-8")
    for words in commands():
        if words[1] in ("open", "decide", "sign") and "ann" in words:
            mine = [{"S1-1": "S1-2", "ann": "bob", "work/S1-1": "work/S1-2"}.get(w, w) for w in words]
            run(mine, "bob", known)
            if "follow-up.yaml" in words:
                return
