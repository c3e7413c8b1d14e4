"""The demonstration's comparison with the truth: a new lesion counts only where the true one lies."""

import numpy as np
import pytest

from HCCResponseLib.cli.demo import compare
from small import small_subject


def row(name, long_axis_mm, decision="accept", place=None, state="measured"):
    evidence = {} if place is None else {"place_lps": list(place)}
    return {
        "lesion": name, "long_axis_mm": long_axis_mm, "decision": decision, "state": state, "evidence": evidence
    }  # fmt: skip


def centre(label):
    lesions = small_subject().timepoints[1].lesions
    return lesions.geometry.index_to_lps(np.argwhere(lesions.labels == label).mean(0))


def result(*follow_up):
    points = [{"rows": [row("L1", "50.0")]}, {"rows": [row("L1", "28.0"), *follow_up]}]
    return {"category": "PD", "time_points": points}


def test_the_right_read_agrees():
    found = compare(small_subject(), result(row("C1", "30.0", "new", centre(2))))
    assert found["agrees"]
    assert found["false_new_lesions"] == 0


@pytest.mark.parametrize("place", [(0.0, 0.0, 500.0), None])
def test_a_new_lesion_elsewhere_is_a_miss_and_a_false_one(place):
    elsewhere = centre(1) if place is None else place
    found = compare(small_subject(), result(row("C1", "30.0", "new", elsewhere)))
    assert not found["agrees"]
    assert found["lesions"][1]["found_fate"] == "missed"
    assert found["false_new_lesions"] == 1


def test_one_right_and_one_false():
    rows = (row("C1", "30.0", "new", centre(2)), row("C2", "12.0", "new", centre(1)))
    found = compare(small_subject(), result(*rows))
    assert not found["agrees"]
    assert found["false_new_lesions"] == 1
