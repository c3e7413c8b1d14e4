"""What Slicer's CMake macros make of this extension: the folder of an installed module, without CMake and Slicer.

Reads ``CMakeLists.txt`` and ``SlicerHCCResponse/CMakeLists.txt`` themselves, so that a file that is not listed, or that
is copied to a wrong place, is missing here as it would be for a user.
"""

import re
import shutil
from pathlib import Path

MODULES = "lib/Slicer-5.12/qt-scripted-modules"


def _commands(text: str) -> list[tuple[str, list[str]]]:
    """Commands of a CMake file with their arguments, comments and quotes removed."""
    text = re.sub(r"#[^\n]*", "", text)
    found = re.findall(r"(\w+)\s*\(((?:[^()\"]|\"[^\"]*\")*)\)", text)
    return [(name.lower(), [a.strip('"') for a in re.findall(r'"[^"]*"|\S+', body)]) for name, body in found]


def _expand(value: str, variables: dict[str, list[str]]) -> list[str]:
    whole = re.fullmatch(r"\$\{(\w+)\}", value)
    if whole:
        return variables[whole[1]]
    return [re.sub(r"\$\{(\w+)\}", lambda match: ";".join(variables[match[1]]), value)]


def install(root: Path, target: Path) -> Path:
    """Lay the extension out below ``target``; returns the path of the module's file there."""
    variables = {"CMAKE_BINARY_DIR": [str(target)], "Slicer_QTSCRIPTEDMODULES_LIB_DIR": [MODULES]}
    subfolders = []
    for name, arguments in _commands((root / "CMakeLists.txt").read_text(encoding="utf-8")):
        if name == "project":
            variables[f"{arguments[0]}_SOURCE_DIR"] = [str(root)]
        elif name == "add_subdirectory":
            subfolders.append(root / arguments[0])
    [folder] = [
        f for f in subfolders if "slicerMacroBuildScriptedModule" in (f / "CMakeLists.txt").read_text("utf-8")
    ]
    return _build_module(folder, target, variables)


def _build_module(folder: Path, target: Path, variables: dict[str, list[str]]) -> Path:
    loop: tuple[str, list[str]] = ("", [""])
    module = None
    for name, arguments in _commands((folder / "CMakeLists.txt").read_text(encoding="utf-8")):
        if name == "set":
            variables[arguments[0]] = [v for a in arguments[1:] for v in _expand(a, variables)]
        elif name == "foreach":
            loop = (arguments[0], [v for listed in arguments[3:] for v in variables[listed]])
        elif name == "endforeach":
            loop = ("", [""])
        elif name == "configure_file":
            for value in loop[1]:
                source, copy = (Path(_expand(a, variables | {loop[0]: [value]})[0]) for a in arguments[:2])
                _copy(source, copy)
        elif name == "slicermacrobuildscriptedmodule":
            module = _scripts(arguments, folder, target, variables)
    if module is None:
        raise ValueError(f"{folder} builds no scripted module")
    return module


def _scripts(arguments: list[str], folder: Path, target: Path, variables: dict[str, list[str]]) -> Path:
    """The macro's copy of the SCRIPTS below the folder of scripted modules."""
    end = next(i for i, a in enumerate(arguments) if a in ("RESOURCES", "WITH_GENERIC_TESTS"))
    for argument in arguments[arguments.index("SCRIPTS") + 1 : end]:
        for script in _expand(argument, variables):
            _copy(folder / script, target / MODULES / script)
    return target / MODULES / (_expand(arguments[arguments.index("NAME") + 1], variables)[0] + ".py")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
