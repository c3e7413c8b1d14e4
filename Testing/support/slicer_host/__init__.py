"""A host for the reader's panel that is as strict as PythonQt: modules ``qt``, ``ctk`` and a complete ``slicer``."""

import ctypes
import os
import sys
from typing import Any

__all__ = ["install"]

# With Python 3.11 each call of PySide6 6.12 that returns None gives back one reference to None too many: a test that
# waits on a busy machine used them up, and the process aborted ("deallocating None"). Four million are in store, and
# stay when the interpreter clears its modules at the end: then it aborted after the last test.
_REFERENCES_TO_NONE = [None] * 4_000_000
ctypes.pythonapi.Py_IncRef(ctypes.py_object(_REFERENCES_TO_NONE))


def install() -> Any:
    """Start the host once per process and return the application object.

    Puts ``qt``, ``ctk``, ``slicer.ScriptedLoadableModule``, ``slicer.i18n``, ``slicer.packaging`` and
    ``slicer.parameterNodeWrapper`` among the modules and completes ``slicer`` and ``slicer.util``.
    """
    if "qt" in sys.modules:
        import slicer

        return slicer.app
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from . import ctk_module, qt_module

    sys.modules["qt"] = qt_module.make_qt()
    sys.modules["ctk"] = ctk_module.make_ctk()
    from . import complete

    return complete.complete_slicer()
