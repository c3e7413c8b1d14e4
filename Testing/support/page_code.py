"""Runs the Python code of a page of the documentation, as a reader would type it.

    python Testing/support/page_code.py PAGE        # in an empty folder; used for pages that add files to the library

A block with ``>>>`` is a session whose answers must come out as printed; any other block is run. A block whose title is
a path (``SlicerHCCResponse/HCCResponseLib/room/file.py``) is a file of the library: it is written below the working
folder and found there as if it lay in its room. Blocks of a page share their names.
"""

import doctest
import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^( *)```(?:python|pycon)([^\n]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """One block of Python: where it begins, the file that it is (if it is one), and its text."""

    line: int
    file: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """The Python of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        indent, head, body = found.groups()
        title = re.search(r'title="([^"]+)"', head)
        lines = [line.removeprefix(indent) for line in body.splitlines()]
        number = text.count("\n", 0, found.start()) + 2
        yield Block(number, title.group(1) if title else "", "\n".join(lines) + "\n")


def add_file(block: Block, folder: Path) -> None:
    """Write a file of the page and let its room find it."""
    room = block.file.removeprefix("SlicerHCCResponse/")
    path = folder / room
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")
    package = importlib.import_module(str(Path(room).parent).replace("/", "."))
    if str(path.parent) not in package.__path__:
        package.__path__.append(str(path.parent))


def run(page: Path, folder: Path) -> int:
    """Run a page's Python in a folder; returns how many blocks it had. What goes wrong is an ``AssertionError``."""
    names: dict[str, Any] = {"__name__": "page"}
    code = list(blocks(page))
    for block in code:
        where = f"{page.name}, line {block.line}"
        if block.file:
            add_file(block, folder)
        elif ">>>" in block.text:
            answers(block, names, where)
        else:
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), names)
    return len(code)


def answers(block: Block, names: dict[str, Any], where: str) -> None:
    """Run a session and compare its answers."""
    test = doctest.DocTestParser().get_doctest(block.text, names, where, str(where), block.line - 1)
    told: list[str] = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=told.append, clear_globs=False)
    names.update(test.globs)
    assert not result.failed, "".join(told)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path.cwd())
