"""The table in docs/engines.md has every engine."""

import re
from pathlib import Path

from HCCResponseLib.engines.registry import engines

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "engines.md").read_text(encoding="utf-8")


def test_every_engine_has_its_row():
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE))
    assert {"fcd", "adapted", "prompt", "nnunet", "totalsegmentator", "monai-bundle", "command"} == rows
    assert rows <= {info.name for info in engines()}
