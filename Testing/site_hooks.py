"""Hooks of the documentation's site (mkdocs.yml): the README as front page, files outside of docs/, lists of pages."""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
FRONT = "index.md"
LINK = re.compile(r"(\]\()([^)#\s]+)(#[^)\s]*)?(\))")


def pages_in(folder: str) -> list[str]:
    """The pages of a folder of docs/, its README first."""
    found = sorted(p.name for p in (ROOT / "docs" / folder).glob("*.md"))
    return [f"{folder}/{name}" for name in sorted(found, key=lambda name: name != "README.md")]


def on_config(config: Any) -> Any:
    """A folder in the navigation stands for its pages, so that a new one needs no entry."""
    for entry in config.nav:
        for title, place in entry.items():
            if isinstance(place, str) and place.endswith("/"):
                entry[title] = pages_in(place.rstrip("/"))
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the README as front page, and every file outside of docs/ that a page links to."""
    files.append(File.generated(config, FRONT, abs_src_path=str(ROOT / "README.md")))
    for page in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]:
        for _, target, _, _ in LINK.findall(page.read_text(encoding="utf-8")):
            path = (page.parent / target).resolve()
            if "://" not in target and path.is_file() and not path.is_relative_to(ROOT / "docs"):
                name = path.relative_to(ROOT).as_posix()
                if name != "README.md" and files.get_file_from_path(name) is None:
                    files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def in_site(path: str) -> str:
    """Where a file of the repository lies in the site."""
    name = "README.md" if path == "" else path.removeprefix("docs/")
    name = f"{name}/README.md" if (ROOT / "docs" / name).is_dir() else name
    return FRONT if path == "README.md" else name


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links as they work in the repository become links as they work in the site."""
    name = page.file.src_uri
    here = "README.md" if name == FRONT else f"docs/{name}" if (ROOT / "docs" / name).exists() else name

    def change(match: re.Match[str]) -> str:
        start, target, anchor, end = match.group(1), match.group(2), match.group(3) or "", match.group(4)
        if "://" in target:
            return match.group(0)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        return start + posixpath.relpath(in_site(path), posixpath.dirname(name) or ".") + anchor + end

    # Pictures are links too. Code is left alone: what stands between fences is no link.
    parts = re.split(r"(^ *```.*?^ *```$)", markdown, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if part.lstrip().startswith("```") else LINK.sub(change, part) for part in parts)
