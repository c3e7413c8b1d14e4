"""Writes the list of decisions in docs/decisions/README.md from the pages' titles.

python Testing/decisions.py            # after adding, renaming or superseding a page
"""

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "decisions"
INDEX = FOLDER / "README.md"
HEAD = """# Decisions

What the code cannot say: choices that a successor would question, one page each with context, choice and consequence.
A page whose feature is gone stays and says so. Numbers that are missing were merged into other pages.
`python Testing/decisions.py` writes this list.

"""


def line(page: Path) -> str:
    """Number, title and, where it holds, that the page is superseded."""
    text = page.read_text(encoding="utf-8")
    title = re.sub(r"^# (?:\d{4}:? )?", "", text.splitlines()[0])
    old = re.search(r"^\*\*(Superseded)\*\*( in)?", text, re.MULTILINE)
    return f"* {page.name[:4]} [{title}]({page.name})" + (
        (" (superseded in part)" if old[2] else " (superseded)") if old else ""
    )


def index() -> str:
    """The whole page."""
    return HEAD + "\n".join(line(page) for page in sorted(FOLDER.glob("[0-9]*.md"))) + "\n"


if __name__ == "__main__":
    INDEX.write_text(index(), encoding="utf-8")
