"""Which Python classes stand for C++ classes, and what the application says about their kinship.

The wrapped classes of PythonQt know nothing of each other: ``isinstance(button, qt.QWidget)`` is False. So
everything here that needs the true kinship uses :func:`is_a`.
"""

import enum
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets
from shiboken6 import Shiboken

MODULES: tuple[ModuleType, ...] = (QtCore, QtGui, QtWidgets, QtUiTools)
_STAND_INS: set[type] = set()


def stand_in(cls: type) -> type:
    """Mark a Python class of the host as one that is a C++ class in the application."""
    _STAND_INS.add(cls)
    return cls


def is_native(cls: type) -> bool:
    """Whether the application has this class in C++."""
    return cls in _STAND_INS or cls.__module__.startswith("PySide6")


def native_class(value: Any) -> type:
    """The C++ class of a value: its own one, or the first one that its Python class derives from."""
    return next(cls for cls in type(value).__mro__ if is_native(cls))


def is_a(value: Any, cls: type) -> bool:
    """The true kinship, which ``isinstance`` hides here as in PythonQt."""
    return cls in type(value).__mro__


def qt_classes() -> Iterator[type]:
    """Every wrapped class of Qt, leaves first, nested ones left out."""
    found = {
        value
        for module in MODULES
        for value in (getattr(module, name) for name in dir(module))  # PySide6 makes classes when asked for
        if inspect.isclass(value) and Shiboken.Object in value.__mro__ and value is not Shiboken.Object
    }
    return iter(sorted(found, key=lambda cls: (-len(cls.__mro__), cls.__name__)))


def _kin(cls: type, ancestor: type) -> bool:
    """Whether PythonQt sees ``ancestor`` in ``cls``: the class itself, or what Python code derived it from."""
    if cls is ancestor:
        return True
    if is_native(cls):
        return False
    return any(_kin(base, ancestor) for base in cls.__bases__)


def hide_kinship() -> None:
    """Let ``isinstance`` and ``issubclass`` answer as in PythonQt, where wrapped classes have no common base."""
    meta = type(QtCore.QObject)

    def instance_check(cls: type, value: Any) -> bool:
        return _kin(type(value), cls) if is_native(cls) else type.__instancecheck__(cls, value)

    def subclass_check(cls: type, other: type) -> bool:
        return _kin(other, cls) if is_native(cls) else type.__subclasscheck__(cls, other)

    meta.__instancecheck__ = instance_check
    meta.__subclasscheck__ = subclass_check


def make_enums_plain() -> None:
    """Enumerators of PythonQt are whole numbers: equal to them, combined with them, sorted by them."""
    for owner in (*MODULES, *qt_classes()):
        for value in list(vars(owner).values()):
            if (
                inspect.isclass(value)
                and issubclass(value, enum.Enum)
                and value.__module__.startswith("PySide6")
            ):
                _plain(value)


def _plain(cls: Any) -> None:
    if issubclass(cls, int):
        return

    def number(value: Any) -> Any:
        return value.value if isinstance(value, enum.Enum) else value

    cls.__int__ = cls.__index__ = lambda self: self.value
    cls.__eq__ = lambda self, other: self.value == number(other)
    cls.__ne__ = lambda self, other: self.value != number(other)
    cls.__hash__ = lambda self: hash(self.value)
