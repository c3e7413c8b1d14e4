"""Methods and constructors of wrapped classes, called with the strictness of PythonQt."""

import ctypes
import functools
from collections.abc import Callable
from typing import Any

from .record import RECORD, HostError
from .values import from_qt, to_qt

# PySide6 returns None without a reference of its own, which only Python 3.12 (where None lives for ever) forgives: a
# long run of tests would end with "deallocating None".
_KEEP_NONE = ctypes.pythonapi.Py_IncRef
_KEEP_NONE.argtypes = [ctypes.py_object]
_KEEP_NONE.restype = None


class BoundCall:
    """A wrapped method of one object; equal for the same object and name, so that it can be disconnected."""

    def __init__(self, owner: Any, name: str, call: Callable[..., Any]) -> None:
        self.__self__ = owner
        self.__name__ = name
        self._call = call

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is BoundCall and (self.__self__ is other.__self__) and self.__name__ == other.__name__
        )

    def __hash__(self) -> int:
        return hash((id(self.__self__), self.__name__))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it; wrong arguments are a ``ValueError`` and keyword arguments do not exist."""
        what = f"{type(self.__self__).__name__}.{self.__name__}"
        if kwargs:
            raise ValueError(
                f"Called {what} with keyword arguments, but calling C++ methods takes none: {kwargs}"
            )
        return checked(what, self._call, args)


def checked(what: str, call: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Call into Qt. An argument that Qt refuses is a ``ValueError``.

    An error in Python code that Qt calls meanwhile (an event, an event filter) is printed and swallowed as in PythonQt.
    """
    try:
        result = call(*map(to_qt, args))
        if result is None:
            _KEEP_NONE(None)
        return from_qt(result)
    except Exception as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            RECORD.uncaught(error)
            return None
        if isinstance(error, TypeError):
            raise ValueError(f"Called {what} with wrong arguments: {args}. {error}") from error
        if isinstance(error, RuntimeError) and "already deleted" in str(error):
            raise ValueError(f"Trying to call '{what}' on a destroyed object") from error
        raise


def strict_constructor(cls: type) -> None:
    """Constructors know no keyword arguments and refuse wrong ones with a ``ValueError``."""
    original = cls.__init__

    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        if kwargs:
            raise ValueError(
                f"Called {cls.__name__} with keyword arguments, which constructors do not take: {kwargs}"
            )
        checked(cls.__name__, functools.partial(original, self), args)

    cls.__init__ = construct


def only_key_sequence(call: Callable[..., Any], sequence: type) -> Callable[..., Any]:
    """``setShortcut`` takes a ``qt.QKeySequence`` and no string."""

    def set_shortcut(value: Any) -> Any:
        if type(value) is not sequence:
            raise ValueError(
                f"Called setShortcut(QKeySequence key) -> void with wrong arguments: ({value!r},)"
            )
        return call(value)

    return set_shortcut


def forbidden(name: str, why: str) -> Callable[..., Any]:
    """A method that must not be used in the panel."""

    def refuse(*_args: Any) -> Any:
        raise HostError(f"{name}() {why}")

    return refuse
