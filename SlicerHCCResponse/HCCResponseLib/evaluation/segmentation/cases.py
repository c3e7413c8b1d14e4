"""The list of scans with reference masks, and what one of them holds."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from HCCResponseLib.base.arrays import Mask
from HCCResponseLib.base.csv_files import read_csv_rows
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.base.files import is_there
from HCCResponseLib.imaging.masks import mask_file, read_mask
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.track.identity.components import components

_NEEDED, _REFERENCES = ("name", "patient", "image"), ("liver", "lesions")
_WHAT = "List of scans"
# It becomes the name of files, on every system.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}")


@dataclass(frozen=True, eq=False)
class Reference:
    """A scan with what is true of it.

    Attributes:
        liver: with the lesions in it, bool (z, y, x); ``None`` where no liver was drawn.
        lesions: 18-connected parts of the reference, largest first; ``None`` where lesions were not drawn, none where
            the scan is known to have none.
    """

    image: Volume
    liver: Mask | None
    lesions: tuple[Lesion, ...] | None

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the masks, by which a mask that was drawn anew is noticed."""
        digest = hashlib.sha256()
        digest.update(b"no liver" if self.liver is None else np.packbits(self.liver).tobytes())
        for one in self.lesions or ():
            digest.update(f"{one.start} {one.voxels.shape}".encode() + np.packbits(one.voxels).tobytes())
        digest.update(f"{self.lesions is None}".encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class ReferenceCase:
    """One line of the list; ``liver`` and ``lesions`` as :func:`.read_mask` takes them, or empty."""

    name: str
    patient: str
    image: Path
    liver: str
    lesions: str
    folder: Path

    def read(self) -> Reference:
        """The scan and its masks.

        Raises:
            InputError: a file cannot be read, or a mask of the liver has no voxel.
            GeometryError: a mask lies on another grid than the image.
        """
        image = read_volume(self.image)
        liver = read_mask(self.folder, self.liver, image, self.name) if self.liver else None
        if not self.lesions:
            return Reference(image, liver, None)
        drawn = read_mask(self.folder, self.lesions, image, self.name, empty=True)
        return Reference(image, None if liver is None else liver | drawn, tuple(components(drawn)))


def read_cases(path: Path) -> list[ReferenceCase]:
    """The scans of a CSV file; files are named from its folder.

    The columns are ``name``, ``patient``, ``image``, ``liver``, ``lesions``; one of the last two may be left out where
    no line uses it.

    Raises:
        InputError: another or a missing column, no scan, an empty or doubled name, a scan without any reference, a file
            that is not there; the message names it.
    """
    columns, rows = read_csv_rows(path, _WHAT)
    _require_columns(path, columns)
    if not rows:
        raise InputError(f"{_WHAT} '{path}' names no scan; it needs one line for each.")
    cases, names = [], set[str]()
    for number, row in enumerate(rows, start=2):
        case = _case(path, number, {key: value.strip() for key, value in row.items()})
        if case.name.casefold() in names:
            raise InputError(f"{_WHAT} '{path}': two scans are called '{case.name}'; give each its own name.")
        names.add(case.name.casefold())
        cases.append(case)
    return cases


def _require_columns(path: Path, columns: tuple[str, ...]) -> None:
    known = (*_NEEDED, *_REFERENCES)
    strange = [c for c in columns if c not in known]
    if strange:
        raise InputError(
            f"{_WHAT} '{path}' has the unknown column '{strange[0]}'; known are {', '.join(known)}."
        )
    twice = [c for c in known if columns.count(c) > 1]
    if twice:
        raise InputError(f"{_WHAT} '{path}' has the column '{twice[0]}' twice.")
    missing = [c for c in _NEEDED if c not in columns]
    if missing:
        raise InputError(
            f"{_WHAT} '{path}' lacks the column '{missing[0]}'; needed are {', '.join(_NEEDED)}, and liver or lesions."
        )
    if not set(columns) & set(_REFERENCES):
        raise InputError(
            f"{_WHAT} '{path}' has neither a column 'liver' nor 'lesions': there is nothing to compare with."
        )


def _case(path: Path, number: int, row: dict[str, str]) -> ReferenceCase:
    where = f"{_WHAT} '{path}', line {number}"
    for column in _NEEDED:
        if not row[column]:
            raise InputError(f"{where}: '{column}' is empty.")
    if not _NAME.fullmatch(row["name"]):
        raise InputError(
            f"{where}: the name '{row['name'][:80]}' becomes the name of files: letters without accents, digits, "
            "blanks, '.', '_' and '-', at most 80."
        )
    folder = path.resolve().parent
    liver, lesions = (row.get(column, "") for column in _REFERENCES)
    if not liver and not lesions:
        raise InputError(
            f"{where}: scan '{row['name']}' has no reference; name a mask of its liver, of its lesions, or both."
        )
    files = [folder / row["image"], *(mask_file(folder, named) for named in (liver, lesions) if named)]
    for file in files:
        if not is_there(file):
            raise InputError(f"{where}: '{file}' does not exist.")
    return ReferenceCase(row["name"], row["patient"], files[0], liver, lesions, folder)
