"""A file that is not there, or that cannot be read or written, is told in words that need no programmer."""

import errno

import pytest

from commands import run
from HCCResponseLib.base.errors import HCCResponseError
from HCCResponseLib.base.files import in_words, storage_error, unread
from HCCResponseLib.base.yaml_files import load_checked_yaml
from HCCResponseLib.report.tables.files import read_dataset_json
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.people.account_rules import AccountRules
from HCCResponseLib.review.store import open_store


def refused(*words: object) -> str:
    done = run(*words)
    assert done.returncode != 0
    return " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("problem", "says"),
    [
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "a.csv"),
            "Table 'a.csv' does not exist.",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "a.csv"), "cannot be read: Permission denied."),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "it is not text in UTF-8."),
        (ValueError("line 3 is short"), "cannot be read: line 3 is short."),
        (ValueError(), "cannot be read: ValueError."),
    ],
)
def test_what_the_system_says_comes_without_its_numbers(problem, says):
    assert unread("Table 'a.csv'", problem).endswith(says)


def test_a_file_that_cannot_be_written_is_named_once(tmp_path):
    path = tmp_path / "a.csv"
    problem = PermissionError(errno.EACCES, "Permission denied", f"{tmp_path}/.writing-x")
    said = str(storage_error(path, problem))
    assert said.startswith(f"'{path}' cannot be written: Permission denied.")
    assert in_words(problem) == "Permission denied"


@pytest.mark.parametrize(
    "read",
    [
        load_profile,
        read_dataset_json,
        lambda path: load_checked_yaml(path, AccountRules, "Account rules"),
        lambda path: open_store(path, create=False),
    ],
)
def test_a_mistyped_file_does_not_exist(tmp_path, read):
    path = tmp_path / "trail.yaml"
    with pytest.raises(HCCResponseError) as caught:
        read(path)
    assert str(caught.value).endswith(f"'{path}' does not exist.")


def test_a_mistyped_password_file_and_store_do_not_exist(tmp_path):
    store = tmp_path / "trail.sqlite"
    assert f"error: The file '{store}' does not exist." in refused("read", "list", store, "--as", "ann")


def test_a_date_in_other_forms_is_answered_with_the_form_that_is_meant(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(b"")
    said = refused("study", "new", tmp_path / "a.nii.gz", "--date", "12.03.2026", "--subject", "S")
    assert "'12.03.2026' is not a day; write dates as 2026-03-12." in said
    assert "%Y" not in said
