"""From which date the minimum time of SD counts in a whole read, and what happens where that date is missing."""

from datetime import date

import pytest
import yaml

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cohort.committee.from_store import load_committee
from HCCResponseLib.imaging.study import Study, load_study
from HCCResponseLib.report.sdtm.export import export_sdtm
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import Response
from HCCResponseLib.review.read.records import write_proposal
from HCCResponseLib.review.read.session import open_session, write_study
from HCCResponseLib.review.read.start import require_start, start_of
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.review.store import ReadStore
from reads import BASELINE, FOLLOW_UP, accept_with_a_look, lesion, study

RANDOMISED = load_profile("recist-1.1", {"sd_min_reference": "randomisation"})
TREATED = load_profile("recist-1.1", {"sd_min_reference": "first-dose"})


def with_dates(**dates) -> Study:
    return study().model_copy(update=dates)


def test_the_date_is_the_one_that_the_profile_names():
    given = with_dates(randomisation_date=date(2023, 12, 20), first_dose_date=date(2024, 1, 3))
    assert start_of(given, load_profile("recist-1.1")) == date(2024, 1, 1)
    assert start_of(given, RANDOMISED) == date(2023, 12, 20)
    assert start_of(given, TREATED) == date(2024, 1, 3)


@pytest.mark.parametrize(
    ("profile", "field"), [(RANDOMISED, "randomisation_date"), (TREATED, "first_dose_date")]
)
def test_a_read_is_not_begun_without_the_date(tmp_path, profile, field):
    with pytest.raises(InputError, match=f"write '{field}: 2024-01-31'"):
        require_start(study(), profile)
    store = ReadStore(tmp_path / "read.sqlite")
    with pytest.raises(InputError, match=field):
        write_study(store, "software", study(), {}, profile)
    assert read_state(store).study is None
    store.close()


def test_nothing_is_left_behind_where_the_date_is_missing(tmp_path):
    changed = {"sd_min_reference": {"value": "randomisation", "source": "charter"}}
    own = {"name": "own", "title": "Own", "extends": "recist-1.1", "fields": changed}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(own))
    (tmp_path / "a.nii.gz").write_bytes(b"")
    points = [{"name": "baseline", "date": "2024-01-01", "image": "a.nii.gz"}]
    content = {"subject": "S1", "profile": "own.yaml", "timepoints": points}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match="randomisation_date: 2024-01-31"):
        open_session(load_study(tmp_path / "study.yaml"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("randomised", "best"), [(date(2023, 12, 1), Response.SD), (date(2024, 1, 20), Response.NE)]
)
def test_best_response_of_a_read_counts_from_it_and_the_export_agrees(tmp_path, randomised, best):
    """The follow-up is of 2024-02-01, 31 days after the baseline: SD needs 42 days."""
    store = ReadStore(tmp_path / "read.sqlite")
    given = with_dates(randomisation_date=randomised)
    write_study(store, "software", given, {}, RANDOMISED)
    for proposal in (lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40)):
        write_proposal(store, proposal)
    for name in (BASELINE, FOLLOW_UP):
        store.append("software", "proposed", {"time_point": name})
    accept_with_a_look(store, read_state(store), "Dr A")
    store.close()
    committee = load_committee([str(tmp_path / "read.sqlite")], include_unsigned=True)
    (read,) = committee.reads
    assert (read.outcome.best, read.start) == (best, randomised)
    export_sdtm(committee, tmp_path / "sdtm", "HCC1")


def test_reads_from_before_the_dates_mean_what_they_meant(tmp_path):
    store = ReadStore(tmp_path / "read.sqlite")
    store.append("software", "study", {"study": _old(study()), "fingerprints": {}})
    state = read_state(store)
    assert state.study == study()
    assert start_of(state.study, RANDOMISED) is None
    store.close()


def _old(given: Study):
    dumped = given.model_dump(mode="json")
    return {k: v for k, v in dumped.items() if k not in ("randomisation_date", "first_dose_date")}
