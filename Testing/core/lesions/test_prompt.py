"""What a reader shows of a lesion: lines, clicks and boxes that can be used, and those that are refused."""

import pytest

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.lesions.prompt import Click, Line, Prompts


def test_a_box_becomes_the_line_through_its_longer_side_in_the_plane():
    shown = Prompts.of_box((0.0, 10.0, -5.0), (20.0, 50.0, 100.0))
    assert shown.line == Line((10.0, 10.0, 47.5), (10.0, 50.0, 47.5))
    assert shown.line.length_mm == 40.0


@pytest.mark.parametrize(
    ("line", "clicks", "words"),
    [
        (None, (), "by a line or by at least one click"),
        (None, (Click((0.0, 0.0, 0.0), inside=False),), "by a line or by at least one click"),
        (Line((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)), (), "1.0 mm long"),
    ],
)
def test_what_shows_nothing_is_refused(line, clicks, words):
    with pytest.raises(InputError, match=words):
        Prompts(line, clicks)
