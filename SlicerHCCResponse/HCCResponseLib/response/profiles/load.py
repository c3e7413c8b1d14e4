"""The profile: a criterion plus charter parameters, each with its source.

A profile is a YAML file in ``Resources/Profiles`` or anywhere else. ``extends`` names another profile whose
fields are taken over; ``fields`` holds ``{value, source}`` for each field. Where protocol and charter
disagree, both are kept as ``{protocol: {value, source}, charter: {value, source}}`` and the profile cannot
be used until a named person adds ``decided: {value, by, reason}``.

The schema itself is :class:`ProfileFields` in :mod:`HCCResponseLib.response.profiles.fields`.
"""

import difflib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from HCCResponseLib.base.errors import ProfileError
from HCCResponseLib.base.extensions import own_folder
from HCCResponseLib.base.files import unread
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.base.text import in_one_line
from HCCResponseLib.base.yaml_files import yaml_fault
from HCCResponseLib.response.profiles.fields import ProfileFields
from HCCResponseLib.response.quantities import VIABLE, quantity_named

#: Fields that came after profiles were first kept with reads, each with the value under which those reads were read. A
#: profile with this value has the hash that it had without the field.
LATER: dict[str, Any] = {"reason_for_change": "never"}
OVERRIDE_SOURCE = "override given with the case"
_NAME = re.compile(r"[\w.-]{1,64}")
_TOP_LEVEL = frozenset({"name", "title", "extends", "fields"})


class Profile(ProfileFields):
    """A complete, checked profile.

    Attributes:
        name: short name, e.g. ``recist-1.1``.
        title: name as shown to the reader.
        sources: for every field, where its value comes from.
    """

    name: str
    title: str
    sources: dict[str, str]

    @property
    def needs_viable(self) -> bool:
        """Whether the criterion takes its sizes from the viable (arterially enhancing) part of a tumour."""
        return self.quantity.startswith(VIABLE)

    @property
    def unit(self) -> str:
        """Unit of its sums: mm, mm² for products, mm³ for volumes."""
        return quantity_named(self.quantity).unit

    @property
    def sum_title(self) -> str:
        """What its sums are called, such as "Sum of diameters"."""
        return quantity_named(self.quantity).sum_title

    def source_of(self, field: str) -> str:
        """Where the value of ``field`` comes from (paper, section; protocol or charter section)."""
        return self.sources[field]

    def with_overrides(self, overrides: Mapping[str, Any], source: str = OVERRIDE_SOURCE) -> "Profile":
        """A copy with some fields replaced, checked like the whole.

        Raises:
            ProfileError: an unknown field, an impossible value or a conflict; the message names the field.
        """
        if not overrides:
            return self
        _refuse_unknown(overrides, f"profile '{self.name}'")
        values = {**self.model_dump(), **overrides}
        values["sources"] = {**self.sources, **dict.fromkeys(overrides, source)}
        return _checked(values, self.name)


def load_profile(name_or_path: str | Path, overrides: Mapping[str, Any] | None = None) -> Profile:
    """Load a profile by name (``recist-1.1``, ``mrecist``, ...) or from a YAML file.

    Args:
        name_or_path: name of a shipped profile or of one in the user's own folder, or a path that ends in ``.yaml`` or
            ``.yml``. A shipped name always means the shipped one.
        overrides: values by field name, which win over the file.

    Raises:
        ProfileError: no such profile, malformed YAML, an unknown field, an impossible value, or an
            undecided conflict between protocol and charter; the message names the field.
    """
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"}:
        profile = _build(_read_document(path), path.parent)
    elif is_shipped(str(name_or_path)):
        profile = _shipped(str(name_or_path))
    else:
        path = _path_of(name_or_path)
        profile = _build(_read_document(path), path.parent)
    return profile.with_overrides(overrides or {})


@lru_cache(maxsize=32)
def _shipped(name: str) -> Profile:
    return _build(_read_document(_path_of(name)), None)


def is_shipped(name: str) -> bool:
    """Whether this software has a profile of this name."""
    return (resource_path("Profiles") / f"{_named(name)}.yaml").is_file()


def profile_files() -> dict[str, Path]:
    """Every profile that can be named, with its file: the shipped ones, then the user's own."""
    folders = (resource_path("Profiles"), own_folder("profiles"))
    files = [file for folder in folders for file in sorted(folder.glob("*.yaml"))]
    return {file.stem: file for file in reversed(files)}


def _path_of(name: object) -> Path:
    known = profile_files()
    if _named(name) not in known:
        listed = ", ".join(sorted(known))
        raise ProfileError(
            f"There is no profile named '{name}'. Known: {listed}. One of your own: hcc-response profiles new '{name}'"
        )
    return known[_named(name)]


def _named(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ProfileError(
            f"'{str(name)[:80]}' is not the name of a profile: it may hold letters, digits, '.', '_' and '-', "
            "without blanks, at most 64 of them."
        )
    return name


def _read_document(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(unread(f"Profile '{path}'", error)) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProfileError(f"Profile '{path}' is not valid YAML: {yaml_fault(error)}.") from error
    if isinstance(document, dict) and "extends" in document and document.get("fields") is None:
        document["fields"] = {}  # an annotated one in which nothing has been changed yet
    if not isinstance(document, dict) or not isinstance(document.get("fields"), dict):
        raise ProfileError(f"Profile '{path}' needs a mapping with 'name', 'title' and 'fields'.")
    unknown = sorted(set(document) - _TOP_LEVEL, key=str)
    if unknown:
        raise ProfileError(f"Profile '{path}' has the unknown entry '{unknown[0]}'.")
    return document


def _build(document: dict[str, Any], folder: Path | None, seen: tuple[str, ...] = ()) -> Profile:
    name = str(document.get("name", ""))
    values, sources = _inherited(document, folder, (*seen, name))
    _refuse_unknown(document["fields"], f"profile '{name}'")
    for field, entry in document["fields"].items():
        values[field], sources[field] = _resolve(field, entry, name)
    return _checked(
        {**values, "name": name, "title": str(document.get("title", name)), "sources": sources}, name
    )


def _inherited(
    document: dict[str, Any], folder: Path | None, seen: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, str]]:
    parent = document.get("extends")
    if parent is None:
        return {}, {}
    if parent in seen:
        raise ProfileError(f"Profile '{seen[0]}' extends itself through '{parent}'.")
    parent = _named(parent)
    beside = folder / f"{parent}.yaml" if folder is not None else None
    path = beside if beside is not None and beside.exists() else _path_of(parent)
    base = _build(_read_document(path), path.parent if path is beside else None, seen)
    values = base.model_dump(exclude={"name", "title", "sources"})
    return values, dict(base.sources)


def _resolve(field: str, entry: object, profile: str) -> tuple[Any, str]:
    """Value and source of one field; protocol against charter is never resolved silently."""
    if not isinstance(entry, dict):
        raise ProfileError(f"Profile '{profile}': field '{field}' needs 'value' and 'source'.")
    if "decided" in entry:
        decided = entry["decided"]
        if not isinstance(decided, dict) or not {"value", "by", "reason"} <= set(decided):
            raise ProfileError(
                f"Profile '{profile}': field '{field}': 'decided' needs 'value', 'by' and 'reason'."
            )
        return decided["value"], f"decided by {decided['by']}: {decided['reason']}"
    if "protocol" in entry or "charter" in entry:
        return _agreed(field, entry, profile)
    unknown = sorted(set(entry) - {"value", "source"}, key=str)
    if unknown:
        raise ProfileError(f"Profile '{profile}': field '{field}' has the unknown entry '{unknown[0]}'.")
    return _sourced(entry, f"Profile '{profile}': field '{field}'")


def _sourced(entry: object, where: str) -> tuple[Any, str]:
    """Value and source of an entry that must have both."""
    if not isinstance(entry, dict) or not {"value", "source"} <= set(entry):
        raise ProfileError(f"{where} needs 'value' and 'source'.")
    source = "" if entry["source"] is None else str(entry["source"])
    if not source.strip():
        raise ProfileError(f"{where}: 'source' is empty; say where the value comes from (document, section).")
    return entry["value"], source


def _agreed(field: str, entry: dict[str, Any], profile: str) -> tuple[Any, str]:
    given: list[tuple[Any, str]] = []
    for document in ("protocol", "charter"):
        part = entry.get(document)
        if part is None:
            continue
        given.append(_sourced(part, f"Profile '{profile}': field '{field}': '{document}'"))
    if not given:
        raise ProfileError(
            f"Profile '{profile}': field '{field}' has neither a protocol nor a charter value."
        )
    if any(value != given[0][0] for value, _ in given):
        both = " against ".join(f"{value!r} ({source})" for value, source in given)
        raise ProfileError(
            f"Profile '{profile}': conflict in field '{field}': {both}. "
            "A named person must add 'decided' with 'value', 'by' and 'reason'."
        )
    return given[0][0], "; ".join(source for _, source in given)


def _refuse_unknown(fields: Mapping[str, Any], where: str) -> None:
    for field in fields:
        if field not in ProfileFields.model_fields:
            near = difflib.get_close_matches(str(field), ProfileFields.model_fields, 1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise ProfileError(f"Unknown field '{field}' in {where}.{hint}")


def _checked(values: dict[str, Any], name: str) -> Profile:
    try:
        return Profile.model_validate(values)
    except ValidationError as error:
        raise ProfileError(f"Profile '{name}': {in_one_line(error, 'conflict')}") from error
