"""What docs/central-review.md says of the audit trail: its dictionary, and the tests that its table names."""

import re
from pathlib import Path

from HCCResponseLib.review.signing.dictionary import ACTIONS, COLUMNS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "central-review.md"


def test_the_page_holds_the_dictionary():
    cells = dict(re.findall(r"^\| `([\w-]+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.M))
    assert {name: cells.get(name) for name in COLUMNS | ACTIONS} == COLUMNS | ACTIONS


def test_every_test_that_the_table_names_exists():
    text = PAGE.read_text(encoding="utf-8")
    section = text[text.index("## What ICH E6(R3)") :]
    named = re.findall(r"`(\w+/?[\w/]*\.py)::(test_\w+)`", section)
    assert len(named) >= 12
    for file, test in named:
        path = PAGE.parents[1] / "Testing" / file
        assert f"def {test}(" in path.read_text(encoding="utf-8"), (file, test)
