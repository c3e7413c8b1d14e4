"""Profiles, criteria and quantities of the user's own: found by name, checked, and never taken for shipped ones."""

from datetime import date
from decimal import Decimal

import pytest
import yaml

from commands import answer, run
from HCCResponseLib.base.errors import InputError, ProfileError
from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.response.criteria import criteria
from HCCResponseLib.response.profiles.annotated import annotated, meanings, write_annotated
from HCCResponseLib.response.profiles.fields import ProfileFields
from HCCResponseLib.response.profiles.load import load_profile, profile_files
from HCCResponseLib.response.quantities import quantities
from HCCResponseLib.response.read import evaluate_read, parallel_evaluations
from HCCResponseLib.response.types import LesionFinding, LesionRole, LesionState, Response, TimePointFindings

SHIPPED = ("easl", "irecist", "mrecist", "mrecist-with-5mm", "qeasl", "recist-1.1", "volume", "who")
RADIUS = """
from HCCResponseLib.response.quantities import Quantity

QUANTITY = Quantity("radius", "mm", "Sum of radii", lambda f, rounding: f.long_mm / 2, lambda mm: mm / 2)
"""
STRICT = """
from HCCResponseLib.response.criteria import Criterion
from HCCResponseLib.response.timepoint.sequence import evaluate_sequence

CRITERION = Criterion("RECIST of ours", "recist-1.1", evaluate_sequence)
"""


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    """The folders of a user who has none of the three yet."""
    folders = {}
    for kind in ("profiles", "criteria", "quantities"):
        folders[kind] = tmp_path / kind
        folders[kind].mkdir()
        monkeypatch.setenv(f"HCC_RESPONSE_{kind.upper()}", str(folders[kind]))
    return folders


def points(*lengths):
    """The viable part of a liver lesion of these long axes in mm, half as wide."""
    where = ("L1", "liver", False, LesionRole.TARGET, LesionState.MEASURED)
    sizes = [(Decimal(mm), Decimal(mm) / 2) for mm in lengths]
    found = [LesionFinding(*where, *axes, volume_mm3=axes[0] ** 3 / 2, viable=True) for axes in sizes]
    return [TimePointFindings(f"t{i}", date(2024, 1 + i, 1), (one,)) for i, one in enumerate(found)]


def test_the_shipped_profiles_are_these():
    assert tuple(sorted(profile_files())) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_profile_can_be_read_from_end_to_end(name):
    """mrecist-with-5mm named RECIST 1.1 in parallel, which the rules refuse: it measures other tissue."""
    profile = load_profile(name)
    found = evaluate_read(points(40, 10, 30), profile)
    assert [p.overall for p in found.time_points[1:]] in ([Response.PR, Response.PD], ["iPR", "iUPD"])
    assert len(parallel_evaluations(points(40, 10, 30), profile)) == len(profile.parallel_criteria)


def test_every_field_says_what_it_means_and_stands_in_a_new_profile(own):
    assert set(meanings()) == set(ProfileFields.model_fields)
    text = annotated("trial-7", "mrecist")
    for field, meaning in meanings().items():
        assert f"  # {meaning}\n  # {field}: {{value: " in text


@pytest.mark.parametrize("parent", SHIPPED)
def test_a_new_profile_means_its_parent_until_a_line_is_changed(own, parent):
    path = own["profiles"] / "trial-7.yaml"
    made = write_annotated(path, "trial-7", parent)
    base = load_profile(parent)
    same = {"name", "title"}
    assert made.model_dump(exclude=same) == base.model_dump(exclude=same)
    # With every # before a field taken away it still says the same: values and sources are written as they are.
    lines = path.read_text().splitlines()
    fields = tuple(f"  # {field}: " for field in ProfileFields.model_fields)
    path.write_text(
        "\n".join(line.replace("# ", "", 1) if line.startswith(fields) else line for line in lines)
    )
    assert load_profile("trial-7").model_dump(exclude=same) == base.model_dump(exclude=same)


def test_a_changed_line_counts(own):
    path = own["profiles"] / "trial-7.yaml"
    write_annotated(path, "trial-7", "recist-1.1")
    path.write_text(path.read_text().replace("  # max_targets: {value: 5,", "  max_targets: {value: 3,"))
    assert load_profile("trial-7").max_targets == 3


def test_a_file_that_is_there_and_a_shipped_name_are_refused(own):
    path = own["profiles"] / "trial-7.yaml"
    write_annotated(path, "trial-7", "recist-1.1")
    with pytest.raises(ProfileError, match="is there already"):
        write_annotated(path, "trial-7", "who")
    with pytest.raises(ProfileError, match="profile of this software"):
        annotated("who", "recist-1.1")


def test_a_shipped_name_always_means_the_shipped_profile(own):
    text = "name: who\ntitle: W\nextends: recist-1.1\nfields:\n"
    (own["profiles"] / "who.yaml").write_text(text)
    assert load_profile("who").criterion == "WHO"


def test_an_unknown_name_lists_those_that_are_known(own):
    with pytest.raises(
        ProfileError, match=r"no profile named 'trial-8'. Known: easl, .*profiles new 'trial-8'"
    ):
        load_profile("trial-8")


def test_a_profile_beside_the_study_goes_first(own, tmp_path):
    write_annotated(own["profiles"] / "trial-7.yaml", "trial-7", "recist-1.1")
    folder = tmp_path / "S1"
    write_annotated(folder / "trial-7.yaml", "trial-7", "mrecist")
    (folder / "a.nrrd").write_bytes(b"")
    point = {"name": "baseline", "date": "2024-01-01", "image": "a.nrrd"}
    (folder / "study.yaml").write_text(
        yaml.safe_dump({"subject": "S1", "profile": "trial-7", "timepoints": [point]})
    )
    assert load_profile(load_study(folder).profile).criterion == "mRECIST"
    (folder / "trial-7.yaml").unlink()
    assert load_profile(load_study(folder).profile).criterion == "RECIST 1.1"


def test_a_quantity_is_one_file(own):
    (own["quantities"] / "radius.py").write_text(RADIUS)
    assert list(quantities())[-1] == "radius"
    profile = load_profile("recist-1.1", {"quantity": "radius", "pd_absolute_mm": 0})
    found = evaluate_read(points(40, 20), profile)
    assert (found.latest.target.sum, found.latest.overall) == (Decimal(10), Response.PR)
    assert (profile.unit, profile.sum_title) == ("mm", "Sum of radii")
    assert load_profile("recist-1.1", {"quantity": "viable-radius"}).needs_viable


def test_an_unknown_quantity_names_those_there_are():
    with pytest.raises(
        ProfileError, match="'weight' is no quantity; it must be one of diameter, viable-diameter,"
    ):
        load_profile("recist-1.1", {"quantity": "weight"})


def test_a_criterion_is_one_file(own):
    (own["criteria"] / "of_ours.py").write_text(STRICT)
    assert "RECIST of ours" in criteria()
    profile = load_profile("recist-1.1", {"criterion": "RECIST of ours"})
    assert evaluate_read(points(40, 20), profile).latest.overall is Response.PR


@pytest.mark.parametrize(
    ("kind", "name", "text", "says", "ask"),
    [
        ("criteria", "broken_one.py", "x = 1 / 0\n", "cannot be used: ZeroDivisionError", criteria),
        ("criteria", "empty_one.py", "x = 1\n", "must define CRITERION, a Criterion", criteria),
        ("criteria", "who.py", "", "name of a file of this software", criteria),
        (
            "criteria",
            "taken_one.py",
            STRICT.replace("RECIST of ours", "WHO"),
            "'WHO', which is taken",
            criteria,
        ),
        (
            "quantities",
            "broken_two.py",
            "import nothing_there\n",
            "cannot be used: ModuleNotFoundError",
            quantities,
        ),
        (
            "quantities",
            "taken_two.py",
            RADIUS.replace('"radius"', '"volume"'),
            "'volume', which is taken",
            quantities,
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named(own, kind, name, text, says, ask):
    (own[kind] / name).write_text(text)
    with pytest.raises(InputError, match=says):
        ask()


def test_the_list_says_where_files_of_one_s_own_go(own):
    found = answer("profiles", "list")
    assert found["own_folders"] == {kind: str(folder) for kind, folder in own.items()}
    assert found["quantities"] == list(quantities())
    lines = run("profiles", "list").stdout.splitlines()
    for kind, folder in own.items():
        assert [line for line in lines if line.strip().startswith(kind) and str(folder) in line], kind


def test_a_sentence_is_answered_with_what_a_name_may_hold():
    done = run("profiles", "new", "our trial, second amendment")
    assert done.returncode == 1
    assert "it may hold letters, digits, '.', '_' and '-', without blanks" in " ".join(done.stderr.split())
