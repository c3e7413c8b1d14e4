"""Fixtures of the MRML tests."""

from slicer_host.fixtures import _host, errors_fail, slicer_app

__all__ = ["_host", "errors_fail", "slicer_app"]
