"""A decisions file to fill in: it names every row, decides nothing by itself, and never takes a reader's words away."""

from dataclasses import replace

import pytest
import yaml

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.study import Study
from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.imaging.write import write_label_map
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.decisions.decide import accept_all
from HCCResponseLib.review.decisions.decisions_file import apply_decisions
from HCCResponseLib.review.decisions.template import write_first_template, write_template
from reads import BASELINE, FOLLOW_UP, GRID, candidate, disc, lesion, make_read, study

GRIDS = {BASELINE: GRID, FOLLOW_UP: GRID}


@pytest.fixture
def read(tmp_path):
    gone = replace(lesion(FOLLOW_UP, "L2", 40), state=LesionState.DISAPPEARED, contour=None, measurement=None)
    rows = [
        lesion(BASELINE, "L1", 40),
        lesion(BASELINE, "L2", 12),
        lesion(FOLLOW_UP, "L1", 20),
        gone,
        candidate(),
    ]
    store, state = make_read(tmp_path / "read.sqlite", rows)
    yield store, state
    store.close()


def filled(path, reader="Dr A", **actions):
    """The file as a reader fills it in: a word after the empty actions of these names."""
    text = path.read_text().replace("reader: \n", f"reader: {reader}\n")
    for name, action in actions.items():
        text = text.replace(f"name: {name}, action: }}", f"name: {name}, action: {action}}}")
    path.write_text(text)


def test_every_row_is_in_it_with_visit_length_and_answers(read, tmp_path):
    path = write_template(tmp_path, read[1])
    assert path == tmp_path / "decisions.yaml"
    text = path.read_text()
    rows = yaml.safe_load(text)["decisions"]
    assert [(r["time_point"], r["name"], r["action"]) for r in rows] == [
        (BASELINE, "L1", None), (BASELINE, "L2", None), (FOLLOW_UP, "L1", None), (FOLLOW_UP, "L2", None),
        (FOLLOW_UP, "C1", None),
    ]  # fmt: skip
    assert "lesion, 41.0 x 41.0 mm, slice 5" in text
    assert "proposed as disappeared: look at its place" in text
    assert "candidate for a new lesion, 15.0 x 15.0 mm, slice 5, suggested: new" in text
    for word in ("accept, edit, or reject", "new, equivocal, or dismiss"):
        assert word in text


def test_unedited_it_decides_nothing_and_says_so(read, tmp_path):
    store, state = read
    before = len(store.events())
    path = write_template(tmp_path, state)
    with pytest.raises(InputError, match="nothing is decided in it yet: write your name after 'reader:'"):
        apply_decisions(store, state, path, GRIDS)
    filled(path)
    with pytest.raises(InputError, match="nothing is decided in it yet"):
        apply_decisions(store, state, path, GRIDS)
    assert len(store.events()) == before


def test_without_a_name_nothing_is_decided(read, tmp_path):
    store, state = read
    path = write_template(tmp_path, state)
    filled(path, reader="", L1="accept")
    with pytest.raises(InputError, match="does not say who decides"):
        apply_decisions(store, state, path, GRIDS)


def test_filled_rows_count_and_empty_ones_stay_undecided(read, tmp_path):
    store, state = read
    path = write_template(tmp_path, state)
    filled(path, L1="accept", C1="dismiss, reason: vessel")
    apply_decisions(store, state, path, GRIDS)
    open_rows = [(p, n) for p, rows in state.rows.items() for n, r in rows.items() if r.decision is None]
    assert open_rows == [(BASELINE, "L2"), (FOLLOW_UP, "L2")]
    assert state.row(FOLLOW_UP, "L1").decision.seen


def test_an_edited_file_is_never_written_over(read, tmp_path):
    store, state = read
    first = write_template(tmp_path, state)
    assert write_template(tmp_path, state) == first
    filled(first, L1="accept")
    words = first.read_text()
    second = write_template(tmp_path, state)
    assert second == tmp_path / "decisions-2.yaml"
    assert first.read_text() == words
    accept_all(store, state, "Dr A")
    assert "\n  # L1: accepted, 41.0 mm, by Dr A\n" in write_template(tmp_path, state).read_text()


def test_nothing_is_left_to_fill_in_once_all_is_decided(tmp_path):
    store, state = make_read(
        tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 40)]
    )
    path = write_template(tmp_path, state)
    accept_all(store, state, "Dr A")
    assert write_template(tmp_path, state) is None
    assert not path.exists()
    store.close()


def test_the_reader_of_a_committee_is_named_and_sent_to_the_committee_s_command(tmp_path):
    store, state = make_read(tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40)])
    state.locks.reader = "ann"
    path = write_template(tmp_path, state)
    assert "\nreader: ann\n" in path.read_text()
    assert f'hcc-response read decide STORE READ "{path}" --study STUDY --sign --as ann' in path.read_text()
    with pytest.raises(InputError, match="nothing is decided in it yet"):
        apply_decisions(store, state, path, GRIDS)
    store.close()


def test_names_that_yaml_would_take_for_numbers_stay_names(tmp_path):
    store, state = make_read(
        tmp_path / "read.sqlite", [lesion(BASELINE, "1", 40), lesion(BASELINE, "no", 40)]
    )
    path = write_template(tmp_path, state)
    assert [r["name"] for r in yaml.safe_load(path.read_text())["decisions"]] == ["1", "no"]
    store.close()


def test_a_new_study_names_the_lesions_of_its_contour_at_every_visit(tmp_path):
    write_label_map(LabelMap(disc(20).astype("uint8"), GRID), tmp_path / "c.nrrd")
    content = study().model_dump(mode="json")
    content["timepoints"][0]["contour"] = {"path": str(tmp_path / "c.nrrd"), "drawn_by": "Dr A"}
    path = write_first_template(tmp_path, Study.model_validate(content))
    text = path.read_text()
    assert "# L1: drawn and accepted by Dr A" in text
    assert [(r["time_point"], r["name"]) for r in yaml.safe_load(text)["decisions"]] == [(FOLLOW_UP, "L1")]
    bare = write_first_template(tmp_path, study())
    assert yaml.safe_load(bare.read_text())["decisions"] is None
    assert "lesions are listed once proposed" in bare.read_text()
