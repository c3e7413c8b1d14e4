"""Attribute access of wrapped objects as in PythonQt.

Properties of Qt are attributes to read and to write, everything else that is wrapped is a method or a signal, and
no new attribute can be put on a C++ object.
"""

import functools
from types import BuiltinMethodType
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets
from shiboken6 import Shiboken

from .calls import BoundCall, forbidden, only_key_sequence
from .classes import is_a, is_native, native_class
from .record import HostError
from .signals import PLAIN_GET, BoundSignal, connect, disconnect
from .values import from_qt, to_qt

# Virtual getters that layouts call all the time, for whole trees of widgets: reading them twice takes too long, so
# they stay methods. The lint refuses calls of them.
_VIRTUAL_GETTERS = frozenset({"sizeHint", "minimumSizeHint"})
# Both a property and a static method; Slicer puts the static method back.
_KEPT_METHODS = {"QTimer": frozenset({"singleShot"})}


@functools.cache
def property_names(cls: type) -> frozenset[str]:
    """Names of the Qt properties of a class."""
    meta = cls.staticMetaObject
    names = {meta.property(i).name() for i in range(meta.propertyCount())}
    return frozenset(names - _VIRTUAL_GETTERS - _KEPT_METHODS.get(cls.__name__, frozenset()))


@functools.cache
def _python_defines(cls: type, name: str) -> bool:
    """Whether Python code of the panel defines this name in the class itself, before any wrapped class does."""
    for base in cls.__mro__:
        if is_native(base):
            return False
        if name in vars(base):
            return True
    return False


def get_attribute(self: Any, name: str) -> Any:
    """Read: property, then signal, then method."""
    cls = type(self)
    if name == "name" and "name" not in property_names(cls):  # PythonQt's other word for it
        name = "objectName"
    if name.startswith("_") or _python_defines(cls, name):
        return PLAIN_GET(self, name)
    if name in ("connect", "disconnect"):
        return functools.partial(connect if name == "connect" else disconnect, self)
    if name == "className":
        return lambda: native_class(self).__name__
    if not Shiboken.isValid(self):
        raise ValueError(f"Trying to use '{name}' of a destroyed {cls.__name__} object")
    if name in property_names(cls):
        return _read(self, name)
    try:
        value = PLAIN_GET(self, name)
    except AttributeError:
        if name not in _dynamic(self):
            raise
        return _read(self, name)
    return _signal_or_method(self, name, value)


def _signal_or_method(owner: Any, name: str, value: Any) -> Any:
    if type(value) is QtCore.SignalInstance:
        return BoundSignal(owner, value)
    return _method(owner, name, value) if type(value) is BuiltinMethodType else value


def _dynamic(owner: Any) -> set[str]:
    return {bytes(name.data()).decode() for name in PLAIN_GET(owner, "dynamicPropertyNames")()}


@functools.cache
def _python_property(cls: type, name: str) -> Any:
    """The property of a stand-in, to be called directly: Qt would swallow its errors."""
    found = next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), None)
    return found if type(found) is QtCore.Property else None


_reading: set[tuple[int, str]] = set()


def _read(owner: Any, name: str) -> Any:
    """The value of a property. Where its getter is virtual, Qt comes back here for an override: it gets the method."""
    key = (id(owner), name)
    if key in _reading:
        return PLAIN_GET(owner, name)
    own = _python_property(type(owner), name)
    if own is not None:
        return from_qt(own.fget(owner))
    _reading.add(key)
    try:
        return from_qt(PLAIN_GET(owner, "property")(name))
    finally:
        _reading.discard(key)


def _method(owner: Any, name: str, value: Any) -> Any:
    if name == "sender":
        return forbidden(
            "sender", "does not name the sender in the application; connect a function for each sender"
        )
    method = BoundCall(owner, name, value)
    if name == "setShortcut":
        return only_key_sequence(method, QtGui.QKeySequence)
    if name in {"findChild", "findChildren"}:
        return functools.partial(_find_children, method)
    return method


def _find_children(call: Any, cls: Any, *name: str) -> Any:
    """PythonQt takes the class or its name."""
    if isinstance(cls, str):
        cls = getattr(QtWidgets, cls, None) or getattr(QtCore, cls)
    return call(cls, *name)


def set_attribute(self: Any, name: str, value: Any) -> None:
    """Write: a property, or an attribute of a class that Python code defined; nothing else."""
    cls = type(self)
    if name == "name" and is_a(self, QtCore.QObject) and "name" not in property_names(cls):
        name = "objectName"
    if type(value) is QtCore.SignalInstance:  # PySide6 keeps its signals in this way
        self.__dict__[name] = value
    elif not is_native(cls) and not (is_a(self, QtCore.QObject) and name in property_names(cls)):
        _refuse_hidden_slot(self, name)
        _set_own(self, name, value)
    elif is_a(self, QtCore.QObject) and name in property_names(cls):
        _write(self, name, value)
    elif not _is_loaded_child(self, name, value):
        raise AttributeError(
            f"'{name}' does not exist on {cls.__name__} and creating new attributes on C++ objects is not allowed"
        )


def _is_loaded_child(owner: Any, name: str, value: Any) -> bool:
    """Whether this is the loader of PySide6 putting the children of a .ui file on their parent; left out here."""
    return is_a(value, QtCore.QObject) and value.parent() is not None and value.objectName == name


def _refuse_hidden_slot(owner: Any, name: str) -> None:
    """An attribute over a method of Qt hides the method from Qt and from the reader."""
    for base in type(owner).__mro__:
        if is_native(base) and callable(getattr(base, name, None)) and not name.startswith("__"):
            raise HostError(
                f"the attribute '{name}' would hide a method of {base.__name__}; name it otherwise"
            )


def _write(owner: Any, name: str, value: Any) -> None:
    # The class's own, because one asked of an object is invalid for the whole class once that object is deleted.
    meta = type(owner).staticMetaObject
    prop = meta.property(meta.indexOfProperty(name))
    if not prop.isWritable():
        raise AttributeError(f"Property '{name}' of type {type(owner).__name__} is not writable")
    given = to_qt(value)
    own = _python_property(type(owner), name)
    if own is not None:
        own.fset(owner, given)
        return
    kind = prop.typeName()
    if kind == "bool":
        given = bool(given)
    elif kind == "int" and isinstance(given, float):
        given = int(given)  # PythonQt cuts, Qt would round
    elif kind == "QString" and isinstance(given, int | float):
        given = str(given)
    if (kind == "QString" and not isinstance(given, str)) or not PLAIN_GET(owner, "setProperty")(name, given):
        raise AttributeError(
            f"Property '{name}' of type {type(owner).__name__} could not be set to {value!r}"
        )


def _set_own(owner: Any, name: str, value: Any) -> None:
    """What ``object.__setattr__`` does; Python does not let it be applied to wrapped classes."""
    for base in type(owner).__mro__:
        descriptor = vars(base).get(name)
        if hasattr(type(descriptor), "__set__"):
            descriptor.__set__(owner, value)
            return
    owner.__dict__[name] = value
