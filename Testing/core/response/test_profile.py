"""Profiles: every field with its source; unknown fields and conflicts named."""

from decimal import Decimal
from pathlib import Path

import pytest

from HCCResponseLib.base.errors import ProfileError
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.response.criteria import criteria
from HCCResponseLib.response.profiles.fields import ProfileFields
from HCCResponseLib.response.profiles.load import load_profile

SHIPPED = sorted(path.stem for path in resource_path("Profiles").glob("*.yaml"))

# The interface page's defaults.
DEFAULTS = {
    "max_targets": 5,
    "max_targets_per_organ": 2,
    "nodes_are_one_organ": True,
    "measurable_long_mm": 10,
    "thickness_factor": 2,
    "thick_slice_mm": 5,
    "node_target_short_mm": 15,
    "node_pathological_short_mm": 10,
    "too_small_mm": 5,
    "pr_percent": 30,
    "pd_percent": 20,
    "pd_absolute_mm": 5,
    "keep_pr": True,
    "incomplete_sum_may_be_pd": True,
    "target_cr_non_target_ne": "PR",
    "cr_then_lesser": "ask",
    "confirmation": False,
    "confirm_min_days": 28,
    "confirm_max_days": None,
    "max_ne_between": 1,
    "sd_between_pr_allowed": False,
    "sd_min_days": 42,
    "stop_at_first_pd": True,
    "missing_is": "NE",
    "irecist_confirm_min_days": 28,
    "irecist_confirm_max_days": 56,
    "new_target_limit": 5,
    "new_target_limit_per_organ": 2,
    "censoring": "simple",
    "missed_visits_censor": 2,
}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_field_of_every_shipped_profile_has_a_source(name):
    profile = load_profile(name)
    assert profile.name == name
    for field in ProfileFields.model_fields:
        assert profile.source_of(field).strip(), field


def test_defaults_of_the_interface():
    profile = load_profile("recist-1.1")
    assert {field: getattr(profile, field) for field in DEFAULTS} == DEFAULTS
    assert load_profile("mrecist").hilar_node_short_mm == 20
    assert load_profile("mrecist").pd_absolute_mm == 0
    assert load_profile("mrecist-with-5mm").pd_absolute_mm == 5


def test_every_criterion_has_its_profile():
    """One that a shipped profile names begins with a profile for it; another one may begin with any that is there."""
    shipped = {load_profile(name).criterion for name in SHIPPED}
    assert shipped <= set(criteria())
    for name, criterion in criteria().items():
        begun = load_profile(criterion.profile)
        assert begun.criterion == name or name not in shipped


def test_overrides_are_exact_and_sourced():
    profile = load_profile("recist-1.1", {"pr_percent": 32.1})
    assert profile.pr_percent == Decimal("32.1")
    assert "override" in profile.source_of("pr_percent")
    assert load_profile("recist-1.1").pr_percent == 30


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"pr_procent": 30}, "pr_procent"),
        ({"pr_percent": "much"}, "pr_percent"),
        ({"pr_percent": -1}, "pr_percent"),
        ({"pr_percent": True}, "pr_percent"),
        ({"keep_pr": "yes"}, "keep_pr"),
        ({"max_targets": 2.5}, "max_targets"),
        ({"censoring": "fda"}, "censoring"),
        ({"missed_visits_censor": 0}, "missed_visits_censor"),
        ({"cr_then_lesser": "guess"}, "cr_then_lesser"),
        ({"confirm_max_days": 7}, "confirm_max_days"),
        ({"irecist_confirm_max_days": 7}, "irecist_confirm_max_days"),
        ({"node_pathological_short_mm": 16}, "node_pathological_short_mm"),
        ({"target_cr_non_target_ne": "SD"}, "target_cr_non_target_ne"),
        ({"name": "other"}, "name"),
    ],
)
def test_wrong_overrides_name_the_field(overrides, named):
    with pytest.raises(ProfileError, match=named):
        load_profile("recist-1.1", overrides)


def write(folder: Path, fields: str, head: str = "name: trial\ntitle: Trial\nextends: recist-1.1\n") -> Path:
    path = folder / "trial.yaml"
    path.write_text(f"{head}fields:\n{fields}", encoding="utf-8")
    return path


def test_a_trial_extends_a_shipped_profile(tmp_path):
    profile = load_profile(write(tmp_path, "  sd_min_days: {value: 56, source: protocol sec. 8.2}\n"))
    assert (profile.sd_min_days, profile.source_of("sd_min_days")) == (56, "protocol sec. 8.2")
    assert profile.source_of("pr_percent") == load_profile("recist-1.1").source_of("pr_percent")


PROTOCOL = "protocol: {value: 5, source: protocol sec. 8}"


def test_protocol_against_charter_stays_unresolved_until_a_person_decides(tmp_path):
    conflict = f"  pd_absolute_mm: {{{PROTOCOL}, charter: {{value: 0, source: charter sec. 4}}"
    with pytest.raises(
        ProfileError, match=r"conflict in field 'pd_absolute_mm'.*protocol sec\. 8.*charter sec\. 4"
    ):
        load_profile(write(tmp_path, conflict + "}\n"))
    decided = conflict + ", decided: {value: 0, by: Dr A. Reader, reason: charter is later}}\n"
    profile = load_profile(write(tmp_path, decided))
    assert profile.pd_absolute_mm == 0
    assert "Dr A. Reader" in profile.source_of("pd_absolute_mm")
    nameless = conflict + ", decided: {value: 0}}\n"
    with pytest.raises(ProfileError, match="decided"):
        load_profile(write(tmp_path, nameless))


def test_protocol_and_charter_that_agree(tmp_path):
    agreed = f"  pd_absolute_mm: {{{PROTOCOL}, charter: {{value: 5, source: charter sec. 4}}}}\n"
    source = load_profile(write(tmp_path, agreed)).source_of("pd_absolute_mm")
    assert source == "protocol sec. 8; charter sec. 4"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ("  pd_absolute: {value: 5, source: x}\n", "pd_absolute"),
        ("  pd_absolute_mm: 5\n", "pd_absolute_mm"),
        ("  pd_absolute_mm: {value: 5}\n", "pd_absolute_mm"),
        ("  pd_absolute_mm: {value: 5, source: ''}\n", "pd_absolute_mm"),
        ("  pd_absolute_mm: {value: 5, source: x, note: y}\n", "note"),
        ("  pd_absolute_mm: {value: wide, source: x}\n", "pd_absolute_mm"),
        ("  [\n", "YAML"),
    ],
)
def test_wrong_files_name_what_is_wrong(tmp_path, fields, named):
    with pytest.raises(ProfileError, match=named):
        load_profile(write(tmp_path, fields))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ("  pd_absolute_mm: {value: 5, source: ' '}\n", "'source' is empty; say where the value comes from"),
        ("  pd_absolute_mm: {charter: {value: 5, source: ''}}\n", "'charter': 'source' is empty"),
        ("  pd_absolute_mm: {value: 5}\n", "needs 'value' and 'source'"),
        ("  pd_procent: {value: 5, source: x}\n", "Did you mean 'pd_percent'?"),
        ("  colour: {value: 5, source: x}\n", "Unknown field 'colour' in profile 'trial'.$"),
    ],
)
def test_what_a_profile_lacks_is_said_as_it_is(tmp_path, fields, says):
    with pytest.raises(ProfileError, match=says):
        load_profile(write(tmp_path, fields))


def test_files_that_cannot_be_used(tmp_path):
    with pytest.raises(ProfileError, match="absent.yaml' does not exist"):
        load_profile(tmp_path / "absent.yaml")
    with pytest.raises(ProfileError, match="no profile named"):
        load_profile("recist-9")
    with pytest.raises(ProfileError, match="not the name"):
        load_profile("../secret")
    with pytest.raises(ProfileError, match="is missing"):  # complete only with a parent
        load_profile(write(tmp_path, "  keep_pr: {value: true, source: x}\n", "name: t\ntitle: T\n"))
    with pytest.raises(ProfileError, match="extends itself"):
        load_profile(
            write(tmp_path, "  keep_pr: {value: true, source: x}\n", "name: trial\nextends: trial\n")
        )
    with pytest.raises(ProfileError, match="colour"):
        load_profile(write(tmp_path, "  keep_pr: {value: true, source: x}\n", "name: t\ncolour: red\n"))
