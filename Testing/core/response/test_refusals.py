"""What the rules refuse in a sentence, and the corners of sums that no trial's example reaches."""

from datetime import date
from decimal import Decimal

import pytest
import yaml

from HCCResponseLib.base.errors import ProfileError, RuleError
from HCCResponseLib.response.criteria import criterion
from HCCResponseLib.response.endpoints.schedule import VisitSchedule
from HCCResponseLib.response.irecist.new_lesions import NewLesionBook, NewLesionFinding
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.timepoint.sums import ValueRule, follow_up_sum
from HCCResponseLib.response.types import LesionFinding, LesionRole, LesionState


def row(key, size=None, state=LesionState.MEASURED, parent=None, members=()):
    long_mm = None if size is None else Decimal(str(size))
    return LesionFinding(
        key, "liver", False, LesionRole.TARGET, state, long_mm, parent=parent, members=tuple(members)
    )


def summed(baseline, rows, **fields):
    profile = load_profile("recist-1.1").model_copy(update=fields)
    return follow_up_sum({one.lesion_id: one for one in baseline}, rows, ValueRule(profile))


A, B = row("A", 30), row("B", 20)


@pytest.mark.parametrize(("policy", "total"), [("add-parts", "27.0"), ("largest-part", "15.0")])
def test_parts_are_added_or_the_largest_one_counts(policy, total):
    rows = [row("A", state=LesionState.SPLIT), row("A1", 12, parent="A"), row("A2", 15, parent="A")]
    assert summed([A], rows, split_policy=policy).total == Decimal(total)


def test_parts_of_parts_count_once():
    rows = [row("A1", state=LesionState.SPLIT, parent="A"), row("A2", 9, parent="A")]
    rows += [row("A1a", 5, parent="A1"), row("A1b", 6, parent="A1")]
    assert summed([A], rows).total == Decimal(20)


def test_a_merge_counts_once_for_all_its_members():
    assert summed([A, B], [row("M", 41, members=("A", "B"))]).total == Decimal(41)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([row("A", -1), B], "negative size"),
        ([row("A", 5, LesionState.DISAPPEARED), B], "disappeared and yet has the size 5"),
        ([row("A", 5), row("A", 5)], "listed twice at one time point"),
        ([row("Z", 5)], "'Z' has no baseline measurement"),
        ([row("Z", 5, parent="Y")], "part of 'Y', which the baseline lacks"),
        ([row("Y", 5, parent="Z"), row("Z", 5, parent="Y")], "which the baseline lacks"),
        ([row("M", 5, members=("Y", "Z"))], "a merge of lesions that the baseline lacks"),
        ([row("M", 5, members=("A", "B")), row("N", 5, members=("B",))], "'B' is in two merges"),
        ([row("M", 5, members=("A", "B")), row("A", 5)], "merged into 'M' and yet has its own measurement"),
    ],
)
def test_a_sum_refuses_what_cannot_be_meant(rows, says):
    with pytest.raises(RuleError, match=says):
        summed([A, B], rows)


def test_an_unknown_criterion_names_those_that_are_known():
    with pytest.raises(RuleError, match=r"Unknown criterion 'RECIST 2'.*RECIST 1\.1"):
        criterion("RECIST 2")


def test_a_schedule_out_of_order_is_refused_and_an_empty_one_asks_nothing():
    first, second = date(2024, 3, 1), date(2024, 5, 1)
    with pytest.raises(RuleError, match="2024-03-01 does not come after 2024-05-01"):
        VisitSchedule((second, first))
    assert VisitSchedule(()).slot(first, None) is None
    planned = VisitSchedule((first, second))
    assert planned.next_from(date(2024, 3, 3), 7) is None  # made at a planned date
    assert planned.next_from(date(2024, 3, 20), 7) == second
    assert planned.next_from(date(2024, 6, 1), 7) is None


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"protocol": 3}, "'protocol' needs 'value' and 'source'"),
        ({"charter": {"value": 3}}, "'charter' needs 'value' and 'source'"),
        ({"value": 3}, "'pr_percent' needs 'value' and 'source'"),
    ],
)
def test_a_field_without_a_place_in_protocol_or_charter_is_refused(tmp_path, entry, says):
    document = {"name": "x", "title": "X", "extends": "recist-1.1", "fields": {"pr_percent": entry}}
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ProfileError, match=says):
        load_profile(str(tmp_path / "p.yaml"))


def test_a_profile_that_is_no_mapping_or_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "p.yaml").write_text("- 1")
    with pytest.raises(ProfileError, match="needs a mapping with 'name', 'title' and 'fields'"):
        load_profile(str(tmp_path / "p.yaml"))
    (tmp_path / "p.yaml").write_bytes(b"\xff\xfe{")
    with pytest.raises(ProfileError, match="not valid YAML"):
        load_profile(str(tmp_path / "p.yaml"))


@pytest.mark.parametrize(
    ("sizes", "says"), [([4, 5], "'N1' is listed twice at one time point"), ([-1], "the negative size -1")]
)
def test_new_lesions_that_cannot_be_meant_are_refused(sizes, says):
    found = tuple(NewLesionFinding("N1", True, "liver", Decimal(size)) for size in sizes)
    with pytest.raises(RuleError, match=says):
        NewLesionBook(load_profile("irecist")).look(found)
