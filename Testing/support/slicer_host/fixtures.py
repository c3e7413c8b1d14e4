"""Fixtures of the tests that need Qt or MRML. ``Testing/panel`` and ``Testing/mrml`` import them in their conftest."""

import locale
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODULE_FILE = ROOT / "SlicerHCCResponse" / "HCCResponse.py"


@dataclass(frozen=True)
class Host:
    """What a test works with: the application, what happened, and pictures."""

    app: Any
    record: Any
    load_module: Callable[..., Any]
    unload_module: Callable[[str], None]

    def process(self) -> None:
        """Work off waiting events."""
        self.app.processEvents()


@pytest.fixture(scope="session")
def _host() -> Host:
    """One application per process; slicer-core and Qt must not leave another locale behind."""
    before = locale.setlocale(locale.LC_ALL)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import slicer_host

    app = slicer_host.install()
    locale.setlocale(locale.LC_ALL, before)
    from slicer_host import modules
    from slicer_host.record import RECORD

    return Host(app, RECORD, modules.load_module, modules.unload_module)


@pytest.fixture
def slicer_app(_host: Host) -> Iterator[Host]:
    """A clean application: empty scene, no modules of ours, no errors. Errors in slots fail the test at its end."""
    yield _host
    errors, unused, paused = (
        _host.record.take_errors(),
        _host.record.unused_answers(),
        _host.app.pausedRenders(),
    )
    _reset(_host)
    assert not errors, f"errors in slots: {errors}; if they are expected: slicer_app.record.take_errors()"
    assert not unused, f"answers that no dialog asked for: {unused}"
    assert not paused, f"pauseRender without resumeRender: {paused}"


def _reset(host: Host) -> None:
    from PySide6 import QtCore, QtWidgets

    from slicer_host import modules

    for name in modules.loaded_modules():
        host.unload_module(name)
    for widget in QtWidgets.QApplication.topLevelWidgets():
        if type(widget).__name__ not in ("qSlicerMainWindow", "qMRMLSliceWidget"):
            widget.deleteLater()
    QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete.value)
    # After one Clear the next scene that is read may lose its folders ("Failed to process unresolved items").
    for _ in range(2):
        host.app.mrmlScene().Clear()
    host.app.layoutManager().reset()
    host.app.setTestingEnabled(False)
    while host.app.pausedRenders():
        host.app.resumeRender()
    QtCore.QSettings().clear()
    host.record.clear()


@pytest.fixture
def panel(slicer_app: Host) -> Any:
    """The module's panel, loaded and opened; its widget is ``panel.parent``."""
    return slicer_app.load_module(MODULE_FILE)
