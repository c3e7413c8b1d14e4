"""A simulated committee of 100 subjects through the review layer; its figures equal an independent computation.

The computation here starts from the plans in plain numbers: own sums, own responses, own formulas with numpy and
pandas. It uses nothing of the rule engine, the agreement module or the cohort package.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import defaultdict
from datetime import datetime
from fractions import Fraction
from math import comb

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import HCCResponseLib.review.store.store as store_module
from HCCResponseLib.cli.main import app
from HCCResponseLib.report.sdtm.read_back import read_sdtm
from HCCResponseLib.response.profile import load_profile
from HCCResponseLib.review.outcome import outcome
from simulated_committee import DATES, POINTS, READERS, planned_committee, planned_reread
from written_committee import SteppingClock, WrittenCommittee

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
    patch.setattr(store_module, "datetime", SteppingClock)
    yield Simulated(tmp_path_factory.mktemp("committee"))
    patch.undo()


@pytest.fixture(scope="module")
def figures(simulated, tmp_path_factory):
    path = tmp_path_factory.mktemp("figures") / "figures.json"
    done = CliRunner().invoke(app, ["evaluate", "committee", *simulated.stores, "--output", str(path)])
    assert done.exit_code == 0, done.output
    assert "left out" not in done.output
    records = json.loads(path.read_text(encoding="utf-8"))
    return {(r["section"], r["name"], r["who"]): r for r in records}


# --- the independent computation -------------------------------------------------------------------------------------


def judged(plan):
    """Responses of one planned read by RECIST 1.1, computed with fractions from the planned lengths."""
    wanted = [n for n, name in enumerate(("L1", "L2", "L3")) if name in plan.targets]
    (other,) = {0, 1, 2} - set(wanted)
    sums = [sum(Fraction(row[n] or 0) for n in wanted) for row in plan.lengths]
    responses, reached = [], False
    for number in range(1, len(sums)):
        nadir = min(sums[:number])
        growth = sums[number] - nadir
        if sums[number] == 0:
            target = "CR"
        elif growth >= 5 and growth * 5 >= nadir:
            target = "PD"
        elif reached or sums[number] * 10 <= sums[0] * 7:
            target = "PR"
        else:
            target = "SD"
        reached = target in ("PR", "CR") or (reached and target != "PD")
        new = plan.new_at is not None and number >= plan.new_at
        rest_gone = plan.lengths[number][other] is None
        if new or target == "PD":
            responses.append("PD")
        elif target == "CR" and not rest_gone:
            responses.append("PR")
        else:
            responses.append(target)
    until = responses.index("PD") + 1 if "PD" in responses else len(responses)
    seen = responses[:until]
    best = next(r for r in ("CR", "PR", "SD", "PD") if r in seen)
    first = next((DATES[n + 1] for n, r in enumerate(seen) if r in ("CR", "PR")), None)
    progression = DATES[until] if "PD" in responses else None
    return {
        "subject": plan.subject, "reader": plan.reader, "best": best, "response": first,
        "progression": progression, "points": responses, "sums": [float(s) for s in sums],
        "targets": frozenset(plan.targets),
    }  # fmt: skip


def table(pairs):
    """One row for each subject, the two reads side by side."""
    rows = []
    for first, second in pairs:
        a, b = judged(first), judged(second)
        rows.append({f"{k}_{n}": v for n, read in ((1, a), (2, b)) for k, v in read.items()})
    return pd.DataFrame(rows, dtype=object)


def exact(count, total):
    """Clopper-Pearson by bisection on the binomial distribution, per cent."""

    def at_least(p):
        return sum(comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(count, total + 1))

    def at_most(p):
        return sum(comb(total, k) * p**k * (1 - p) ** (total - k) for k in range(count + 1))

    def solve(grows, goal):
        low, high = 0.0, 1.0
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if grows(middle) < goal else (low, middle)
        return 100 * low

    lower = 0.0 if count == 0 else solve(at_least, 0.025)
    upper = 100.0 if count == total else solve(lambda p: 1 - at_most(p), 0.975)
    return lower, upper


def crossed(first, second, order):
    return pd.crosstab(first, second).reindex(index=order, columns=order, fill_value=0).to_numpy(float)


def kappa(counts, power=None):
    """Cohen's kappa as 1 minus observed over expected disagreement; ``power`` 1 linear, 2 quadratic, None plain."""
    size = len(counts)
    away = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(float)
    loss = (away > 0).astype(float) if power is None else away**power
    expected = np.outer(counts.sum(1), counts.sum(0)) / counts.sum()
    return 1 - (loss * counts).sum() / (loss * expected).sum()


def fleiss(counts):
    shares = (counts.sum(1) + counts.sum(0)) / (2 * counts.sum())
    agreed, chance = np.trace(counts) / counts.sum(), (shares**2).sum()
    return (agreed - chance) / (1 - chance)


def gwet(counts, weights=None):
    """AC1, or AC2 with weights."""
    size = len(counts)
    weights = np.eye(size) if weights is None else weights
    shares = (counts.sum(1) + counts.sum(0)) / (2 * counts.sum())
    agreed = (weights * counts).sum() / counts.sum()
    chance = weights.sum() / (size * (size - 1)) * (shares * (1 - shares)).sum()
    return (agreed - chance) / (1 - chance)


def ordinal(size):
    away = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    return 1 - away * (away + 1) / 2 / comb(size, 2)


def icc(values):
    """ICC(2,1) from variance components of a two-way table fitted by least squares."""
    frame = pd.DataFrame(values).stack().reset_index()
    frame.columns = ["subject", "reader", "value"]
    n, k = values.shape
    design = np.column_stack([np.ones(n * k), pd.get_dummies(frame["subject"], drop_first=True)]).astype(
        float
    )
    full = np.column_stack([design, pd.get_dummies(frame["reader"], drop_first=True)]).astype(float)

    def left(matrix):
        fitted = matrix @ np.linalg.lstsq(matrix, frame["value"].to_numpy(), rcond=None)[0]
        return ((frame["value"] - fitted) ** 2).sum()

    mean_error = left(full) / ((n - 1) * (k - 1))
    mean_reader = (left(design) - left(full)) / (k - 1)
    mean_subject = k * np.var(values.mean(1), ddof=1)
    subject, reader = (mean_subject - mean_error) / k, (mean_reader - mean_error) / n
    return subject / (subject + reader + mean_error)


# --- the comparison --------------------------------------------------------------------------------------------------


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
    seconds = defaultdict(list)
    for path in simulated.stores:
        database = sqlite3.connect(path)
        rows = pd.read_sql("SELECT read_id, actor, utc, payload, action FROM events", database)
        database.close()
        rows = rows[rows["action"] == "decision"]
        rows["point"] = rows["payload"].map(lambda text: json.loads(text)["time_point"])
        for (_, actor, _), group in rows.groupby(["read_id", "actor", "point"]):
            moments = sorted(datetime.fromisoformat(u) for u in group["utc"])
            gaps = [(b - a).total_seconds() for a, b in zip(moments, moments[1:], strict=False)]
            seconds[actor].append(sum(g for g in gaps if g <= PAUSE))
            assert len(gaps) >= 2
    every = [s for values in seconds.values() for s in values]
    assert any(g == 0 or g > 100 for g in every)
    for who, values in (("", every), *seconds.items()):
        figure = figures["Reading time", "time per time point", who]
        quartiles = pd.Series(values).quantile([0.25, 0.5, 0.75]).tolist()
        assert [figure["low"], figure["value"], figure["high"]] == pytest.approx(quartiles, abs=0.002)
        assert figure["total"] == len(values)
    assert len(every) == (2 * len(simulated.plans) + REREADS) * len(POINTS)


def test_exports_of_the_committee(simulated, tmp_path):
    runner = CliRunner()
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
                found = outcome(again[f"HCC9-{plan.subject}", f"RADIOLOGIST {place}"], profile)
                expected = judged(plan)
                assert [p.overall.value for p in found.evaluation.time_points[1:]] == expected["points"]
                assert (found.best.value, found.progression_date) == (
                    expected["best"],
                    expected["progression"],
                )


def test_plain_tables_of_the_committee(simulated, tmp_path):
    done = CliRunner().invoke(app, ["export", "csv", *simulated.stores, "-o", str(tmp_path)])
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
