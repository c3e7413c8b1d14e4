"""Fixtures of the MRML tests."""

from slicer_host.fixtures import _host, slicer_app

__all__ = ["_host", "slicer_app"]
