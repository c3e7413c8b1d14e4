"""The lint of the panel: one bad example for each kind, and good code passes."""

import importlib.util
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).resolve().parents[1] / "panel_lint.py"


@pytest.fixture(scope="module")
def lint():
    spec = importlib.util.spec_from_file_location("panel_lint", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["panel_lint"] = module
    spec.loader.exec_module(module)
    return module


BAD = {
    "isinstance(x, qt.QWidget)": "kinship",
    "isinstance(x, (str, qt.QAbstractButton))": "kinship",
    "issubclass(type(x), qt.QPushButton)": "kinship",
    "class I(qt.QTableWidgetItem):\n    def __lt__(self, other): return True": "item-order",
    "combo.connect('currentIndexChanged(QString)', f)": "signature",
    "group.connect('buttonClicked( int )', f)": "signature",
    "x = combo.currentData()": "current-data",
    "x = self.sender()": "sender",
    "b.clicked.connect(lambda *a: f())": "star-slot",
    "class P:\n    def on(self, *args): pass\n    def m(self): b.connect('clicked()', self.on)": "star-slot",
    "spin.setValue(np.float64(x))": "numpy-value",
    "spin.setMaximum(np.max(a))": "numpy-value",
    "self.spin.value = np.round(x)": "numpy-value",
    "table.setItemDelegate(Delegate(table))": "unkept",
    "def f(t):\n    d = Delegate()\n    t.setItemDelegateForColumn(1, d)": "unkept",
    "w.installEventFilter(Filter())": "unkept",
    "ok = b.toolTip == 'x'": "tool-tip",
    "class W(qt.QWidget):\n    def __init__(self):\n        self.pos_ = 1": "hidden-member",
    "class W(qt.QWidget):\n    def __init__(self):\n        self.update = 1": "hidden-member",
    "x = qt.Qt.MidButton": "one-qt",
    "x = qt.QRegExp('a')": "one-qt",
    "x = event.globalPosition()": "one-qt",
    "x = self.ui.combo.currentText()": "property-call",
    "x = self.ui.nameEdit.text()": "property-call",
    "x = table.rowCount()": "property-call",
    "b = qt.QPushButton('x', enabled=False)": "constructor",
    "class W(qt.QWidget):\n    def __init__(self, p):\n        super().__init__(parent=p)": "constructor",
    "slicer.app.processEvents()": "process-events",
}

GOOD = """
class Panel:
    def build(self, table):
        self.delegate = Delegate(table)
        table.setItemDelegate(self.delegate)
        filter_ = self.filter = Filter()
        table.installEventFilter(filter_)
        self.ui.openButton.connect("clicked(bool)", self.on_open)
        self.ui.combo.currentTextChanged.connect(lambda text: self.show(text))
        self.ui.spin.setValue(float(np.mean(values)))
        if isinstance(widget, qt.QPushButton) or widget.inherits("QAbstractButton"):
            name = item.text() + self.ui.nameEdit.text + str(model.rowCount()) + layout.itemAt(0).widget().objectName
        assert "kept" in self.ui.openButton.toolTip
        self.value = np.float64(3)
        state = {"text": name.title(), "size": widget.size.width()}

class Own(qt.QWidget):
    def __init__(self, parent=None):
        super().__init__(parent)
        self.lesionRows = {}
        self.enabled = False

    def sizeHint(self):
        return super().sizeHint()

class PanelTest:
    def runTest(self):
        slicer.app.processEvents()
"""


@pytest.mark.parametrize(("text", "rule"), BAD.items(), ids=list(BAD))
def test_it_finds(lint, text, rule):
    assert [finding.rule for finding in lint.check_text(text)] == [rule]


def test_each_rule_has_an_example(lint):
    assert set(BAD.values()) == set(lint.RULES)


def test_good_code_passes(lint):
    assert lint.check_text(GOOD) == []


def test_the_panel_is_clean(lint):
    assert [str(finding) for finding in lint.check_files(list(lint.PANEL))] == []
