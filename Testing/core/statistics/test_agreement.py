"""Agreement statistics against published values."""

import math

import pytest

from HCCResponseLib.statistics.agreement import agreement_of_ratings, agreement_of_table
from HCCResponseLib.statistics.continuous import mean_interval
from HCCResponseLib.statistics.estimate import Estimate

# Gwet 2014, Handbook of Inter-Rater Reliability, 4th edition, p. 120: 12 subjects, 4 raters, missing ratings.
GWET = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, None],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 3],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
# Diagnosis of 223 patients by two methods (Gwet 2014), and married couples' answers (Agresti 1990; R package vcd).
DIAGNOSIS = [[40, 4, 4, 17], [6, 25, 2, 13], [4, 1, 21, 12], [15, 5, 9, 45]]
COUPLES = [[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]]
# Fleiss 1971, Psychological Bulletin 76:378-382: 30 patients, 6 raters, 5 categories; the first 15 (irrCAC).
FLEISS_15 = {
    "depression": [0, 0, 0, 0, 0, 2, 0, 2, 2, 0, 1, 1, 0, 1, 0],
    "personality": [0, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 1, 3, 0, 2],
    "schizophrenia": [0, 0, 4, 0, 0, 4, 4, 3, 0, 0, 0, 0, 3, 0, 0],
    "neurosis": [6, 0, 0, 0, 3, 0, 0, 1, 4, 0, 5, 4, 0, 5, 3],
    "other": [0, 3, 1, 6, 0, 0, 2, 0, 0, 6, 0, 0, 0, 0, 1],
}


def gwet_ratings():
    return [[None if r is None else str(r) for r in subject] for subject in zip(*GWET, strict=True)]


def test_gwet_handbook(ask):
    given = {"categories": ["1", "2", "3", "4", "5"], "ratings": gwet_ratings()}
    answer = ask("agreement", given)
    assert answer["n"] == 11  # one subject has a single rating
    assert answer["percent_agreement"] == pytest.approx(81.8, abs=0.05)
    assert answer["gwet_ac1"] == pytest.approx(0.775, abs=5e-4)
    assert answer["gwet_ac1_ci95"] == pytest.approx([0.461, 1], abs=5e-4)
    assert answer["fleiss_kappa"] == pytest.approx(0.761, abs=5e-4)
    assert answer["fleiss_kappa_ci95"] == pytest.approx([0.424, 1], abs=5e-4)
    assert answer["gwet_ac2_quadratic"] == pytest.approx(0.914, abs=5e-4)
    assert answer["gwet_ac2_quadratic_ci95"] == pytest.approx([0.685, 1], abs=5e-4)
    assert answer["gwet_ac2_linear"] == pytest.approx(0.859, abs=5e-4)
    assert answer["gwet_ac2_linear_ci95"] == pytest.approx([0.600, 1], abs=5e-4)
    assert answer["gwet_ac2_ordinal"] == pytest.approx(0.899, abs=5e-4)
    assert answer["gwet_ac2_ordinal_ci95"] == pytest.approx([0.664, 1], abs=6e-4)
    assert answer["kappa"] is None  # more than two readers
    assert ask("agreement", given, agreement_weights="linear")["gwet_ac2"] == answer["gwet_ac2_linear"]


def test_two_readers(ask):
    answer = ask("agreement", {"categories": ["S", "B", "D", "O"], "table": DIAGNOSIS})
    assert answer["n"] == 223
    assert answer["kappa"] == pytest.approx(0.432, abs=5e-4)
    assert answer["kappa_ci95"] == pytest.approx([0.341, 0.522], abs=6e-4)
    assert answer["kappa_linear"] == pytest.approx(0.407, abs=5e-4)
    assert answer["kappa_linear_ci95"] == pytest.approx([0.302, 0.512], abs=6e-4)
    assert answer["kappa_quadratic"] == pytest.approx(0.383, abs=5e-4)
    assert answer["kappa_quadratic_ci95"] == pytest.approx([0.254, 0.513], abs=1.5e-3)


def test_standard_errors_of_vcd():
    """The interval is the value -+ 1.96 standard errors."""
    found = agreement_of_table(COUPLES)
    assert found.kappa.value == pytest.approx(0.1293, abs=5e-5)
    assert (found.kappa.high - found.kappa.low) / (2 * 1.959964) == pytest.approx(0.0686, abs=5e-5)
    linear = found.kappa_linear
    assert linear.value == pytest.approx(0.2374, abs=5e-5)
    assert (linear.high - linear.low) / (2 * 1.959964) == pytest.approx(0.0783, abs=5e-5)


def test_fleiss_by_hand():
    """Six raters, 15 patients; pairwise agreement and chance computed apart from the code under test."""
    names = list(FLEISS_15)
    rows = list(zip(*FLEISS_15.values(), strict=True))
    ratings = [[name for name, count in zip(names, row, strict=True) for _ in range(count)] for row in rows]
    observed = sum(sum(c * (c - 1) for c in row) / 30 for row in rows) / len(rows)
    chance = sum((sum(column) / 90) ** 2 for column in FLEISS_15.values())
    found = agreement_of_ratings(ratings, names)
    assert found.fleiss_kappa.value == pytest.approx((observed - chance) / (1 - chance), abs=1e-12)
    assert found.percent_agreement == pytest.approx(100 * observed)


def test_paradox_of_prevalence():
    """High agreement on a rare category: kappa collapses, AC1 does not (Gwet 2008)."""
    found = agreement_of_table([[118, 5], [2, 0]])
    assert found.kappa.value == pytest.approx(-0.0234, abs=5e-5)
    assert found.gwet_ac1.value == pytest.approx(0.9408, abs=5e-5)


def test_table_and_ratings_give_the_same(ask):
    ratings = [["a", "a"]] * 10 + [["a", "b"]] * 2 + [["b", "a"]] * 3 + [["b", "b"]] * 5
    by_table = ask("agreement", {"categories": ["a", "b"], "table": [[10, 2], [3, 5]]})
    assert ask("agreement", {"categories": ["a", "b"], "ratings": ratings}) == by_table


def test_what_is_not_defined_is_null_and_the_trace_says_why(ask, ask_raw):
    same = ask("agreement", {"categories": ["a", "b"], "ratings": [["a", "a"]] * 5})
    assert (same["kappa"], same["fleiss_kappa"], same["gwet_ac1"]) == (None, None, 1.0)
    empty = ask("agreement", {"categories": ["a", "b"], "ratings": []})
    assert (empty["n"], empty["percent_agreement"], empty["kappa"]) == (0, None, None)
    assert same["gwet_ac1_ci95"] is None, "five subjects do not make it certain"
    one = ask("agreement", {"categories": ["a", "b"], "ratings": [["a", "b"]]})
    coefficients = [value for name, value in one.items() if name not in ("n", "percent_agreement")]
    assert set(coefficients) == {None}, "one subject: kappa was 0"
    trace = ask_raw("agreement", {"categories": ["a", "b"], "ratings": [["a", "b"]]})["trace"]
    assert "kappa is not defined: n = 1" in trace


def test_every_coefficient_says_why_it_is_not_defined():
    one = agreement_of_table([[0, 1], [0, 0]])
    assert (one.percent_agreement, one.percent) == (0, Estimate(why="n = 1"))
    assert {one.kappa, one.kappa_linear, one.fleiss_kappa, one.gwet_ac1, one.gwet_ac2} == {
        Estimate(why="n = 1")
    }
    same = agreement_of_table([[5, 0], [0, 0]])
    assert same.kappa == same.kappa_quadratic == same.fleiss_kappa == Estimate(why="one category only")
    assert same.gwet_ac1 == Estimate(1, why="no variance")
    perfect = agreement_of_table([[2, 0], [0, 2]])
    assert perfect.kappa == Estimate(1, why="no variance"), "not 1.000 from 1.000 to 1.000"
    three = agreement_of_ratings([["a", "b", "a"], ["b", "b", "a"]], ["a", "b"])
    assert three.kappa == Estimate(why="for two readers only")


def test_intervals_of_means_are_students():
    """Printed tables of Student's t: 0, 2, 4, ... with a standard error of the mean that is known by hand."""
    for freedom, expected in ((1, 12.706), (2, 4.303), (5, 2.571), (11, 2.201), (30, 2.042), (120, 1.980)):
        n = freedom + 1
        values = [2.0 * k for k in range(n)]
        error = math.sqrt(sum((v - freedom) ** 2 for v in values) / freedom / n)
        found = mean_interval(values)
        assert found.value == freedom
        assert (found.high - freedom) / error == pytest.approx(expected, abs=5e-4)
        assert found.low == pytest.approx(2 * freedom - found.high)
    assert mean_interval([3.0]) == Estimate(3.0, why="n = 1")
    assert mean_interval([]) == Estimate(why="n = 0")
    assert mean_interval([3.0, 3.0]) == Estimate(3.0, why="all values are the same")


@pytest.mark.parametrize(
    "given",
    [
        {"categories": ["a", "b"]},
        {"categories": ["a", "b"], "table": [[1, 2]]},
        {"categories": ["a", "b"], "table": [[1, -2], [0, 1]]},
        {"categories": ["a", "b", "c"], "table": [[1, 2], [0, 1]]},
        {"categories": ["a", "b"], "ratings": [["a", "x"]]},
        {"categories": ["a", "b"], "ratings": [["a", "b"], ["a"]]},
        {"categories": ["a", "a"], "ratings": [["a", "a"]]},
        {"categories": ["a", "b"], "ratings": ["ab"]},
    ],
)
def test_impossible_ratings(ask_raw, given):
    assert "error" in ask_raw("agreement", given)
