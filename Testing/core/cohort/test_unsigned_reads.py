"""Reads that are not signed, or that nobody looked at, reach tables and figures only when asked, and say so there."""

import pytest
from typer.testing import CliRunner

from committees import FIRST, SECOND
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.main import app
from HCCResponseLib.cohort.committee.from_store import load_committee
from HCCResponseLib.report.tables.files import read_csv
from HCCResponseLib.review.decisions.decide import accept_all
from HCCResponseLib.review.signing.signing import sign_and_lock
from reads import BASELINE, FOLLOW_UP, lesion, make_read


def test_an_own_study_that_is_unsigned_or_unreviewed_is_exported_only_when_asked_and_says_so(tmp_path):
    folder, out = tmp_path / "read", tmp_path / "csv"
    store, state = make_read(
        folder / "read.sqlite", [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 20)]
    )
    runner = CliRunner()
    command = ["export", "csv", str(folder), "-o", str(out)]
    refused = runner.invoke(app, command)
    assert refused.exit_code == 1
    assert "has decisions missing" in refused.output
    accept_all(store, state, "Dr A")
    store.close()
    sdtm = ["export", "sdtm", str(folder), "-o", str(tmp_path / "sdtm")]
    figures = ["evaluate", "committee", str(folder), "-o", str(tmp_path / "figures.md")]
    for one in (command, sdtm, figures):
        refused = runner.invoke(app, one)
        assert refused.exit_code == 1
        assert (
            "The read 'read-1' of subject 'S1' is not signed, and 2 of its rows were accepted unseen "
            "(L1 at baseline, L1 at follow-up 1): decide on each of them, then sign. Or give --include-unsigned"
        ) in " ".join(refused.output.split())
        assert [p.name for p in tmp_path.iterdir()] == ["read"]
    done = runner.invoke(app, [*command, "--include-unsigned", "--json"])
    assert done.exit_code == 0, done.output
    for name in ("reads", "timepoints", "lesions"):
        rows = read_csv(out / f"{name}.csv").rows
        assert {(r["signed"], r["reviewed"]) for r in rows} == {("no", "no")}
    (row,) = read_csv(out / "reads.csv").rows
    assert (row["reader"], row["accepted"], row["best_response"]) == ("Dr A", "no", "PR")
    lesions = read_csv(out / "lesions.csv").rows
    assert [(r["lesion"], r["role"], r["state"]) for r in lesions] == [("L1", "target", "measured")] * 2
    assert runner.invoke(app, [*sdtm, "--include-unsigned"]).exit_code == 0
    rows = read_csv(tmp_path / "sdtm" / "rs.csv").rows
    assert {r["RSEVAL"] for r in rows} == {"UNREVIEWED PROPOSALS"}
    assert "RSACPTFL" not in rows[0]
    assert runner.invoke(app, [*figures, "--include-unsigned"]).exit_code == 0
    text = (tmp_path / "figures.md").read_text()
    assert "| not signed or not reviewed | 100.0 % | - | 1 of 1 |" in text
    assert "Reading time" not in text, "nobody read"


def test_a_signed_read_with_rows_accepted_unseen_is_refused_and_never_the_accepted_one(committee, tmp_path):
    own, state = committee.open("ann", committee.assign("ann", FIRST).read_id)
    for point in (BASELINE, FOLLOW_UP):
        committee.propose(own, state, point, 40)
        accept_all(own, state, "ann")
        sign_and_lock(own, state, committee.people, committee.credentials("ann"), point)
    committee.read("bob", committee.assign("bob", SECOND).read_id, {BASELINE: 40, FOLLOW_UP: 40})
    store = [tmp_path / "reads.sqlite"]
    with pytest.raises(
        InputError, match="'S1-1' of subject 'S1' is signed, but 2 of its rows were accepted unseen"
    ):
        load_committee(store)
    found = load_committee(store, include_unsigned=True)
    assert [(r.signed, r.reviewed, r.accepted) for r in found.reads] == [
        (True, False, False),
        (True, True, False),
    ]
