"""Signals and slots as PythonQt has them.

``object.connect('name(types)', f)`` and ``object.name.connect(f)``: a slot gets as many arguments as it takes,
bound methods stay alive, an error in a slot is printed and the program goes on (and the record keeps it).
"""

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

from PySide6 import QtCore

from .calls import BoundCall
from .record import RECORD, HostError
from .values import from_qt

_MOST = 8


def arity(slot: Callable[..., Any]) -> int:
    """How many positional arguments a slot can take."""
    if isinstance(slot, BoundCall):
        return _MOST if slot.__name__.startswith("set") else 0
    try:
        parameters = inspect.signature(slot).parameters.values()
    except (TypeError, ValueError):
        return _MOST
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return _MOST
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _relay(slot: Callable[..., Any], count: int) -> Callable[..., None]:
    """A function of exactly ``count`` arguments (PySide6 looks at their number) that calls the slot."""
    taken = min(count, arity(slot))

    def call(*args: Any) -> None:
        try:
            slot(*map(from_qt, args[:taken]))
        except Exception as error:
            RECORD.uncaught(error)

    relays: tuple[Callable[..., None], ...] = (
        lambda: call(),
        lambda a: call(a),
        lambda a, b: call(a, b),
        lambda a, b, c: call(a, b, c),
        lambda a, b, c, d: call(a, b, c, d),
        lambda a, b, c, d, e: call(a, b, c, d, e),
    )
    return relays[count]


class Connections:
    """All connections made through the host, kept as long as their sender lives."""

    def __init__(self) -> None:
        self._made: dict[int, list[tuple[str, Any, Any, Callable[..., None]]]] = {}

    def add(self, owner: Any, signature: str, instance: Any, slot: Callable[..., Any]) -> bool:
        """Connect a slot to a signal instance of PySide6."""
        if not callable(slot):
            raise HostError(f"connect: {slot!r} is not callable")
        relay = _relay(slot, _argument_count(signature))
        instance.connect(relay)
        key = id(owner)
        if key not in self._made:
            self._made[key] = []
            _plain(owner, "destroyed").connect(lambda: self._made.pop(key, None))
        self._made[key].append((signature, slot, instance, relay))
        return True

    def remove(self, owner: Any, signature: str, slot: Callable[..., Any] | None) -> bool:
        """Disconnect a slot (all slots when None). False if there was none, as in PythonQt."""
        made = self._made.get(id(owner), [])
        for entry in [e for e in made if e[0] == signature and (slot is None or e[1] == slot)]:
            entry[2].disconnect(entry[3])
            made.remove(entry)
            if slot is not None:
                return True
        return slot is None


CONNECTIONS = Connections()


def _plain(owner: Any, name: str) -> Any:
    """An attribute as PySide6 gives it."""
    return PLAIN_GET(owner, name)


PLAIN_GET = QtCore.QObject.__getattribute__


def _argument_count(signature: str) -> int:
    inner = signature[signature.index("(") + 1 : -1].strip()
    return len(_split(inner)) if inner else 0


def _split(inner: str) -> list[str]:
    """Types of a signature; commas inside of templates do not count."""
    return re.split(r",(?![^<]*>)", inner)


class BoundSignal:
    """``object.signal``: connect, disconnect, emit, and a call that emits."""

    def __init__(self, owner: Any, instance: Any) -> None:
        self._owner = owner
        name = _signature_of(instance).split("(")[0]
        self._signature, self._instance = _overload(instance, longest(type(owner), name))

    def connect(self, slot: Callable[..., Any]) -> bool:
        """Connect a slot."""
        return CONNECTIONS.add(self._owner, self._signature, self._instance, slot)

    def disconnect(self, slot: Callable[..., Any] | None = None) -> bool:
        """Disconnect a slot, or all."""
        return CONNECTIONS.remove(self._owner, self._signature, slot)

    def emit(self, *args: Any) -> None:
        """Emit the signal with all its arguments."""
        wanted = _argument_count(self._signature)
        if len(args) != wanted:
            raise ValueError(f"{self._signature} takes {wanted} arguments, {len(args)} given")
        self._instance.emit(*args)

    __call__ = emit


def _signature_of(instance: Any) -> str:
    match = re.search(r"SignalInstance (\w+\(.*\)) at ", repr(instance))
    if match is None:
        raise HostError(f"cannot read the signature of {instance!r}")
    return match[1]


@functools.cache
def longest(cls: type, name: str) -> str:
    """The signature with all arguments, as PythonQt takes it: ``clicked`` is ``clicked(bool)``."""
    meta = cls.staticMetaObject
    methods = (meta.method(i) for i in range(meta.methodCount()))
    names = [
        bytes(m.methodSignature().data()).decode() for m in methods if bytes(m.name().data()).decode() == name
    ]
    return max(names, key=_argument_count)


def _overload(instance: Any, signature: str) -> tuple[str, Any]:
    inner = signature[signature.index("(") + 1 : -1]
    if _signature_of(instance) != signature:
        instance = instance[tuple(_split(inner))] if "," in inner else instance[inner]
    return signature, instance


def _find(owner: Any, signature: str) -> tuple[str, Any]:
    """The signal instance for ``name(types)``. A signal that does not exist is an error here; PythonQt only warns."""
    match = re.fullmatch(r"\s*(\w+)\s*\((.*)\)\s*", signature)
    meta = type(owner).staticMetaObject
    normal = bytes(QtCore.QMetaObject.normalizedSignature(signature).data()).decode()
    declared = getattr(owner, "_host_signals", {}).get(normal)
    if declared is not None:
        instance = _plain(owner, declared)
        return _signature_of(instance), instance
    if match is None or meta.indexOfSignal(normal) < 0:
        raise HostError(f"connect: signal '{signature}' does not exist on {meta.className()}")
    return _overload(_plain(owner, match[1]), normal)


def connect(owner: Any, signature: Any, *target: Any) -> bool:
    """``sender.connect('signal(types)', callable)`` or ``(..., receiver, 'slot(types)')``."""
    if not isinstance(signature, str):  # how SignalInstance.connect of PySide6 comes back here
        return bool(PLAIN_CONNECT(signature, *target))
    normal, instance = _find(owner, signature)
    return CONNECTIONS.add(owner, normal, instance, _slot(target))


def disconnect(owner: Any, signature: Any, *target: Any) -> bool:
    """The opposite of :func:`connect`."""
    if not isinstance(signature, str):
        return bool(PLAIN_DISCONNECT(signature, *target))
    normal, _ = _find(owner, signature)
    return CONNECTIONS.remove(owner, normal, _slot(target) if target else None)


def _slot(target: tuple[Any, ...]) -> Callable[..., Any]:
    if len(target) == 1:
        return target[0]
    receiver, member = target
    return getattr(receiver, member.split("(")[0])


PLAIN_CONNECT = QtCore.QObject.connect
PLAIN_DISCONNECT = QtCore.QObject.disconnect
