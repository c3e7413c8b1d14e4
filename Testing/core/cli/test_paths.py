"""What is named on the command line: names that no file can have, and the folder of a read."""

import pytest
from typer.testing import CliRunner

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.main import app
from HCCResponseLib.cli.new_study import is_study, study_of
from HCCResponseLib.cli.options import ImageOptions
from HCCResponseLib.review.read.session import stored_study
from HCCResponseLib.review.store import ReadStore
from reads import BASELINE, lesion, make_read

LONG = "x" * 5000


@pytest.mark.parametrize(
    "words",
    [
        ["measure", LONG],
        ["assess", f"{LONG}.nii.gz"],
        ["assess", "a.nii.gz", "-i", LONG],
        ["track", LONG, LONG, LONG],
        ["read", "verify", LONG],
        ["rules", LONG],
    ],
)
def test_a_name_that_is_too_long_is_a_sentence_and_no_traceback(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.nii.gz").touch()
    done = CliRunner().invoke(app, words)
    assert done.exit_code in (1, 2)
    assert isinstance(done.exception, SystemExit)
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_folder_of_a_read_stands_for_its_study_wherever_that_lies(tmp_path):
    store, state = make_read(tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 40)])
    store.close()
    assert is_study([tmp_path])
    assert study_of([tmp_path], None, ImageOptions()) == (tmp_path, tmp_path)
    assert stored_study(tmp_path) == state.study
    (tmp_path / "study.yaml").touch()
    assert study_of([tmp_path], None, ImageOptions()) == (tmp_path, tmp_path)


def test_a_read_that_was_never_begun_has_no_study(tmp_path):
    ReadStore(tmp_path / "read.sqlite").close()
    with pytest.raises(InputError, match="was never begun"):
        stored_study(tmp_path)
