"""What the Extensions Index asks of an extension, and what CMake makes of ours, with stand-ins for Slicer's macros."""

import json
import re
import struct
from pathlib import Path

import pytest
import yaml

from install_layout import MODULES, build, install, run

ROOT = Path(__file__).resolve().parents[2]
SITE = "https://raw.githubusercontent.com/SlicerHCCResponse/SlicerHCCResponse/main/"
#: Keys of the catalog's schema, version 1.0.2.
ALLOWED = {
    "$schema", "category", "scm_url", "scm_revision", "scm_type", "build_dependencies", "dicom_support_rule",
    "build_subdirectory", "enabled", "tier",
}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return build(ROOT, tmp_path_factory.mktemp("extension") / "build")


@pytest.fixture(scope="module")
def described(built):
    """The EXTENSION_* variables as CMake has them."""
    lines = (built / "description.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines)


def test_every_script_and_resource_is_built_and_installed(built, tmp_path):
    module = install(ROOT, tmp_path / "installed")
    for folder in (built / MODULES, module.parent):
        found = {p.relative_to(folder) for p in folder.rglob("*.py") if "Resources" not in p.parts}
        sources = ROOT / "SlicerHCCResponse"
        assert found == {p.relative_to(sources) for p in sources.rglob("*.py")}
        resources = {p.relative_to(folder) for p in (folder / "Resources").rglob("*") if p.is_file()}
        assert resources == {p.relative_to(ROOT) for p in (ROOT / "Resources").rglob("*") if p.is_file()}


def test_every_script_for_the_application_is_a_test_of_ctest(built):
    known = run("ctest", "-N", "--test-dir", built)
    scripts = {p.stem for p in (ROOT / "Testing" / "slicer").glob("test_*.py")}
    assert scripts
    assert set(re.findall(r"py_(\w+)", known)) >= scripts


def test_the_catalog_entry_says_what_the_extension_says(described):
    entry = json.loads((ROOT / "HCCResponse.json").read_text(encoding="utf-8"))
    assert {"$schema", "category", "scm_url"} <= set(entry) <= ALLOWED
    assert entry["scm_url"] == described["HOMEPAGE"] + ".git"
    assert entry["build_dependencies"] == described["DEPENDS"].split()
    assert 1 <= entry["tier"] <= 5
    module = (ROOT / "SlicerHCCResponse" / "HCCResponse.py").read_text(encoding="utf-8")
    assert f'parent.categories = ["{entry["category"]}"]' in module


def test_the_pictures_of_the_catalog_are_png_files_of_this_repository(described):
    urls = [described["ICONURL"], *described["SCREENSHOTURLS"].split()]
    assert len(urls) > 2
    for url in urls:
        data = (ROOT / url.removeprefix(SITE)).read_bytes()
        assert data.startswith(b"\x89PNG"), url
    icon = (ROOT / urls[0].removeprefix(SITE)).read_bytes()
    assert struct.unpack(">II", icon[16:24]) == (128, 128)


def test_the_description_is_one_or_two_sentences_and_says_research_use(described):
    sentences = [s for s in re.split(r"(?<=\.)\s+", described["DESCRIPTION"]) if s]
    assert len(sentences) <= 2
    assert "research use" in described["DESCRIPTION"]


def test_the_readme_answers_the_checklist_of_the_index():
    page = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    for needed in (
        "SlicerHCCResponse",
        "HCC Response",
        "docs/tutorial.md",
        "sample data",
        "10.3389/",
        "Apache-2.0",
    ):
        assert needed in page, needed
    assert re.search(r"!\[[^\]]+\]\(docs/pictures/[^)]+\.png\)", page)
    assert (ROOT / "LICENSE.txt").read_text(encoding="utf-8").lstrip().startswith("Apache License")


def test_the_citation_file_names_the_version_of_the_package():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    version = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)
    assert cited["version"] == version[1]
    assert {"cff-version", "message", "title", "authors"} <= set(cited)
