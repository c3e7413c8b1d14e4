"""One data folder: the one that the user names, the system's, or one that an earlier version made elsewhere."""

import sys
from pathlib import Path

import platformdirs
import pytest

from HCCResponseLib.base import folders
from HCCResponseLib.base.folders import data_folder, user_folder
from HCCResponseLib.base.jobs.process import child_environment
from HCCResponseLib.engines.environments import engine_folder, weights_folder
from HCCResponseLib.review.people.people import people_file


@pytest.fixture
def system(tmp_path, monkeypatch) -> Path:
    """A computer whose data folder is in ``tmp_path``; nothing is there yet."""
    for name in ("HCC_RESPONSE_HOME", "HCC_RESPONSE_PEOPLE"):
        monkeypatch.delenv(name, raising=False)
    today = tmp_path / "today" / "hcc-response"
    monkeypatch.setattr(platformdirs, "user_data_path", lambda *_, **__: today)
    monkeypatch.setattr(folders, "_earlier_folder", lambda: tmp_path / "earlier" / "hcc-response")
    return today


def test_engines_weights_and_accounts_lie_in_one_folder(system):
    assert data_folder() == system
    assert engine_folder("nnunet") == system / "engines" / "nnunet"
    assert weights_folder("nnunet") == system / "engines" / "nnunet" / "weights"
    assert people_file() == system / "people.sqlite"


def test_a_folder_that_the_user_names_is_that_of_all(system, tmp_path, monkeypatch):
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path / "mine"))
    assert data_folder() == tmp_path / "mine"
    assert engine_folder("nnunet") == tmp_path / "mine" / "engines" / "nnunet"
    assert people_file() == tmp_path / "mine" / "people.sqlite"


def test_a_folder_of_an_earlier_version_is_found(system, tmp_path):
    earlier = tmp_path / "earlier" / "hcc-response"
    earlier.mkdir(parents=True)
    assert user_folder() == earlier
    system.mkdir(parents=True)
    assert user_folder() == system


def test_accounts_made_before_the_folder_was_named_are_found(system, tmp_path, monkeypatch):
    system.mkdir(parents=True)
    (system / "people.sqlite").touch()
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path / "mine"))
    assert people_file() == system / "people.sqlite"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "people.sqlite").touch()
    assert people_file() == tmp_path / "mine" / "people.sqlite"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the folder of a Linux user")
def test_on_linux_it_is_where_it_always_was(tmp_path, monkeypatch):
    monkeypatch.delenv("HCC_RESPONSE_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert data_folder() == tmp_path / "data" / "hcc-response"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert data_folder() == tmp_path / "home" / ".local" / "share" / "hcc-response"


def test_an_engine_in_an_environment_of_its_own_is_told_the_folder(system, tmp_path):
    """Its packages need not include those that find the folder."""
    assert child_environment(tmp_path, foreign=True)["HCC_RESPONSE_HOME"] == str(system)
