"""Fixtures of the tests that need Qt or MRML. ``Testing/panel`` and ``Testing/mrml`` import them in their conftest."""

import locale
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .record import RECORD

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

    return Host(app, RECORD, modules.load_module, modules.unload_module)


class _ErrorLog(logging.Handler):
    """Hands errors in the log to the record."""

    def emit(self, record: logging.LogRecord) -> None:
        RECORD.logged.append(record.getMessage())


@pytest.fixture(autouse=True)
def errors_fail() -> Iterator[None]:
    """What a person would see as a failure is one: error boxes, errors in slots and observers, errors in the log.

    A test that expects one takes it from the record: ``take_error_box``, ``take_errors``, ``take_logged``.
    """
    RECORD.clear()
    log, before = _ErrorLog(logging.ERROR), sys.excepthook
    logging.getLogger().addHandler(log)
    # VTK prints errors of Python observers, and goes on.
    sys.excepthook = lambda _kind, error, _where: RECORD.swallow(error)
    try:
        yield
    finally:
        sys.excepthook = before
        logging.getLogger().removeHandler(log)
        problems = RECORD.problems()
        RECORD.clear()
    assert not problems, problems


@pytest.fixture
def slicer_app(errors_fail: None, _host: Host) -> Iterator[Host]:
    """A clean application: empty scene, no modules of ours."""
    yield _host
    # What the test has set off and not waited for belongs to it.
    for _ in range(3):
        _host.process()
    paused = _host.app.pausedRenders()
    _reset(_host)
    assert not paused, f"pauseRender without resumeRender: {paused}"


def _reset(host: Host) -> None:
    from PySide6 import QtCore, QtWidgets

    from slicer_host import dicom_fake, modules

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
    dicom_fake.open_database()
    host.app.setTestingEnabled(False)
    host.app.setMainWindowMissing(False)
    while host.app.pausedRenders():
        host.app.resumeRender()
    QtCore.QSettings().clear()


@pytest.fixture
def panel(slicer_app: Host) -> Any:
    """The module's panel, loaded and opened; its widget is ``panel.parent``."""
    return slicer_app.load_module(MODULE_FILE)
