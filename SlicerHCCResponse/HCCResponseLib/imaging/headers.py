"""Headers of NRRD and MetaImage files, read before ITK reads them.

Where such a header does not say how large a voxel is, where the first one lies or how the axes run, ITK takes 1 mm,
zero and axial slices without a word, and a length would rest on a guess. Formats: teem's "Definition of the NRRD file
format" (sections 5 to 8), ITK's "MetaIO documentation".
"""

import math
import re
from pathlib import Path

from HCCResponseLib.base.errors import InputError

META = (".mha", ".mhd")
_LONGEST = 1 << 20
_SPACES = (
    "left-posterior-superior",
    "right-anterior-superior",
    "left-anterior-superior",
    "lps",
    "ras",
    "las",
)
_NRRD_BYTES = {
    "char": 1,
    "int8": 1,
    "short": 2,
    "int16": 2,
    "long long": 8,
    "int64": 8,
    "int": 4,
    "float": 4,
    "double": 8,
}
_META_BYTES = {"CHAR": 1, "SHORT": 2, "INT": 4, "LONG": 4, "LONG_LONG": 8, "FLOAT": 4, "DOUBLE": 8}
_YES, _NO = ("true", "t", "1"), ("false", "f", "0")
_SPACING = ("ElementSpacing", "ElementSize")
_ORIGIN = ("Offset", "Position", "Origin")
_AXES = ("TransformMatrix", "Orientation", "Rotation")
_BYTE_ORDER = ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")


def require_geometry(path: Path, what: str) -> None:
    """Make sure that the header of a NRRD or MetaImage file states the whole geometry.

    Args:
        what: what the file is called in messages, "image" or "contour".

    Raises:
        InputError: something is missing, is no number or is impossible; or the voxels are not as many as it says.
    """
    head, at = _header(path, what)
    if path.name.lower().endswith(META):
        _require_meta(path, what, head, at)
    else:
        _require_nrrd(path, what, head, at)


def _header(path: Path, what: str) -> tuple[str, int]:
    """The text of the header and where it ends."""
    with path.open("rb") as file:
        raw = file.read(_LONGEST)
    if path.name.lower().endswith(META):
        kind, found = "a MetaImage", re.search(rb"^ElementDataFile\s*=[^\n]+(\n|\Z)", raw, re.MULTILINE)
    else:
        kind, found = "an NRRD", re.match(rb"NRRD.*?(\n\r?\n|\Z)", raw, re.DOTALL)
    if found is None:
        raise InputError(
            f"The {what} '{path}' has no whole header of {kind} file; it is cut short, damaged or not what "
            "its name says."
        )
    return raw[: found.end()].decode("latin-1"), found.end()


def _require_nrrd(path: Path, what: str, head: str, at: int) -> None:
    lines = re.findall(r"^([a-z][a-z ]*): *(.*?)\s*$", head, re.MULTILINE | re.IGNORECASE)
    stated = {name.lower().replace(" ", ""): value for name, value in lines}
    for name in ("space", "space directions", "space origin"):
        if not stated.get(name.replace(" ", "")):
            raise _missing(path, what, name)
    if stated["space"].lower() not in _SPACES:
        raise InputError(
            f"The {what} '{path}' has its axes in the space '{stated['space']}', which is not that of a patient: "
            f"{', '.join(_SPACES[:3])}."
        )
    for name, count in (("space directions", 3), ("space origin", 1)):
        vectors = re.findall(r"\(([^)]*)\)", stated[name.replace(" ", "")])
        if len(vectors) != count:
            raise InputError(
                f"The {what} '{path}' has '{name}' for {len(vectors)} of {count} axes; its geometry is not known. "
                "Save it again with all of them."
            )
        for vector in vectors:
            _numbers(path, what, name, vector.replace(",", " "), 3)
    sizes = _numbers(path, what, "sizes", stated.get("sizes", ""), None)
    each = next((n for kind, n in _NRRD_BYTES.items() if kind in stated.get("type", "")), 0)
    plain = stated.get("encoding") == "raw" and not stated.keys() & {"byteskip", "lineskip", "datafile"}
    if plain:
        _require_voxels(path, what, "LOCAL", at, math.prod(int(n) for n in sizes) * each)


def _require_meta(path: Path, what: str, head: str, at: int) -> None:
    stated: dict[str, str] = dict(re.findall(r"^(\w+) *= *(.*?)\s*$", head, re.MULTILINE))
    for name in ("NDims", "DimSize", "ElementType"):
        if not stated.get(name):
            raise _missing(path, what, name)
    axes = int(_numbers(path, what, "NDims", stated["NDims"], 1)[0])
    size = _numbers(path, what, "DimSize", stated["DimSize"], axes)
    for names, count in ((_SPACING, axes), (_ORIGIN, axes), (_AXES, axes * axes)):
        name = next((name for name in names if stated.get(name)), "")
        if not name:
            raise _missing(path, what, names[0])
        values = _numbers(path, what, name, stated[name], count)
        if names is _SPACING and min(values) <= 0:
            raise InputError(f"The {what} '{path}' states a voxel of {stated[name]} mm ('{name}').")
    each = _META_BYTES.get(stated["ElementType"].removeprefix("MET_").removeprefix("U"), 0)
    if not each:
        raise InputError(f"The {what} '{path}' has voxels of the unknown kind '{stated['ElementType']}'.")
    if head.index("NDims") > head.index("DimSize"):
        raise InputError(f"The {what} '{path}' states 'NDims' after what depends on it; the file is damaged.")
    binary, packed = (_is_so(path, what, name, stated) for name in ("BinaryData", "CompressedData"))
    if binary and each > 1 and not any(stated.get(name) for name in _BYTE_ORDER):
        raise _missing(path, what, _BYTE_ORDER[0])
    asked = math.prod(int(n) for n in size) * (each if binary else 1)
    if packed:
        asked = int(_numbers(path, what, "CompressedDataSize", stated.get("CompressedDataSize", "0"), 1)[0])
    _require_voxels(path, what, stated["ElementDataFile"], at, asked, as_text=not (binary or packed))


def _is_so(path: Path, what: str, name: str, stated: dict[str, str]) -> bool:
    word = stated.get(name, "False")
    if word.lower() not in (*_YES, *_NO):
        raise InputError(f"The {what} '{path}' states '{name}' as '{word}', where True or False belongs.")
    return word.lower() in _YES


def _require_voxels(path: Path, what: str, where: str, at: int, asked: int, as_text: bool = False) -> None:
    """Count the bytes of the voxels, or their numbers where they are text; ``asked`` is 0 where only ITK can tell."""
    file, start = (path, at) if where.upper() == "LOCAL" else (path.parent / where, 0)
    if not file.is_file():
        raise InputError(
            f"The {what} '{path}' names the file '{where}' for its voxels, which is not beside it."
        )
    there = len(file.read_bytes()[start:].split()) if as_text else file.stat().st_size - start
    if asked and there != asked:
        unit = "voxels as text" if as_text else "bytes of voxels"
        raise InputError(
            f"The {what} '{path}' says that it has {asked} {unit} and has {there}; it is cut short or "
            "damaged. Copy it again."
        )


def _missing(path: Path, what: str, name: str) -> InputError:
    return InputError(
        f"The {what} '{path}' does not state '{name}', so that its geometry is not known. Save it again from the "
        "software that it came from, or name the DICOM series."
    )


def _numbers(path: Path, what: str, name: str, text: str, count: int | None) -> list[float]:
    try:
        values = [float(part) for part in text.split()]
    except ValueError:
        values = []
    if not values or len(values) != (count or len(values)) or not all(math.isfinite(v) for v in values):
        raise InputError(
            f"The {what} '{path}' states '{name}' as '{text}', where {count or ''} numbers belong."
        )
    return values
