"""``slicer.parameterNodeWrapper``: a typed view of a ``vtkMRMLScriptedModuleNode``.

What the reader's panel needs of it: ``str``, ``int``, ``float``, ``bool``, ``Path``, enumerations, MRML nodes and
``Optional`` of each; defaults; rejection of wrong types; values read back when someone else changes the node (undo,
loading a scene); ``connectGui`` for widgets with the property ``SlicerParameterName``. What is kept in the node has
the names and the text that the application gives it, so that a scene can be moved between the two.
"""

import enum
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer
import vtk

from .parameter_gui import SlicerParameterNamePropertyName, connector_for, named_widgets
from .record import HostError

__all__ = ["SlicerParameterNamePropertyName", "isParameterNodeWrapper", "parameterNodeWrapper"]


@dataclass(frozen=True)
class _Kind:
    """How one type is kept as text. ``accepts`` are the classes of values that may be written."""

    accepts: tuple[type, ...]
    default: Any
    to_text: Callable[[Any], str]
    from_text: Callable[[str], Any]


_KINDS: dict[Any, _Kind] = {
    str: _Kind((str,), "", str, str),
    int: _Kind((int,), 0, str, int),
    float: _Kind((int, float), 0.0, str, float),
    bool: _Kind((bool,), False, str, lambda text: text == "True"),
    Path: _Kind((Path,), Path(), str, Path),
}


def _kind(name: str, cls: Any) -> _Kind:
    if isinstance(cls, type) and issubclass(cls, enum.Enum):
        return _Kind((cls,), next(iter(cls)), lambda value: value.name, lambda text: cls[text])
    if cls not in _KINDS:
        raise HostError(f"parameter {name}: the host has no parameters of type {cls}")
    return _KINDS[cls]


class Parameter:
    """One parameter of a wrapper class: a property that reads and writes the node."""

    def __init__(self, name: str, hint: Any, *default: Any) -> None:
        self.name = name
        self.hint = hint
        self.optional = typing.get_origin(hint) is typing.Union
        if typing.get_origin(hint) is types.UnionType:
            raise TypeError(
                f"parameter {name}: the application does not know {hint}; write typing.Optional[...]"
            )
        parts = (
            [part for part in typing.get_args(hint) if part is not types.NoneType]
            if self.optional
            else [hint]
        )
        if len(parts) != 1:
            raise HostError(f"parameter {name}: the host knows one type or None, not {hint}")
        self.cls = parts[0]
        self.is_node = isinstance(self.cls, type) and issubclass(self.cls, slicer.vtkMRMLNode)
        self.kind = _Kind((self.cls,), None, str, str) if self.is_node else _kind(name, self.cls)
        self.default = default[0] if default else (None if self.optional else self.kind.default)

    def check(self, value: Any) -> None:
        """Raise for a value of another type."""
        if value is None and (self.optional or self.is_node):
            return
        if value is None:
            raise ValueError(f"parameter {self.name}: the value must not be None")
        if not isinstance(value, self.kind.accepts):
            raise TypeError(f"parameter {self.name}: {value!r} is not of type {self.cls.__name__}")

    def is_in(self, node: Any) -> bool:
        """Whether the node holds a value."""
        names = (f"{self.name}_0", f"{self.name}_1") if self.optional else (self.name,)
        return any(node.HasParameter(name) for name in names)

    def write(self, node: Any, value: Any) -> None:
        """Check and keep a value."""
        self.check(value)
        with slicer.util.NodeModify(node):
            if not self.optional:
                self._put(node, self.name, value)
                return
            for name in (f"{self.name}_0", f"{self.name}_1"):
                node.UnsetParameter(name)
                if self.is_node:
                    node.RemoveNodeReferenceIDs(name)
            if value is None:
                node.SetParameter(f"{self.name}_1", "True")
            else:
                self._put(node, f"{self.name}_0", value)

    def _put(self, node: Any, name: str, value: Any) -> None:
        if self.is_node:
            node.SetParameter(name, "")
            node.SetNodeReferenceID(name, value.GetID() if value is not None else None)
        else:
            node.SetParameter(name, self.kind.to_text(value))

    def read(self, node: Any) -> Any:
        """The value in the node; the default is put there first when it has none."""
        if not self.is_in(node):
            self.write(node, self.default)
        name = f"{self.name}_0" if self.optional else self.name
        if not node.HasParameter(name):
            return None
        return node.GetNodeReference(name) if self.is_node else self.kind.from_text(node.GetParameter(name))

    def __get__(self, wrapper: Any, owner: Any = None) -> Any:
        return self if wrapper is None else self.read(wrapper.parameterNode)

    def __set__(self, wrapper: Any, value: Any) -> None:
        self.write(wrapper.parameterNode, value)


class _Wrapper:
    """The methods that every wrapper class gets."""

    allParameters: dict[str, Parameter]
    _is_parameter_node_wrapper = True

    def __init__(self, parameterNode: Any, prefix: str | None = None) -> None:
        if prefix:
            raise HostError("the host knows no prefixes of parameters")
        self.parameterNode = parameterNode
        self._guis: dict[int, list[tuple[str, Any]]] = {}
        self._updating = False
        for parameter in self.allParameters.values():
            if not parameter.is_in(parameterNode):
                parameter.write(parameterNode, parameter.default)

    @classmethod
    def _parameter(cls, name: str) -> Parameter:
        if name not in cls.allParameters:
            raise ValueError(f"Cannot find a param with the given name: {name}")
        return cls.allParameters[name]

    def default(self, name: str) -> Any:
        """The default of a parameter; ``.value`` is the value itself, as in the application."""
        return types.SimpleNamespace(value=self._parameter(name).default)

    @classmethod
    def dataType(cls, name: str) -> Any:
        """The type of a parameter."""
        return cls._parameter(name).hint

    def getValue(self, name: str) -> Any:
        """A value by its name."""
        return self._parameter(name).read(self.parameterNode)

    def setValue(self, name: str, value: Any) -> None:
        """Change a value by its name."""
        self._parameter(name).write(self.parameterNode, value)

    def connectGui(self, gui: Any) -> int:
        """Connect all widgets that carry the name of a parameter. Returns what ``disconnectGui`` takes."""
        return self.connectParametersToGui(named_widgets(gui))

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        """Connect widgets to parameters, both ways."""
        made = [(name, connector_for(widget, self._parameter(name).cls)) for name, widget in mapping.items()]
        tag = len(self._guis)
        self._guis[tag] = made
        for name, connector in made:
            connector.write(self.getValue(name))
            connector.on_change(lambda name=name, connector=connector: self._from_gui(name, connector))
        self.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._to_gui())
        return tag

    def _from_gui(self, name: str, connector: Any) -> None:
        if not self._updating:
            self.setValue(name, connector.read())

    def _to_gui(self) -> None:
        if self._updating:
            return
        self._updating = True
        try:
            for made in self._guis.values():
                for name, connector in made:
                    connector.write(self.getValue(name))
        finally:
            self._updating = False

    def disconnectGui(self, tag: int) -> None:
        """End a connection."""
        for _, connector in self._guis.pop(tag, []):
            connector.stop()

    def StartModify(self) -> Any:
        """Hold events back."""
        return self.parameterNode.StartModify()

    def EndModify(self, was_modified: Any) -> None:
        """Send the held events."""
        self.parameterNode.EndModify(was_modified)

    def Modified(self) -> None:
        """Say that the node changed."""
        self.parameterNode.Modified()

    def AddObserver(self, event: Any, callback: Callable[..., Any], priority: float = 0.0) -> int:
        """Observe the node."""
        return int(self.parameterNode.AddObserver(event, callback, priority))

    def RemoveObserver(self, tag: int) -> None:
        """Stop observing."""
        self.parameterNode.RemoveObserver(tag)


def isParameterNodeWrapper(value: Any) -> bool:
    """Whether this is a wrapper (or its class)."""
    return bool(getattr(value, "_is_parameter_node_wrapper", False))


def parameterNodeWrapper(cls: Any = None) -> Any:
    """Class decorator; annotated names become parameters."""
    if cls is None:
        return parameterNodeWrapper
    parameters = {}
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        if hasattr(_Wrapper, name):
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
        parameters[name] = Parameter(name, hint, *([vars(cls)[name]] if name in vars(cls) else []))
        setattr(cls, name, parameters[name])
    for name, value in vars(_Wrapper).items():
        if name not in (
            "__dict__",
            "__weakref__",
            "__doc__",
            "__module__",
            "__qualname__",
            "__annotations__",
        ):
            setattr(cls, name, value)
    cls.allParameters = parameters
    return cls
