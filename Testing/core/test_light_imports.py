"""What needs no network loads none: opening a store, reading a report, listing reads, the panel's own process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from committees import FIRST, SmallCommittee, password

LIBRARY = Path(__file__).resolve().parents[2] / "SlicerHCCResponse" / "HCCResponseLib"
NETWORKS = {"torch", "monai"}
# Nothing that only names, checks or stores needs these either.
ARRAYS = {"scipy", "skimage", "SimpleITK", "nibabel", "matplotlib"}
TELL = "import json, sys; sys.stderr.write(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"


def loaded_by(code: str, **environment: str) -> set[str]:
    """Names of the packages that a fresh process has loaded after some code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{TELL}"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return set(json.loads(done.stderr))


def modules_of(*rooms: str) -> list[str]:
    """Every module of some rooms by full name."""
    found = []
    for room in rooms:
        folder = LIBRARY.joinpath(*room.split("."))
        for file in sorted(folder.rglob("*.py")) or [folder.with_suffix(".py")]:
            # Alembic runs its own environment file; it cannot be imported.
            if file.name != "env.py":
                parts = file.relative_to(LIBRARY.parent).with_suffix("").parts
                found.append(".".join(parts).removesuffix(".__init__"))
    return found


def importing(*modules: str) -> set[str]:
    return loaded_by("; ".join(f"import {name}" for name in modules))


def test_decisions_reports_and_cohorts_load_no_network():
    names = modules_of("review", "lesions", "response", "report", "cohort", "presenter")
    assert len(names) > 80
    assert "sqlalchemy" in (found := importing(*names))
    assert not found & NETWORKS


def test_the_panel_s_own_process_loads_no_network():
    """The window asks for a job; what a network needs is loaded in the job's process."""
    names = ("presenter.presenter", "pipeline.request", "panel.jobs")
    found = importing(*(f"HCCResponseLib.{name}" for name in names))
    assert not found & NETWORKS


def test_what_proposes_loads_no_network_itself():
    """Networks run in processes of their own, so that where all is taken from the cache none is ever loaded."""
    found = importing("HCCResponseLib.pipeline.propose", "HCCResponseLib.pipeline.worker")
    assert "SimpleITK" in found
    assert not found & NETWORKS


def test_stores_people_and_rules_load_no_arrays():
    names = modules_of("review.store", "review.people", "response")
    found = importing(*names, "HCCResponseLib.review.read.access", "HCCResponseLib.base.jobs.request")
    assert not found & (NETWORKS | ARRAYS)


def test_listing_the_reads_of_a_store_loads_neither_networks_nor_arrays(tmp_path):
    where = tmp_path / "reads.sqlite"
    committee = SmallCommittee(where)
    committee.assign("ann", FIRST)
    code = (
        "import sys; from HCCResponseLib.cli.main import app;"
        f"sys.argv = ['hcc-response', 'read', 'list', {str(where)!r}, '--json'];"
        "app(standalone_mode=False)"
    )
    found = loaded_by(code, HCC_RESPONSE_USER="ann", HCC_RESPONSE_PASSWORD=password("ann"))
    assert "sqlalchemy" in found, "the store was opened"
    assert not found & (NETWORKS | ARRAYS)


def loaded_by_words(*words):
    """Exit status, what is said, and the packages that a command line loads."""
    code = (
        "import sys, atexit, json; sys.argv = ['hcc-response', *json.loads(sys.stdin.read())];"
        "atexit.register(lambda: sys.stdout.write(json.dumps(sorted({m.partition('.')[0] for m in sys.modules}))));"
        "from HCCResponseLib.cli.main import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(words), capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr, set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["asess", "a.nii.gz"], 2, "There is no command 'asess'. Did you mean 'assess'?"),
        (["qwertz"], 2, "There is no command 'qwertz'. Help: hcc-response --help"),
        (["study", "nw"], 2, "Did you mean 'new'?"),
        (["assess", "--contuor", "x"], 2, "No such option: --contuor"),
        (["assess", "nowhere.nii.gz"], 1, "'nowhere.nii.gz' does not exist."),
        (["assess", "nowhere/study.yaml"], 1, "Study file 'nowhere/study.yaml' does not exist."),
        (["propose"], 1, "Name a study.yaml"),
        (["study", "new", "-i", "nowhere"], 1, "'nowhere' does not exist."),
        (["segment", "-i", "nowhere.nrrd"], 1, "'nowhere.nrrd' does not exist."),
        (["measure", "nowhere.nrrd"], 1, "'nowhere.nrrd' does not exist."),
        (["adapt", "nowhere.nrrd", "c.nrrd"], 1, "'nowhere.nrrd' does not exist."),
        (["track", "a.nrrd", "b.nrrd", "c.nrrd"], 1, "'a.nrrd' does not exist."),
        (["sign", "nowhere"], 1, "'nowhere' does not exist."),
    ],
)
def test_a_slip_is_answered_in_one_line_before_anything_slow_is_loaded(words, status, says):
    code, said, found = loaded_by_words(*words)
    assert (code, said.count("\n")) == (status, 1), said
    assert says in said
    assert not found & (NETWORKS | ARRAYS | {"numpy", "sqlalchemy", "pandas"})


def test_an_engine_s_own_environment_needs_neither_pydantic_nor_psutil():
    code = "import sys; sys.modules['pydantic'] = sys.modules['psutil'] = None; import HCCResponseLib.engines.worker"
    assert not loaded_by(code) & (NETWORKS | {"yaml", "sqlalchemy"})
