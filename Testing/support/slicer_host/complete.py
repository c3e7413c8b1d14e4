"""Complete the module ``slicer`` of slicer-core with what the application adds."""

import importlib
import sys
from typing import Any

import slicer
import slicer.util
from PySide6 import QtUiTools, QtWidgets

from . import (
    application,
    ctk_module,
    dicom_fake,
    layout,
    modules,
    mrml_widgets,
    packaging_fake,
    sample_data_fake,
    segment_editor,
)
from .dialogs import modal

_CLASSES = (
    *mrml_widgets.WIDGETS,
    *segment_editor.WIDGETS,
    modules.qSlicerScriptedLoadableModule,
    modules.qSlicerScriptedLoadableModuleWidget,
    layout.qMRMLSliceWidget,
    layout.qSlicerLayoutManager,
)


def complete_slicer() -> Any:
    """Add classes, modules and the application; returns the application."""
    app = application.start()
    for cls in _CLASSES:
        setattr(slicer, cls.__name__, cls)
    _add_module("packaging", packaging_fake.make_packaging())
    _add_module("i18n", packaging_fake.make_i18n())
    dicom_fake.add_dicom()
    sys.modules["SampleData"] = sample_data_fake.make_sample_data()
    sys.modules["qt"].QUiLoader = UiLoader
    slicer.util.messageBox = message_box
    app.open()
    dicom_fake.open_database()
    for name, source in (("ScriptedLoadableModule", "scripted"), ("parameterNodeWrapper", "parameter_node")):
        _add_module(name, importlib.import_module(f"{__package__}.{source}"))
    return app


def _add_module(name: str, module: Any) -> None:
    sys.modules[f"slicer.{name}"] = module
    setattr(slicer, name, module)


class UiLoader(QtUiTools.QUiLoader):
    """Knows the stand-in widgets by their class names in .ui files."""

    def __init__(self, *parent: Any) -> None:
        super().__init__(*parent)
        for cls in (*mrml_widgets.WIDGETS, *segment_editor.WIDGETS, *ctk_module.WIDGETS):
            self.registerCustomWidget(cls)


def message_box(text: str, parent: Any = None, **options: Any) -> Any:
    """``slicer.util.messageBox`` behind the record: kinds ``error``, ``warning``, ``info`` and ``question``.

    A question is answered with True or False; the others are seen and closed.
    """
    boxes = QtWidgets.QMessageBox
    buttons = int(options.get("standardButtons", boxes.StandardButton.Ok))
    for yes, no in (("Yes", "No"), ("Ok", "Cancel"), ("Retry", "Close")):
        accept, refuse = getattr(boxes.StandardButton, yes), getattr(boxes.StandardButton, no)
        if buttons == int(accept) | int(refuse):
            return accept if modal("question", text) else refuse
    names = {boxes.Icon.Critical: "error", boxes.Icon.Warning: "warning"}
    modal(names.get(options.get("icon"), "info"), text, True)
    return boxes.StandardButton.Ok
