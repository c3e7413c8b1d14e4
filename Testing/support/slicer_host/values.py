"""Values on their way into and out of Qt, as PythonQt passes them."""

from typing import Any

import numpy as np


def from_qt(value: Any) -> Any:
    """Lists come back as tuples."""
    if isinstance(value, list):
        return tuple(from_qt(item) for item in value)
    return value


def to_qt(value: Any) -> Any:
    """Numbers of numpy are taken as the plain number that they hold."""
    if isinstance(value, np.generic):
        return value.item()
    return value
