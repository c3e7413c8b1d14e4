"""Two commands at once in one folder: the second is refused at once, and nothing is proposed twice."""

import subprocess
import sys

import pytest

from commands import run
from HCCResponseLib.base.in_use import in_use
from HCCResponseLib.review.store import ReadStore
from small import small_study, tiny_model

TINY = ("--steps", "2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("two")
    small_study(made)
    tiny_model(made / "tiny.pt")
    return made


def test_of_two_assessments_started_together_one_proposes_and_one_is_refused(folder):
    output = folder / "read"
    words = ["assess", folder / "study.yaml", "-o", output, "--model", folder / "tiny.pt", *TINY]
    command = [sys.executable, "-m", "HCCResponseLib", *map(str, words)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    refused = [
        n for n in (0, 1) if f"Another 'hcc-response assess' has been working in '{output}'" in said[n]
    ]
    assert len(refused) == 1, said
    assert f"(process {both[1 - refused[0]].pid})" in said[refused[0]]
    assert both[refused[0]].returncode == 1
    store = ReadStore(output / "read.sqlite")
    proposed = [e.payload["time_point"] for e in store.events() if e.action == "proposed"]
    store.close()
    assert proposed == ["baseline", "follow-up 1"]


@pytest.mark.parametrize(
    "words",
    [("assess",), ("propose",), ("sign",), ("amend", "baseline", "--reason", "x")],
    ids=lambda w: w[0],
)
def test_every_command_that_writes_a_read_is_refused_before_it_reads_an_image(tmp_path, words):
    folder, output = tmp_path, tmp_path / "held"
    small_study(folder)
    (folder / "baseline.nii.gz").write_bytes(b"no image: whoever reads it says so")
    with in_use(output, "'hcc-response review'"):
        (output / "read.sqlite").touch()
        target = output if words[0] in ("sign", "amend") else folder / "study.yaml"
        more = ("-o", output) if target != output else ()
        done = run(words[0], target, *words[1:], *more)
        assert "Another 'hcc-response review' has been working in" in done.stderr, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert done.returncode == 1


def test_the_panel_s_job_is_named_and_refused_alike(folder, tmp_path):
    from HCCResponseLib.base.errors import InUseError
    from HCCResponseLib.base.jobs import run_job
    from HCCResponseLib.imaging.study import load_study
    from HCCResponseLib.pipeline.request import WORKER, Options, ProposalRequest

    asked = ProposalRequest(study=load_study(folder), folder=tmp_path, options=Options())
    with in_use(tmp_path, "'hcc-response assess'"), pytest.raises(InUseError, match="hcc-response assess"):
        run_job(WORKER, asked)
