"""Criteria that a profile wants read in parallel: shown in panel and report, never taken for the category."""

import numpy as np
import pytest

from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.presenter.responses import build_responses
from HCCResponseLib.report.subject.content import report_content
from HCCResponseLib.report.subject.html import write_html
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.decisions.decide import accept_all
from HCCResponseLib.review.read.category import category
from HCCResponseLib.review.read.parallel import parallel_readings
from reads import BASELINE, FOLLOW_UP, GRID, lesion, make_read


@pytest.fixture
def grown(tmp_path):
    """One target that grows from 25 to 41 mm: PD, unconfirmed under iRECIST."""
    store, state = make_read(
        tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 24), lesion(FOLLOW_UP, "L1", 40)]
    )
    accept_all(store, state, "dr.a")
    yield state
    store.close()


def with_parallel(*names):
    return load_profile("recist-1.1").with_overrides({"parallel_criteria": list(names)}, "charter, 4")


def test_the_other_criteria_stand_beside_the_category_in_the_panel(grown):
    """Before, only the question `read` of the rules' interface answered them."""
    found = build_responses(grown, with_parallel("iRECIST", "WHO"))
    assert found.parallel[0] == "iRECIST: iUPD at follow-up 1"
    assert found.parallel[1].startswith("WHO: ")
    assert found.criteria[0].category == "PD"
    assert build_responses(grown, with_parallel()).parallel == ()


def test_a_criterion_that_needs_other_contours_says_so_and_keeps_none_of_the_rest(grown):
    viable, other = parallel_readings(grown, with_parallel("mRECIST", "iRECIST"))
    assert "one measures the whole tumour" in viable.words and viable.categories == ()
    assert other.categories == ((FOLLOW_UP, "iUPD"),)


def test_the_report_says_that_they_are_not_the_category(grown, tmp_path):
    def page(profile):
        path = tmp_path / "report.html"
        image = Volume(np.full(GRID.size, 100, np.int16), GRID, "made")
        write_html(path, report_content(grown, profile, category(grown, profile), lambda _: image))
        return path.read_text(encoding="utf-8")

    text = page(with_parallel("iRECIST"))
    words = "not the category of this read:<br>iRECIST: iUPD at follow-up 1</p>"
    assert words in text
    assert text.index("<b>PD</b>") < text.index(words)
    assert "Read in parallel" not in page(with_parallel())
