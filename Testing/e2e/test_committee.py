"""A simulated committee of 100 subjects through the review layer; its figures equal an independent computation.

The second computation (``Testing/support/independent_figures.py``) starts from the plans in plain numbers: own sums,
own responses, own formulas with numpy and pandas.
"""

import csv
import json
import sqlite3
from collections import defaultdict
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import HCCResponseLib.review.store.rows as rows_module
from HCCResponseLib.cli.main import app
from HCCResponseLib.report.sdtm.read_back import read_sdtm
from HCCResponseLib.response.profiles.load import load_profile
from independent_figures import crossed, exact, fleiss, gwet, icc, judged, kappa, ordinal, table
from simulated_committee import POINTS, READERS, planned_committee, planned_reread
from written_committee import SIGN_IN, SteppingClock, WrittenCommittee

pytestmark = pytest.mark.slow

BATCH, REREADS, PAUSE = 10, 8, 300
GOOD_ADVICE = {"reader-a": 0.8, "reader-b": 0.35, "reader-c": 0.6, "reader-d": 0.6}


class Simulated:
    """Where the stores are, what was planned, what the adjudicator chose."""

    def __init__(self, folder):
        self.stores, self.plans, self.again, self.chosen = [], planned_committee(100), [], {}
        rng = np.random.default_rng(5)
        for start in range(0, len(self.plans), BATCH):
            path = folder / f"batch-{start // BATCH}.sqlite"
            committee = WrittenCommittee(path)
            for first, second in self.plans[start : start + BATCH]:
                committee.read((first, second))
                a, b = judged(first), judged(second)
                if (a["best"], a["progression"]) != (b["best"], b["progression"]):
                    weight = GOOD_ADVICE[first.reader] / (
                        GOOD_ADVICE[first.reader] + GOOD_ADVICE[second.reader]
                    )
                    winner = first if rng.random() < weight else second
                    self.chosen[first.subject] = winner.reader
                    committee.choose(first.subject, winner.reader, "-clearer on the late phase")
            if start < 2 * BATCH:
                for plan, _ in self.plans[start : start + REREADS // 2]:
                    self.again.append((plan, planned_reread(plan, len(self.again))))
                    committee.read_again(self.again[-1][1])
            committee.close()
            self.stores.append(str(path))


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(rows_module, "datetime", SteppingClock)
    yield Simulated(tmp_path_factory.mktemp("committee"))
    patch.undo()


@pytest.fixture(scope="module")
def figures(simulated, tmp_path_factory):
    path = tmp_path_factory.mktemp("figures") / "figures.json"
    done = CliRunner(env=SIGN_IN).invoke(
        app, ["evaluate", "committee", *simulated.stores, "--output", str(path)]
    )
    assert done.exit_code == 0, done.output
    assert "left out" not in done.output
    records = json.loads(path.read_text(encoding="utf-8"))
    return {(r["section"], r["name"], r["who"]): r for r in records}


def check_share(figure, differs):
    low, high = exact(int(differs.sum()), len(differs))
    assert (figure["count"], figure["total"]) == (int(differs.sum()), len(differs))
    assert figure["value"] == pytest.approx(100 * differs.mean())
    assert (figure["low"], figure["high"]) == pytest.approx((low, high), abs=1e-6)


def differing(frame):
    """Series of yes and no for each compared variable."""
    names = {
        "best-response": "best",
        "response-date": "response",
        "progression-date": "progression",
        "time-point-response": "points",
        "targets": "targets",
    }
    found = {
        name: pd.Series([a != b for a, b in zip(frame[f"{own}_1"], frame[f"{own}_2"], strict=True)])
        for name, own in names.items()
    }
    return found | {"progression": frame.progression_1.isna() != frame.progression_2.isna()}


def test_the_committee_disagrees_as_published(simulated):
    found = differing(table(simulated.plans))
    assert 17 <= 100 * found["best-response"].mean() <= 29
    assert 25 <= 100 * found["progression-date"].mean() <= 37


def test_adjudication_and_discordance(simulated, figures):
    frame = table(simulated.plans)
    found = differing(frame)
    for name, series in found.items():
        check_share(figures["Discordance between readers", name, ""], series)
    needed = found["best-response"] | found["progression-date"]
    check_share(figures["Adjudication", "adjudication needed", ""], needed)
    check_share(figures["Adjudication", "adjudicated", ""], frame.subject_1.isin(simulated.chosen))
    points = figures["Discordance between readers", "single time points", ""]
    pairs = [list(zip(a, b, strict=True)) for a, b in zip(frame.points_1, frame.points_2, strict=True)]
    counts = np.array([sum(x != y for x, y in p) for p in pairs])
    assert (points["count"], points["total"]) == (counts.sum(), 3 * len(counts))
    spread = counts.std(ddof=1) / np.sqrt(len(counts)) / 3 * 100
    assert points["low"] == pytest.approx(points["value"] - 1.96 * spread, abs=1.5)
    assert points["high"] == pytest.approx(points["value"] + 1.96 * spread, abs=1.5)


def test_readers(simulated, figures):
    read, judged_cases, against = defaultdict(int), defaultdict(int), defaultdict(int)
    for pair in simulated.plans:
        for plan in pair:
            read[plan.reader] += 1
            if plan.subject in simulated.chosen:
                judged_cases[plan.reader] += 1
                against[plan.reader] += simulated.chosen[plan.subject] != plan.reader
    for reader in READERS:
        index = figures["Readers", "reader disagreement index", reader]
        rate = figures["Readers", "adjudicator agreement rate", reader]
        assert index["value"] == pytest.approx(100 * against[reader] / read[reader])
        agreed = judged_cases[reader] - against[reader]
        assert (rate["count"], rate["total"]) == (agreed, judged_cases[reader])
        assert (rate["low"], rate["high"]) == pytest.approx(exact(agreed, judged_cases[reader]), abs=1e-6)
    indices = {r: figures["Readers", "reader disagreement index", r]["value"] for r in READERS}
    assert max(indices, key=indices.get) == "reader-b"


def check_coefficients(figures, section, first, second, order=("CR", "PR", "SD", "PD")):
    counts = crossed(first, second, sorted(set(first) | set(second)))
    assert figures[section, "agreement", ""]["value"] == pytest.approx(100 * np.trace(counts) / counts.sum())
    assert figures[section, "kappa", ""]["value"] == pytest.approx(kappa(counts))
    assert figures[section, "fleiss_kappa", ""]["value"] == pytest.approx(fleiss(counts))
    assert figures[section, "gwet_ac1", ""]["value"] == pytest.approx(gwet(counts))
    ordered = crossed(first, second, order)
    if (section, "kappa_linear", "") in figures:
        assert figures[section, "kappa_linear", ""]["value"] == pytest.approx(kappa(ordered, 1))
        assert figures[section, "kappa_quadratic", ""]["value"] == pytest.approx(kappa(ordered, 2))
        assert figures[section, "gwet_ac2", ""]["value"] == pytest.approx(gwet(ordered, ordinal(len(order))))
    for name in ("kappa", "gwet_ac1"):
        figure = figures[section, name, ""]
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_agreement_of_categories(simulated, figures):
    frame = table(simulated.plans)
    check_coefficients(figures, "Agreement on best response", frame.best_1, frame.best_2)
    check_coefficients(
        figures,
        "Agreement on time point responses",
        frame.points_1.explode().reset_index(drop=True),
        frame.points_2.explode().reset_index(drop=True),
    )
    yes = [frame[f"progression_{n}"].notna().map({True: "yes", False: "no"}) for n in (1, 2)]
    check_coefficients(figures, "Agreement on progression", *yes)
    assert ("Agreement on progression", "kappa_linear", "") not in figures


def check_sums(figures, section, frame):
    both = np.array([list(zip(a, b, strict=True)) for a, b in zip(frame.sums_1, frame.sums_2, strict=True)])
    for which, values in (("baseline", both[:, 0]), ("all time points", both.reshape(-1, 2))):
        logs = np.log(values[(values > 0).all(1)])
        figure = figures[section, f"ICC(2,1) of log sums ({which})", ""]
        assert figure["value"] == pytest.approx(icc(logs), abs=1e-9)
        assert figure["low"] < figure["value"] < figure["high"] <= 1
        difference = pd.Series(values[:, 1] - values[:, 0])
        mean, sd = difference.mean(), difference.std()
        assert figures[section, f"mean difference ({which})", ""]["value"] == pytest.approx(mean)
        lower = figures[section, f"lower limit of agreement ({which})", ""]
        upper = figures[section, f"upper limit of agreement ({which})", ""]
        assert (lower["value"], upper["value"]) == pytest.approx((mean - 1.96 * sd, mean + 1.96 * sd))
        assert lower["total"] == len(values)


def test_sums_of_diameters(simulated, figures):
    check_sums(figures, "Sums of diameters", table(simulated.plans))


def test_rereads_by_the_same_reader(simulated, figures):
    frame = table(simulated.again)
    assert len(frame) == REREADS
    for name, series in differing(frame).items():
        check_share(figures["Discordance with the same reader's re-read", name, ""], series)
    check_coefficients(figures, "Intra-reader agreement on best response", frame.best_1, frame.best_2)
    check_sums(figures, "Intra-reader sums of diameters", frame)


def test_reading_times(simulated, figures):
    """Straight from the databases: first to last decision of a time point, without gaps above five minutes."""
    found = []
    for path in simulated.stores:
        database = sqlite3.connect(path)
        rows = pd.read_sql(
            "SELECT read_id, actor, utc, payload FROM events WHERE action = 'decision'", database
        )
        database.close()
        rows["point"] = rows["payload"].map(lambda text: json.loads(text)["time_point"])
        for (read, actor, _), group in rows.groupby(["read_id", "actor", "point"]):
            moments = sorted(datetime.fromisoformat(u) for u in group["utc"])
            gaps = [(b - a).total_seconds() for a, b in zip(moments, moments[1:], strict=False)]
            found.append((actor, path + read, sum(g for g in gaps if g <= PAUSE), max(gaps)))
    frame = pd.DataFrame(found, columns=["reader", "read", "seconds", "longest"])
    assert (frame["longest"] > PAUSE).any()
    assert len(frame) == (2 * len(simulated.plans) + REREADS) * len(POINTS)
    for who in ("", *READERS):
        own = frame if not who else frame[frame["reader"] == who]
        whole = own.groupby("read")["seconds"].sum()
        for name, values in (("time per time point", own["seconds"]), ("time per read", whole)):
            figure = figures["Reading time", name, who]
            quartiles = values.quantile([0.25, 0.5, 0.75]).tolist()
            assert [figure["low"], figure["value"], figure["high"]] == pytest.approx(quartiles, abs=0.02)
            assert figure["total"] == len(values)
    assert figures["Reading time", "time per read", ""]["method"].endswith("pauses above 5 min left out")


def test_exports_of_the_committee(simulated, tmp_path):
    runner = CliRunner(env=SIGN_IN)
    options = ["-o", str(tmp_path), "--study-id", "HCC9", "--format", "csv,json,xpt"]
    done = runner.invoke(app, ["export", "sdtm", *simulated.stores, *options])
    assert done.exit_code == 0, done.output
    accepted = defaultdict(set)
    for row in csv.DictReader((tmp_path / "rs.csv").read_text(encoding="utf-8").splitlines()):
        if row["RSACPTFL"] == "Y":
            accepted[row["USUBJID"]].add(row["RSEVALID"])
    for first, second in simulated.plans:
        chosen = simulated.chosen.get(first.subject, first.reader)
        place = "RADIOLOGIST 1" if chosen == first.reader else "RADIOLOGIST 2"
        assert accepted[f"HCC9-{first.subject}"] == {place}
        assert second.subject == first.subject
    profile = load_profile("recist-1.1")
    for form in ("csv", "json", "xpt"):
        again = read_sdtm(tmp_path, form)
        assert len(again) == 2 * len(simulated.plans)
        for pair in simulated.plans:
            for place, plan in enumerate(pair, start=1):
                found = again[f"HCC9-{plan.subject}", f"RADIOLOGIST {place}"].outcome(profile)
                expected = judged(plan)
                assert [p.overall.value for p in found.evaluation.time_points[1:]] == expected["points"]
                assert (found.best.value, found.progression_date) == (
                    expected["best"],
                    expected["progression"],
                )


def test_plain_tables_of_the_committee(simulated, tmp_path):
    done = CliRunner(env=SIGN_IN).invoke(app, ["export", "csv", *simulated.stores, "-o", str(tmp_path)])
    assert done.exit_code == 0, done.output
    reads = pd.read_csv(tmp_path / "reads.csv")
    assert len(reads) == 2 * len(simulated.plans) + REREADS
    assert (reads.accepted == "yes").sum() == len(simulated.plans)
    best = reads[reads["repeat"] == "no"].groupby("evaluator").best_response.value_counts()
    frame = table(simulated.plans)
    for place in (1, 2):
        own = best[f"RADIOLOGIST {place}"].to_dict()
        assert own == frame[f"best_{place}"].value_counts().to_dict()
    raw = (tmp_path / "adjudications.csv").read_text(encoding="utf-8")
    assert "'-clearer on the late phase" in raw
    assert len(raw.splitlines()) == 1 + len(simulated.chosen)
