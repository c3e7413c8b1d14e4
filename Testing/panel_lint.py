"""Finds idioms in the panel that work in one Qt for Python and not in the other, or not in the application.

    python Testing/panel_lint.py            # the module and HCCResponseLib/panel
    python Testing/panel_lint.py FILE ...

Prints ``file:line: rule: why`` and exits with 1 when it found something. What each rule forbids behaves differently in
PythonQt (see Testing/support/slicer_host/idioms.py) and cannot always be seen by running the panel in the test host.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PANEL = (
    ROOT / "SlicerHCCResponse" / "HCCResponse.py",
    ROOT / "SlicerHCCResponse" / "HCCResponseLib" / "panel",
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SIGNATURES = {
    "currentIndexChanged(QString)": "currentTextChanged(QString)",
    "activated(QString)": "textActivated(QString)",
    "highlighted(QString)": "textHighlighted(QString)",
    "valueChanged(QString)": "textChanged(QString)",
    "buttonClicked(int)": "idClicked(int)",
    "buttonPressed(int)": "idPressed(int)",
    "buttonReleased(int)": "idReleased(int)",
    "buttonToggled(int,bool)": "idToggled(int,bool)",
    "error(QProcess::ProcessError)": "errorOccurred(QProcess::ProcessError)",
    "checkStateChanged(Qt::CheckState)": "stateChanged(int)",
}
ONE_QT_ONLY = {
    "Qt": ("MidButton", "TextColorRole", "BackgroundColorRole", "ItemIsTristate", "AA_EnableHighDpiScaling"),
    "QPalette": ("Background", "Foreground", "Accent"),
    "QEvent": ("DevicePixelRatioChange",),
}
ONE_QT_CLASSES = ("QDesktopWidget", "QRegExp", "QRegExpValidator", "QTextCodec", "QSignalMapper", "QTest")
ONE_QT_METHODS = ("globalPosition", "setTabStopWidth", "tabStopWidth", "setMargin")
# Called without arguments these are properties of widgets and nothing else that the panel uses.
PROPERTIES = _words(
    "currentText plainText styleSheet objectName windowTitle placeholderText singleStep currentPath "
    "checked enabled visible readOnly wordWrap minimumHeight maximumHeight minimumWidth maximumWidth "
    "sizeHint minimumSizeHint currentNodeID nodeTypes noneEnabled collapsed checkable"
)
# These are methods of items, sizes or models too, so the name of the widget must tell.
WIDGET_PROPERTIES = _words(
    "text value count width height size pos toolTip title currentIndex rowCount columnCount font "
    "palette icon geometry maximum minimum"
)
WIDGET_NAME = re.compile(
    r"(button|label|edit|box|combo|slider|table|widget|bar|selector|panel|spin|check|list|tab|tree)$",
    re.IGNORECASE,
)
BASES = _words(
    "QObject QWidget QLayout QBoxLayout QFrame QAbstractButton QAbstractItemView QAbstractSpinBox "
    "QAbstractSlider QAbstractScrollArea QAbstractItemModel QIODevice QEvent QInputEvent QDialog"
)
KEEPERS = (
    "setItemDelegate",
    "setItemDelegateForColumn",
    "setItemDelegateForRow",
    "installEventFilter",
    "setModel",
)
KEEPERS += ("setValidator", "setCompleter")

Rule = Callable[[ast.AST, "Source"], Iterator[str]]


@dataclass(frozen=True)
class Finding:
    """One place that must be written otherwise."""

    file: str
    line: int
    rule: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.why}"


@dataclass
class Source:
    """One file: its tree, who is inside of whom, functions that take ``*args``."""

    tree: ast.Module
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    star_functions: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                self.parents[child] = node
            if isinstance(node, ast.FunctionDef) and node.args.vararg:
                self.star_functions.add(node.name)

    def inside(self, node: ast.AST, kind: type[ast.AST]) -> Iterator[ast.AST]:
        """Enclosing nodes of a kind, inner ones first."""
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, kind):
                yield node


def module_member(node: ast.AST, *modules: str) -> str | None:
    """``X`` of ``qt.X``, also of ``qt.Q.X`` only the first name after the module."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
        return node.attr
    return None


def wrapped_base(node: ast.ClassDef) -> str | None:
    """The wrapped class that a class derives from."""
    for base in node.bases:
        name = module_member(base, "qt", "ctk") or module_member(base, "slicer")
        if name and re.match(r"(Q[A-Z]|ctk|q[A-Z])", name):
            return name
    return None


def method_call(node: ast.AST) -> tuple[str, ast.expr, list[ast.expr]] | None:
    """Name, receiver and arguments of ``receiver.name(arguments)``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr, node.func.value, node.args
    return None


def last_name(node: ast.AST) -> str:
    """``openButton`` of ``self.ui.openButton``."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def kinship(node: ast.AST, _source: Source) -> Iterator[str]:
    """isinstance works only with the very class of an object."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("isinstance", "issubclass")
    ):
        asked = node.args[1] if len(node.args) > 1 else None
        for option in asked.elts if isinstance(asked, ast.Tuple) else [asked]:
            name = module_member(option, "qt", "ctk") if option is not None else None
            if name and (name in BASES or node.func.id == "issubclass"):
                yield f"{node.func.id} with qt.{name} is False for derived widgets; use inherits('{name}')"


def item_order(node: ast.AST, _source: Source) -> Iterator[str]:
    """Qt does not call __lt__ of Python items."""
    if not (isinstance(node, ast.ClassDef) and (wrapped_base(node) or "").endswith("Item")):
        return
    if any(isinstance(part, ast.FunctionDef) and part.name == "__lt__" for part in node.body):
        yield "__lt__ of an item is not called; sort by numbers set with setData(qt.Qt.DisplayRole, number)"


def signature(node: ast.AST, _source: Source) -> Iterator[str]:
    """Signatures that only one Qt has."""
    call = method_call(node)
    if call and call[0] in ("connect", "disconnect") and call[2] and isinstance(call[2][0], ast.Constant):
        other = SIGNATURES.get(str(call[2][0].value).replace(" ", ""))
        if other:
            yield f"the signal {call[2][0].value} is not in both Qt 5 and Qt 6; use {other}"


def current_data(node: ast.AST, _source: Source) -> Iterator[str]:
    """currentData is a property."""
    call = method_call(node)
    if call and call[0] == "currentData":
        yield "currentData is a property; use itemData(combo.currentIndex)"


def sender(node: ast.AST, _source: Source) -> Iterator[str]:
    """sender() does not name the sender."""
    call = method_call(node)
    if call and call[0] == "sender" and not call[2]:
        yield "sender() does not work; connect a function for each sender"


def star_slot(node: ast.AST, source: Source) -> Iterator[str]:
    """A slot with *args gets other arguments in each Qt for Python."""
    call = method_call(node)
    if call and call[0] == "connect" and call[2]:
        slot = call[2][-1]
        stars = isinstance(slot, ast.Lambda) and slot.args.vararg
        if stars or last_name(slot) in source.star_functions:
            yield "a slot with *args gets other arguments in each Qt for Python; name the arguments"


def numpy_value(node: ast.AST, _source: Source) -> Iterator[str]:
    """numpy scalars must become plain numbers first."""
    values: list[ast.expr] = []
    call = method_call(node)
    if call and re.match(r"set[A-Z]", call[0]):
        values = call[2]
    elif isinstance(node, ast.Assign) and last_name(node.targets[0]) in PROPERTIES | WIDGET_PROPERTIES:
        target = node.targets[0]
        values = (
            [node.value] if isinstance(target, ast.Attribute) and last_name(target.value) != "self" else []
        )
    for value in values:
        if isinstance(value, ast.Call) and module_member(value.func, "np", "numpy"):
            yield "a numpy scalar may be refused by a widget; wrap it in int(), float() or bool()"


def unkept(node: ast.AST, source: Source) -> Iterator[str]:
    """Qt does not keep delegates and event filters alive."""
    call = method_call(node)
    if not call or call[0] not in KEEPERS or not call[2]:
        return
    given = call[2][-1]
    if isinstance(given, ast.Call) or (isinstance(given, ast.Name) and _only_local(given, source)):
        yield f"{call[0]} does not keep its Python object alive; put it in an attribute of self first"


def _only_local(name: ast.Name, source: Source) -> bool:
    """Whether a name is made in this function by a call and never put into an attribute."""
    function = next(source.inside(name, ast.FunctionDef), None)
    if function is None:
        return False
    made = kept = False
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            stored = any(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets)
            made |= name.id in names and isinstance(node.value, ast.Call)
            kept |= stored and (
                name.id in names or (isinstance(node.value, ast.Name) and node.value.id == name.id)
            )
    return made and not kept


def tool_tip(node: ast.AST, _source: Source) -> Iterator[str]:
    """The application rewrites tool tips."""
    if not (isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)):
        return
    if any(last_name(side) == "toolTip" for side in (node.left, *node.comparators)):
        yield "the application puts tool tips into <p>; ask whether the text is in it"


def hidden_member(node: ast.AST, source: Source) -> Iterator[str]:
    """Attributes over members of the wrapped class."""
    if not (
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and last_name(node.value) == "self"
    ):
        return
    owner = next(source.inside(node, ast.ClassDef), None)
    base = wrapped_base(owner) if isinstance(owner, ast.ClassDef) else None
    name = node.attr.rstrip("_")
    if (
        base
        and not node.attr.startswith("_")
        and name in members_of(base)
        and not _is_property(base, node.attr)
    ):
        yield f"self.{node.attr} collides with {name} of {base}; choose another name"


def members_of(name: str) -> set[str]:
    """Names of methods, signals and properties of a class of Qt (of QWidget where it is not one)."""
    from PySide6 import QtCore, QtGui, QtWidgets

    for module in (QtWidgets, QtGui, QtCore):
        if hasattr(module, name):
            return set(dir(getattr(module, name)))
    return set(dir(QtWidgets.QWidget))


def _is_property(name: str, attribute: str) -> bool:
    from PySide6 import QtCore, QtWidgets

    meta = getattr(getattr(QtWidgets, name, getattr(QtCore, name, None)), "staticMetaObject", None)
    return meta is not None and meta.indexOfProperty(attribute) >= 0


def one_qt(node: ast.AST, _source: Source) -> Iterator[str]:
    """Names that only one Qt has."""
    if not isinstance(node, ast.Attribute):
        return
    if module_member(node, "qt") in ONE_QT_CLASSES:
        yield f"qt.{node.attr} is not in both Qt 5 and Qt 6, or not in the application"
    owner = module_member(node.value, "qt")
    if owner and node.attr in ONE_QT_ONLY.get(owner, ()):
        yield f"qt.{owner}.{node.attr} is not in both Qt 5 and Qt 6"
    if node.attr in ONE_QT_METHODS:
        yield f"{node.attr} is not in both Qt 5 and Qt 6"


def property_call(node: ast.AST, _source: Source) -> Iterator[str]:
    """Properties are read without parentheses."""
    call = method_call(node)
    if not call or call[2] or not isinstance(node, ast.Call) or node.keywords:
        return
    name, receiver, _ = call
    inherited = isinstance(receiver, ast.Call) and last_name(receiver.func) == "super"
    named = name in WIDGET_PROPERTIES and WIDGET_NAME.search(last_name(receiver))
    if not inherited and (name in PROPERTIES or named):
        yield f"{name} is a property: read it without parentheses"


def constructor(node: ast.AST, source: Source) -> Iterator[str]:
    """Constructors of wrapped classes take no keyword arguments."""
    if not isinstance(node, ast.Call) or not node.keywords:
        return
    name = module_member(node.func, "qt", "ctk")
    if name and name[0] in "Qc":
        yield f"{name} takes no keyword arguments; use setters"
    owner = next(source.inside(node, ast.ClassDef), None)
    call = method_call(node)
    if call and call[0] == "__init__" and isinstance(owner, ast.ClassDef) and wrapped_base(owner):
        yield f"{wrapped_base(owner)}.__init__ takes no keyword arguments"


def process_events(node: ast.AST, source: Source) -> Iterator[str]:
    """Events worked off by hand let a second click in; only self-tests may."""
    call = method_call(node)
    if call and call[0] == "processEvents":
        owners = [
            owner.name for owner in source.inside(node, ast.ClassDef) if isinstance(owner, ast.ClassDef)
        ]
        if not any(name.endswith("Test") for name in owners):
            yield "processEvents() in the panel lets a second click in; give the work to a job or a timer"


RULES: dict[str, Rule] = {
    "kinship": kinship,
    "item-order": item_order,
    "signature": signature,
    "current-data": current_data,
    "sender": sender,
    "star-slot": star_slot,
    "numpy-value": numpy_value,
    "unkept": unkept,
    "tool-tip": tool_tip,
    "hidden-member": hidden_member,
    "one-qt": one_qt,
    "property-call": property_call,
    "constructor": constructor,
    "process-events": process_events,
}


def check_text(text: str, name: str = "<text>") -> list[Finding]:
    """All findings in a source text, by line."""
    source = Source(ast.parse(text))
    found = [
        Finding(name, getattr(node, "lineno", 0), rule, why)
        for node in ast.walk(source.tree)
        for rule, check in RULES.items()
        for why in check(node, source)
    ]
    return sorted(found, key=lambda finding: (finding.line, finding.rule))


def check_files(paths: list[Path]) -> list[Finding]:
    """All findings in files and folders."""
    files = [file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))]
    return [finding for file in files for finding in check_text(file.read_text(encoding="utf-8"), str(file))]


if __name__ == "__main__":
    findings = check_files([Path(argument) for argument in sys.argv[1:]] or list(PANEL))
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)
