"""An environment without torch, as on a Python that has it only with gigabytes of CUDA packages: skip what needs it.

Never silently: the reason stands at every skip, and ``Testing/other_pythons.py`` counts them.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

import pytest

REASON = "torch is not installed in this environment"
NETWORKS = ("torch", "monai")


class _Skips(MetaPathFinder):
    """Answers an import of torch with a skip, of the test or, while files are read, of the file."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in NETWORKS:
            pytest.skip(REASON, allow_module_level=True)
        return None


def skip_what_needs_it() -> None:
    """Call once, before tests are collected."""
    if find_spec("torch") is None:
        sys.meta_path.insert(0, _Skips())


def need_torch() -> None:
    """For tests that import no torch but start what does, or that see whether it is there."""
    if any(isinstance(finder, _Skips) for finder in sys.meta_path):
        pytest.skip(REASON)


def skip_if_it_was_missing(said: str) -> None:
    """For programs that tests start: they cannot skip, they say what they miss."""
    if f"No module named '{NETWORKS[0]}'" in said:
        need_torch()
