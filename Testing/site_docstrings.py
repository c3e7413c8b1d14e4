"""Docstrings for the documentation's site: cross references in the way of Sphinx become plain code."""

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:class|func|meth|mod|attr|data):`[~.]*([^`]+)`")


class PlainReferences(griffe.Extension):
    """``:func:`measure_lesion``` is shown as ``measure_lesion``."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for everything that has a docstring."""
        if obj.docstring is not None:
            obj.docstring.value = ROLE.sub(r"`\1`", obj.docstring.value)
