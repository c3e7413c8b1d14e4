"""Fixtures of the panel's tests."""

import pytest

from panel_case import open_case
from slicer_host.fixtures import _host, errors_fail, panel, slicer_app


@pytest.fixture(autouse=True)
def people(tmp_path, monkeypatch):
    """Accounts in a file of the test's own, never those of whoever runs it."""
    monkeypatch.setenv("HCC_RESPONSE_PEOPLE", str(tmp_path / "people.sqlite"))


@pytest.fixture
def case(slicer_app, people, panel, tmp_path):
    """The panel with a case that is open."""
    open_case(panel, tmp_path)
    slicer_app.process()
    return panel


__all__ = ["_host", "case", "errors_fail", "panel", "people", "slicer_app"]
