"""Every block of Python in the documentation runs, and answers what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from page_code import Block, answers, blocks, run
from without_torch import need_torch

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if any(blocks(page))]
PLAIN = [page for page in PAGES if page.parent.name != "howto"]
# Not imported here: these pages add files to the library and need a process of their own.
HOWTO = [page for page in PAGES if page.parent.name == "howto"]
WITH_NETWORKS = ("nets.md", "panel-section.md")


def name(page: Path) -> str:
    return str(page.relative_to(DOCS))


@pytest.mark.parametrize("page", PLAIN, ids=name)
def test_the_code_on_the_page_does_what_the_page_says(page, tmp_path, monkeypatch):
    if page.name in WITH_NETWORKS:
        need_torch()
    monkeypatch.chdir(tmp_path)
    assert run(page, tmp_path)


@pytest.mark.parametrize("page", HOWTO, ids=name)
def test_what_the_page_adds_to_the_library_works(page, tmp_path):
    if page.name in WITH_NETWORKS:
        need_torch()
    path = os.pathsep.join([str(ROOT / "SlicerHCCResponse"), str(ROOT / "Testing" / "support")])
    environment = {**os.environ, "PYTHONPATH": path, "QT_QPA_PLATFORM": "offscreen"}
    # Never the accounts of whoever runs the test.
    environment["HCC_RESPONSE_PEOPLE"] = str(tmp_path / "people.sqlite")
    command = [sys.executable, str(ROOT / "Testing" / "support" / "page_code.py"), str(page)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_with_an_interface_has_a_page_with_an_example():
    rooms = {p.parent.name for p in (ROOT / "SlicerHCCResponse" / "HCCResponseLib").glob("*/__init__.py")}
    assert {page.stem for page in (DOCS / "api").glob("*.md")} - {"README"} == rooms
    # The panel needs an application; its example is the how-to page.
    assert {page.stem for page in PAGES if page.parent.name == "api"} == rooms - {"panel"}


def test_every_how_to_page_has_a_file_and_a_use_of_it():
    found = {page.stem: list(blocks(page)) for page in HOWTO}
    assert set(found) == {"criterion", "engine", "exporter", "panel-section", "command"}
    assert all([b for b in some if b.file] and [b for b in some if not b.file] for some in found.values())


def test_a_wrong_answer_fails():
    with pytest.raises(AssertionError, match="Expected"):
        answers(Block(1, "", ">>> 1 + 1\n3\n"), {}, "nowhere")


def test_no_block_is_overlooked():
    for page in PAGES:
        fences = re.findall(r"^ *```(?:python|pycon|py)\b", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(fences) == len(list(blocks(page))), page
