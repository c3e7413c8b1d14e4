"""The host answers as PythonQt did, idiom by idiom (or is stricter; then the row says so by its exception)."""

import ast
import functools
import gc

import numpy as np
import pytest

from slicer_host.idioms import OBJECTS, PROPERTIES, SIGNALS, VALUES

ROWS = [row for table in (PROPERTIES, SIGNALS, VALUES, OBJECTS) for row in table.items()]


class Holder:
    """An object that nobody but its connection keeps."""

    def __init__(self, out):
        self.out = out

    def slot(self):
        self.out.append("m")


def names_for(host):
    import ctk
    import qt

    names = {
        "qt": qt,
        "ctk": ctk,
        "np": np,
        "functools": functools,
        "Holder": Holder,
        "collect": gc.collect,
        "out": [],
    }
    names |= {
        "b": qt.QPushButton("x"),
        "spin": qt.QSpinBox(),
        "label": qt.QLabel("x"),
        "check": qt.QCheckBox("x"),
    }
    names |= {
        "dspin": qt.QDoubleSpinBox(),
        "combo": qt.QComboBox(),
        "table": qt.QTableWidget(2, 3),
        "w": qt.QWidget(),
    }
    for text in ("a", "b"):
        names["combo"].addItem(text)

    def process():
        for _ in range(3):
            host.process()
        from PySide6 import QtCore

        QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete.value)

    names["process"] = process
    names["errors"] = lambda: [type(error).__name__ for error in host.record.take_errors()]
    return names


def answer_of(snippet, names):
    """Run a snippet and give the value of its last expression."""
    *statements, last = ast.parse(snippet).body
    exec(compile(ast.Module(statements, []), "snippet", "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), "snippet", "eval"), names)
    return exec(compile(ast.Module([last], []), "snippet", "exec"), names)


@pytest.mark.parametrize(("snippet", "expected"), ROWS, ids=[snippet for snippet, _ in ROWS])
def test_idiom(slicer_app, snippet, expected):
    names = names_for(slicer_app)
    if isinstance(expected, type) and issubclass(expected, Exception):
        with pytest.raises(expected):
            answer_of(snippet, names)
    else:
        assert answer_of(snippet, names) == expected
