"""A new criterion is one new file; every profile field is documented; HCC findings of mRECIST."""

import os
import re
import shutil
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.profiles.fields import ProfileFields
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.read import evaluate_read
from HCCResponseLib.response.timepoint.hcc_findings import effusion_is_progression, nodule_status
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    NewLesionStatus,
    Response,
    TimePointFindings,
)
from page_code import blocks

ROOT = Path(__file__).resolve().parents[3]
HERE = "Testing/core/response"
DOCS = ROOT / "docs" / "methods.md"
HOWTO = ROOT / "docs" / "howto" / "criterion.md"


def test_a_new_criterion_is_one_new_file(tmp_path, monkeypatch):
    [file] = [block for block in blocks(HOWTO) if block.file.endswith("/response/criteria/strict.py")]
    # Under names of its own: somebody who follows the page has the page's own names in the library.
    text = file.text.replace('name="strict"', 'name="strict, of this test"')
    (tmp_path / "strict_of_this_test.py").write_text(text, encoding="utf-8")
    monkeypatch.setenv("HCC_RESPONSE_CRITERIA", str(tmp_path))
    profile = load_profile("recist-1.1", {"criterion": "strict, of this test", "pr_percent": 50})
    points = [
        TimePointFindings(
            f"t{i}",
            date(2020, 1 + i, 1),
            (LesionFinding("T", "liver", False, LesionRole.TARGET, LesionState.MEASURED, Decimal(size)),),
        )
        for i, size in enumerate((100, 60, 50))
    ]
    found = [t.overall for t in evaluate_read(points, profile).time_points]
    assert found == [None, Response.SD, Response.PR]


def test_the_tests_pass_with_the_file_of_the_page_in_the_library(tmp_path):
    """As the page says: the file in its folder, the list of files written anew, the quick tests of the room."""
    for part in ("SlicerHCCResponse", "Resources", "docs/howto", "docs/methods.md", "Testing/support"):
        copied = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        copied(ROOT / part, tmp_path / part)
    tests = ["test_profile.py", "test_extension_points.py"]
    for name in ("Testing/conftest.py", "Testing/core/conftest.py", *(f"{HERE}/{test}" for test in tests)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("pyproject.toml", "Testing/generate_cmake.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    [file] = [block for block in blocks(HOWTO) if block.file]
    (tmp_path / file.file).write_text(file.text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "SlicerHCCResponse")}
    quick = [f"{HERE}/{tests[0]}", f"{HERE}/{tests[1]}::test_a_new_criterion_is_one_new_file"]
    for command in (["Testing/generate_cmake.py"], ["-m", "pytest", "-q", "-p", "no:cacheprovider", *quick]):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "criteria/strict.py" in (tmp_path / "SlicerHCCResponse" / "CMakeLists.txt").read_text(
        encoding="utf-8"
    )


def test_every_profile_field_is_on_the_methods_page():
    named = set(re.findall(r"`([a-z0-9_]+)`", DOCS.read_text(encoding="utf-8")))
    assert set(ProfileFields.model_fields) - named == set()


@pytest.mark.parametrize(
    ("size", "typical", "growth", "expected"),
    [
        (10, True, None, NewLesionStatus.UNEQUIVOCAL),
        ("9.9", True, None, NewLesionStatus.EQUIVOCAL),
        (15, False, None, NewLesionStatus.EQUIVOCAL),
        (20, False, 10, NewLesionStatus.UNEQUIVOCAL),
        (20, False, "9.9", NewLesionStatus.EQUIVOCAL),
    ],
)
def test_new_nodule_in_the_liver(size, typical, growth, expected):
    grown = None if growth is None else Decimal(growth)
    status, why = nodule_status(Decimal(size), typical, load_profile("mrecist"), grown)
    assert status is expected
    assert "Lencioni" in why


def test_a_nodule_has_no_negative_size():
    with pytest.raises(RuleError, match="negative"):
        nodule_status(Decimal(-1), True, load_profile("mrecist"))


@pytest.mark.parametrize(
    ("profile", "worse", "cells", "expected"),
    [
        ("mrecist", True, True, True),
        ("mrecist", True, None, False),
        ("mrecist", True, False, False),
        ("mrecist", False, True, False),
        ("recist-1.1", True, None, True),
    ],
)
def test_effusion(profile, worse, cells, expected):
    assert effusion_is_progression(worse, cells, load_profile(profile))[0] is expected


def test_nodules_and_effusions_are_questions_of_the_interface(ask, ask_raw):
    typical = {"long": 12, "typical": True}
    assert ask("hcc-nodule", typical, "mRECIST") == {"new_lesion": "unequivocal"}
    assert ask("hcc-nodule", {"long": 12, "typical": False}, "mRECIST") == {"new_lesion": "equivocal"}
    assert ask("effusion", {"worse": True}, "mRECIST") == {"progression": False}
    assert ask("effusion", {"worse": True, "malignant_cells": True}, "mRECIST") == {"progression": True}
    assert "typical" in ask_raw("hcc-nodule", {"long": 12}, "mRECIST")["error"]
    assert "worse" in ask_raw("effusion", {}, "mRECIST")["error"]
