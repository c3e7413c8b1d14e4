"""The picture of the rooms and the table under it say what the import graph says."""

import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def rooms():
    spec = importlib.util.spec_from_file_location("rooms", ROOT / "Testing" / "rooms.py")
    module = sys.modules["rooms"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["rooms"]


@pytest.fixture(scope="module")
def edges(rooms):
    return rooms.edges()


def test_the_picture_and_the_table_are_those_of_the_import_graph(rooms, edges):
    again = "run: python Testing/rooms.py"
    assert rooms.PICTURE.read_text(encoding="utf-8") == rooms.picture(edges), again
    page = rooms.PAGE.read_text(encoding="utf-8")
    assert page == rooms.page_with(page, rooms.table(edges)), again


def test_every_room_is_drawn_once_and_says_what_it_is_for(rooms):
    texts = [t.text for t in ElementTree.parse(rooms.PICTURE).iter("{http://www.w3.org/2000/svg}text")]
    folders = [p.parent.name for p in rooms.LIBRARY.glob("*/__init__.py")]
    assert folders
    assert [texts.count(folder) for folder in folders] == [1] * len(folders)
    assert all(rooms.purpose(folder) for folder in folders)


def test_an_arrow_is_left_out_where_a_longer_way_leads_there(rooms):
    found = Counter([("cli", "report"), ("report", "base"), ("cli", "base"), ("panel", "base")])
    assert rooms.drawn(found) == [("cli", "report"), ("panel", "base"), ("report", "base")]


def test_the_table_is_replaced_and_nothing_else(rooms):
    text = f"before\n{rooms.MARKS[0]}\nold\n{rooms.MARKS[1]}\nafter\n"
    assert re.sub(r"\s+", " ", rooms.page_with(text, "new")) == re.sub(
        r"\s+", " ", text.replace("old", "new")
    )
