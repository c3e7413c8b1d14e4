"""Fixtures of the panel's tests."""

from slicer_host.fixtures import _host, panel, slicer_app

__all__ = ["_host", "panel", "slicer_app"]
