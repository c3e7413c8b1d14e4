"""A small picture of a lesion at each visit: its slice with its contour, its place where it is gone, and quick."""

from dataclasses import replace
from time import perf_counter

import numpy as np

from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.presenter.thumbnails import SIDE, draw, thumbnails
from reads import BASELINE, FOLLOW_UP, GRID, lesion, make_read

GREY = Volume(np.full(GRID.size, 50, np.int16), GRID, "grey")


def test_a_picture_for_each_visit_at_which_it_has_a_row(tmp_path):
    gone = replace(lesion(FOLLOW_UP, "L1", None), evidence={"place_lps": [40.0, 40.0, 10.0]})
    _, state = make_read(tmp_path / "r", [lesion(BASELINE, "L1", 40), gone, lesion(BASELINE, "L2", 20)])
    found = thumbnails(state, "L1", [BASELINE, FOLLOW_UP], lambda _: GREY)
    assert [one.words for one in found] == ["41.0 mm", "disappeared"]
    assert all((one.data or "").startswith("data:image/png;base64,") for one in found)
    assert [one.point for one in thumbnails(state, "L2", [BASELINE, FOLLOW_UP], lambda _: GREY)] == [BASELINE]


def test_a_lesion_whose_place_is_not_known_has_words_alone(tmp_path):
    _, state = make_read(tmp_path / "r", [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", None)])
    [_, gone] = thumbnails(state, "L1", [BASELINE, FOLLOW_UP], lambda _: GREY)
    assert (gone.data, gone.words) == (None, "disappeared")


def test_the_contour_is_drawn_to_scale_around_the_middle(tmp_path):
    _, state = make_read(tmp_path / "r", [lesion(BASELINE, "L1", 40)])
    picture = draw(GREY, (4, 40, 40), 40.0, state.row(BASELINE, "L1"))
    rows, columns = np.nonzero(picture[..., 0] != picture[..., 2])
    wide = 41 / 80 * SIDE
    assert abs(np.ptp(rows) + 1 - wide) <= 2
    assert abs(np.ptp(columns) + 1 - wide) <= 2
    assert abs(rows.mean() - SIDE / 2) <= 1.5
    beyond = draw(GREY, (4, 40, 40), 80.0, state.row(BASELINE, "L1"))
    assert not beyond[:5].any(), "black beyond the scan"


def test_a_row_costs_some_milliseconds(tmp_path):
    proposals = [lesion(BASELINE, "L1", 40), lesion(FOLLOW_UP, "L1", 24)]
    _, state = make_read(tmp_path / "r", proposals)
    hu = np.zeros((30, 512, 512), np.int16)
    scan = Volume(hu, replace(GRID, size=hu.shape), "large")
    thumbnails(state, "L1", [BASELINE, FOLLOW_UP], lambda _: scan)
    times = []
    for _ in range(5):
        start = perf_counter()
        thumbnails(state, "L1", [BASELINE, FOLLOW_UP], lambda _: scan)
        times.append(perf_counter() - start)
    assert min(times) < 0.05, "two visits; some 5 ms on a quiet computer"
