"""Files, folders, rooms and classes that the documentation names exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "SlicerHCCResponse" / "HCCResponseLib"
# This page lists names that are no more, on purpose.
OLD_NAMES = "0091-names-are-nouns-of-the-field.md"
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if page.name != OLD_NAMES and "Superseded" not in page.read_text(encoding="utf-8")
]
TOP = ("SlicerHCCResponse", "Testing", "docs", "Resources", "HCCResponseLib")
PATH = re.compile(r"`([A-Za-z_][\w.-]*(?:/[\w.*-]+)+/?)`|`((?:Testing|docs|Resources|SlicerHCCResponse)/)`")
IN_COMMAND = re.compile(r"(?<![\w/`])((?:Testing|docs|Resources|SlicerHCCResponse)/[\w./-]*[\w/])")
# Where a path on a page may begin.
ROOTS = (ROOT, LIBRARY, LIBRARY.parent, ROOT / "Testing" / "support", ROOT / "Resources")


def examples(page: Path) -> set[str]:
    """Files that a page itself shows, as examples of what a reader would add."""
    return set(re.findall(r'^ *```\w+ title="([^"]+)"', page.read_text(encoding="utf-8"), re.MULTILINE))


def exists(path: str) -> bool:
    return any(list(root.glob(path)) for root in ROOTS)


def named(page: Path) -> set[str]:
    """What looks like a path of this repository: it begins with a folder of ours, or is a Python file in a room."""
    text = page.read_text(encoding="utf-8")
    rooms = {p.parent.name for p in LIBRARY.glob("*/__init__.py")}
    found = {a or b for a, b in PATH.findall(text)}
    ours = {p for p in found if p.split("/")[0] in (*TOP, *rooms, "slicer_host") or p.endswith(".py")}
    return (ours | set(IN_COMMAND.findall(text))) - examples(page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_on_the_page_exists(page):
    wrong = sorted(
        path for path in named(page) if not exists(path.removeprefix("HCCResponseLib/").rstrip("/"))
    )
    assert not wrong, f"{page.name} names what is not there: {wrong}"


def test_paths_are_found_where_they_are():
    criteria = "SlicerHCCResponse/HCCResponseLib/response/criteria"
    assert {f"{criteria}/irecist.py", "Testing/core/response/test_tables.py"} <= named(
        ROOT / "docs" / "howto" / "criterion.md"
    )


def test_how_to_pages_say_where_a_file_goes_from_the_top_of_the_repository():
    for page in (ROOT / "docs" / "howto").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        for file in examples(page):
            assert (ROOT / file).parent.is_dir(), f"{page.name}: {file}"
            assert f"`{Path(file).parent}/`" in text, (
                f"{page.name} does not say in its text where {file} goes"
            )


def test_the_new_names_in_the_table_of_names_exist():
    text = (ROOT / "docs" / "decisions" / OLD_NAMES).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w/]+\.py)` \| `\w+` \| `(\w+)` \|$", text, re.MULTILINE)
    assert len(rows) > 20
    missing = [
        f"{file}: {name}"
        for file, name in rows
        if not re.search(
            rf"^(?:class|def) {name}\b", (LIBRARY / file).read_text(encoding="utf-8"), re.MULTILINE
        )
    ]
    assert not missing


def resolves(parts: list[str]) -> bool:
    """Whether ``room.file.Name``, ``room.file`` or ``room`` is there."""
    for deep in range(len(parts), 0, -1):
        place = LIBRARY.joinpath(*parts[:deep])
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if file.exists():
            rest = parts[deep:]
            return not rest or bool(re.search(rf"\b{rest[0]}\b", file.read_text(encoding="utf-8")))
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_modules_and_classes_on_the_page_exist(page):
    text = page.read_text(encoding="utf-8")
    rooms = [p.parent.name for p in LIBRARY.glob("*/__init__.py")]
    dotted = re.findall(rf"(?:HCCResponseLib\.|`(?=(?:{'|'.join(rooms)})\.))((?:\w+\.)+[A-Za-z_]\w*)", text)
    endings = (".py", ".md", ".yaml", ".sqlite", ".json", ".html", ".pdf", ".csv", ".nrrd")
    inside = "SlicerHCCResponse/HCCResponseLib/"
    shown = {e.removeprefix(inside).removesuffix(".py").replace("/", ".") for e in examples(page)}
    real = [name for name in dotted if not name.endswith(endings) and name not in shown]
    wrong = [name for name in real if not resolves(name.split("."))]
    assert not wrong, f"{page.name} names what is not there: {wrong}"


def test_files_and_classes_in_code_font_exist_somewhere():
    """`bench_panel.py`, `WarpedMask`: without a folder, but of this repository."""
    sources = [p for folder in ("SlicerHCCResponse", "Testing") for p in (ROOT / folder).rglob("*.py")]
    files, words = {p.name for p in sources}, set()
    for source in sources:
        if source.parent.name != "docs":
            words |= set(re.findall(r"\w+", source.read_text(encoding="utf-8")))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        shown = {Path(example).name for example in examples(page)} | set(re.findall(r"class (\w+)", text))
        lost = {f for f in re.findall(r"`(\w+\.py)`", text) if f not in files | shown}
        lost |= {c for c in re.findall(r"`([A-Z][a-z]+[A-Z]\w*)`", text) if c not in words | shown}
        assert not lost, f"{page.name} names what is not there: {sorted(lost)}"


def test_every_command_on_a_page_exists():
    import typer.main

    from HCCResponseLib.cli.main import app

    group = typer.main.get_command(app)
    for page in PAGES:
        for words in re.findall(
            r"hcc-response ((?:[a-z]+(?:-[a-z]+)* ?)+)", page.read_text(encoding="utf-8")
        ):
            command = group
            for word in words.split():
                if not getattr(command, "commands", None):
                    break
                inside = set(command.commands) | {Path(file).stem for file in examples(page)}
                assert word in inside, f"{page.name}: hcc-response {words}"
                command = command.commands.get(word)


def test_every_decision_is_in_the_list(monkeypatch):
    import importlib.util

    spec = importlib.util.spec_from_file_location("decisions", ROOT / "Testing" / "decisions.py")
    decisions = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(decisions)
    assert decisions.INDEX.read_text(encoding="utf-8") == decisions.index(), (
        "run: python Testing/decisions.py"
    )
