"""What is wrong in a file is said in sentences of ours, whatever was written, never in the validator's."""

import types
import typing

import pytest
import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.text import SAID, in_one_line
from HCCResponseLib.base.yaml_files import load_checked_yaml
from HCCResponseLib.imaging.study import Study, load_study
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.review.decisions.decisions_file import DecisionsFile, load_decisions
from HCCResponseLib.review.decisions.drafts import _Content
from HCCResponseLib.review.people.account_rules import AccountRules

FILES = (Study, DecisionsFile, AccountRules, Profile, _Content)
WRITTEN = (
    None, True, "", " ", "x", "x" * 3000, "31.2.2024", "2024-01-31T10:00:00", "1e999", "nan", -1, 0, 10**30, 1.5,
    float("nan"), float("inf"), [], [None], [[]], ["x"], {}, {"x": None}, {"x": []}, {1: "a/b"}, b"\xff",
    object(), 10**12 + 0.5,
)  # fmt: skip


def models_in(kind):
    """The models inside a type: of ``tuple[Entry, ...] | None`` it is ``Entry``."""
    if isinstance(kind, type) and not isinstance(kind, types.GenericAlias) and issubclass(kind, BaseModel):
        return {kind}
    return {model for part in typing.get_args(kind) for model in models_in(part)}


def faults(model, wrap=lambda value: value, seen=()):
    """Every fault that some written value makes somewhere in a model."""
    for name, field in model.model_fields.items():
        for value in WRITTEN:
            yield wrap({name: value})
        for inner in models_in(field.annotation) - set(seen):
            for shape in (lambda v: [v], lambda v: v):
                yield from faults(inner, lambda v, n=name, s=shape: wrap({n: s(v)}), (*seen, inner))
    yield wrap({"unknown": 1})


def checked(model):
    # Without its reader nothing else of a decisions file is looked at.
    rest = {"reader": "Dr A"} if model is DecisionsFile else {}
    for given in faults(model):
        try:
            model.model_validate(rest | given)
        except ValidationError as problem:
            yield problem


@pytest.mark.parametrize("model", FILES)
def test_every_fault_that_can_be_written_is_said_in_our_words(model):
    found = {error["type"] for problem in checked(model) for error in problem.errors()}
    assert len(found) > 5, "nothing was tried"
    # The last two carry a sentence that the model itself says.
    unsaid = found - set(SAID) - {"value_error", "assertion_error"}
    assert sorted(unsaid) == []


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        (tuple[int, ...], "x", "must be a list"),
        (dict[str, int], [], "must be a mapping"),
        (typing.Literal["a", "b"], "c", "must be one of 'a' or 'b', not 'c'"),
    ],
)
def test_it_reads_as_a_sentence(kind, given, says):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(given)
    assert says in in_one_line(caught.value, "the file")


def test_a_study_without_time_points(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("subject: S1\ntimepoints: []\n")
    with pytest.raises(InputError, match="timepoints: needs 1 or more entries"):
        load_checked_yaml(path, Study, "Study file")


def test_a_slip_in_yaml_is_named_with_its_line(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("subject: S1\ntimepoints:\n  - {name: baseline\n  - x\n")
    with pytest.raises(InputError, match=r"line 5: expected ',' or '}'"):
        load_checked_yaml(path, Study, "Study file")


def test_a_row_of_a_file_is_called_by_its_name(tmp_path):
    """Blank rows are left out before rows are counted; numbers from 0 are no way to find the third row."""
    path = tmp_path / "decisions.yaml"
    rows = [
        {"time_point": "baseline", "name": "L1", "action": None},
        {"time_point": "baseline", "name": "L2", "action": "accept"},
        {"time_point": "baseline", "name": "L3", "action": "acept"},
        {"action": "accept"},
    ]
    content = {
        "reader": "Dr A",
        "decisions": rows,
        "visits": [{"time_point": "x", "markers": [{"name": "AFP"}]}],
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_decisions(path)
    said = str(caught.value)
    assert "decisions, baseline L3, action: must be one of 'accept'" in said
    assert "decisions, entry 3, time_point: is missing" in said
    assert "visits, x, markers, AFP, value: is missing" in said


def test_a_time_point_of_a_study_is_called_by_its_name(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("subject: S\ntimepoints:\n  - {name: baseline, date: 12.03.2026, image: a.nrrd}\n")
    with pytest.raises(InputError, match="timepoints, baseline, date: must be a day such as 2024-01-31"):
        load_study(path)
