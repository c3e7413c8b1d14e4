"""After the signature under a time point the next one is proposed at once; what was signed stands whatever happens."""

import json
import shlex
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from committees import SmallCommittee, password
from HCCResponseLib.base.errors import JobFailedError
from HCCResponseLib.cli.main import app
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.pipeline import propose as pipeline
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.read.access import Stage
from HCCResponseLib.review.read.lifecycle import stage
from HCCResponseLib.review.read.records import write_proposal
from HCCResponseLib.review.read.state import Row, read_state
from HCCResponseLib.review.store import ReadStore
from quick_proposals import ball
from small import small_study

READ, POINTS = "S1-1", ("baseline", "follow-up 1")


def one_ball(session, options, report):
    """A network that sees one ball on every time point that is open."""
    for point in session.study.timepoints:
        if point.name in session.state.provenance or stage(session.state, point.name) is not Stage.OPEN:
            continue
        geometry = session.image(point).geometry
        contour = ball(geometry, 20.0, (0.5, 0.5, 0.4))
        measured = measure_lesion(contour, geometry)
        row = Proposal(
            point.name, "L1", ProposalKind.LESION, LesionState.MEASURED, contour, measured, "quick"
        )
        write_proposal(session.store, row)
        session.store.append("software", "proposed", {"time_point": point.name})
        session.state.rows[point.name] = {"L1": Row(row)}
        session.state.provenance[point.name] = {"time_point": point.name}
    return [p.name for p in session.study.timepoints if p.name not in session.state.provenance]


def run(*words):
    environment = {"HCC_RESPONSE_USER": "ann", "HCC_RESPONSE_PASSWORD": password("ann")}
    return CliRunner().invoke(app, ["read", *map(str, words)], env=environment)


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """ann's read with the proposals of the baseline, and her decisions on it."""
    monkeypatch.setattr(pipeline, "propose", one_ball)
    path = small_study(tmp_path / "S1")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**content, "subject": "S1"}), encoding="utf-8")
    store = tmp_path / "reads.sqlite"
    SmallCommittee(store).store.close()
    boss = {"HCC_RESPONSE_USER": "boss", "HCC_RESPONSE_PASSWORD": password("boss")}
    words = ["read", "assign", str(store), str(tmp_path / "S1"), "--to", "ann=RADIOLOGIST 1"]
    assert CliRunner().invoke(app, words, env=boss).exit_code == 0
    done = run("open", store, READ, tmp_path / "S1", "-o", tmp_path / "work")
    assert done.exit_code == 0, done.stderr
    decided = {"reader": "ann", "decisions": [{"time_point": "baseline", "name": "L1", "action": "accept"}]}
    (tmp_path / "baseline.yaml").write_text(yaml.safe_dump(decided), encoding="utf-8")
    return tmp_path


def signing(folder, *more):
    return run("decide", folder / "reads.sqlite", READ, folder / "baseline.yaml", "--sign", *more)


def state_of(folder):
    with closing(ReadStore(folder / "reads.sqlite", READ)) as store:
        return read_state(store)


def test_the_signature_opens_the_next_time_point_and_it_is_proposed_at_once(opened):
    done = signing(opened, "--study", opened / "S1")
    assert done.exit_code == 0, done.stderr
    assert set(state_of(opened).provenance) == set(POINTS)
    lines = done.stdout.splitlines()
    assert any(line.startswith("'baseline' signed by Dr Ann") for line in lines)
    assert "Waiting for your decision at follow-up 1: L1" in lines
    [file] = [line.removeprefix("Decisions to fill in: ") for line in lines if line.startswith("Decisions")]
    assert "time_point: follow-up 1, name: L1, action: }" in Path(file).read_text(encoding="utf-8")
    assert Path(file).parent == opened / "work"


def test_the_last_signature_says_no_more_than_before(opened):
    signing(opened, "--study", opened / "S1")
    decided = {"reader": "ann", "decisions": [{"time_point": POINTS[1], "name": "L1", "action": "accept"}]}
    (opened / "baseline.yaml").write_text(yaml.safe_dump(decided), encoding="utf-8")
    done = signing(opened, "--study", opened / "S1")
    assert done.exit_code == 0, done.stderr
    assert "signed by Dr Ann" in done.stdout
    assert "Next" not in done.stdout + done.stderr
    assert "Proposing" not in done.stderr


def test_json_tells_what_waits(opened):
    values = json.loads(signing(opened, "--study", opened / "S1", "--json").stdout)
    assert values["signatures"][0]["time_point"] == "baseline"
    assert values["next"]["waiting"] == {"follow-up 1": ["L1"]}
    assert Path(values["next"]["decisions"]).is_file()


@pytest.mark.parametrize("more", [("--no-next", "--study", "S1"), ()])
def test_without_a_study_or_on_request_it_stops_and_names_the_command(opened, monkeypatch, more):
    monkeypatch.chdir(opened)
    done = signing(opened, *more)
    assert done.exit_code == 0, done.stderr
    assert set(state_of(opened).provenance) == {"baseline"}
    [line] = [one for one in done.stdout.splitlines() if one.startswith("Next, to propose follow-up 1: ")]
    words = shlex.split(line.partition(": ")[2].replace("STUDY", "S1"))
    assert words[:2] == ["hcc-response", "read"]
    assert run(*words[2:]).exit_code == 0
    assert set(state_of(opened).provenance) == set(POINTS)


@pytest.mark.parametrize(
    ("problem", "status", "words"),
    [(JobFailedError("The card is gone."), 1, "The card is gone"), (KeyboardInterrupt(), 130, "cancelled")],
)
def test_a_signature_stands_where_the_next_proposals_fail(opened, monkeypatch, problem, status, words):
    def fails(*_):
        raise problem

    monkeypatch.setattr(pipeline, "propose", fails)
    done = signing(opened, "--study", opened / "S1")
    assert done.exit_code == status
    assert "'baseline' signed by Dr Ann" in done.stdout
    assert f"What you have signed is kept, but follow-up 1 could not be proposed: {words}." in done.stderr
    assert f"To go on: hcc-response read open {opened / 'reads.sqlite'} S1-1 {opened / 'S1'}" in done.stderr
    assert list(state_of(opened).locked) == ["baseline"]
    assert "authorship" in (opened / "work" / "report.html").read_text(encoding="utf-8")


def test_decisions_without_a_signature_do_not_go_on(opened):
    done = run("decide", opened / "reads.sqlite", READ, opened / "baseline.yaml", "--study", opened / "S1")
    assert done.exit_code == 0
    assert set(state_of(opened).provenance) == {"baseline"}
    assert "Next" not in done.stdout


def test_a_signature_on_its_own_goes_on_as_well(opened):
    run("decide", opened / "reads.sqlite", READ, opened / "baseline.yaml")
    done = run("sign", opened / "reads.sqlite", READ, "baseline", "--study", opened / "S1")
    assert done.exit_code == 0, done.stderr
    assert "Waiting for your decision at follow-up 1: L1" in done.stdout


def test_a_baseline_without_lesions_is_signed_and_the_follow_up_proposed(opened, monkeypatch):
    def none_at_baseline(session, options, report):
        first = session.study.timepoints[0].name
        if first in session.state.provenance:
            return one_ball(session, options, report)
        session.store.append("software", "proposed", {"time_point": first})
        session.state.rows[first], session.state.provenance[first] = {}, {"time_point": first}
        return [p.name for p in session.study.timepoints[1:]]

    monkeypatch.setattr(pipeline, "propose", none_at_baseline)
    store = opened / "second.sqlite"
    SmallCommittee(store).store.close()
    boss = {"HCC_RESPONSE_USER": "boss", "HCC_RESPONSE_PASSWORD": password("boss")}
    words = ["read", "assign", str(store), str(opened / "S1"), "--to", "ann=RADIOLOGIST 1"]
    CliRunner().invoke(app, words, env=boss)
    done = run("open", store, READ, opened / "S1", "-o", opened / "empty")
    line = f"If there is no lesion at baseline: hcc-response read sign {store} S1-1 baseline --as ann"
    assert line in done.stderr
    assert "No lesion was found at baseline" in done.stderr
    done = run("sign", store, READ, "baseline", "--study", opened / "S1")
    assert done.exit_code == 0, done.stderr
    assert "Waiting for your decision at follow-up 1: L1" in done.stdout
