"""A profile to begin with: every field of another one with what it means, its value and its source, as comments."""

import ast
import inspect
import json
from decimal import Decimal
from pathlib import Path

from HCCResponseLib.base.errors import ProfileError
from HCCResponseLib.base.files import write_text
from HCCResponseLib.response.profiles import fields
from HCCResponseLib.response.profiles.load import Profile, is_shipped, load_profile

_HEAD = """# A profile of your own. Every field that begins with # has the value of {parent}.
# To change one: take the # away before it, write your value, and say in 'source' where it comes from
# (protocol or charter with section). Where the two disagree:
#   field: {{protocol: {{value: 1, source: "..."}}, charter: {{value: 2, source: "..."}},
#           decided: {{value: 2, by: "name", reason: "..."}}}}
name: {name}
title: {title}
extends: {parent}
fields:
"""


def annotated(name: str, parent: str) -> str:
    """The text of a profile file that takes over everything from another one.

    Raises:
        ProfileError: there is no such other one, or the name is taken by a shipped one or cannot be one.
    """
    if is_shipped(name):
        raise ProfileError(f"'{name}' is a profile of this software; choose another name.")
    base = load_profile(parent)
    values = base.model_dump()
    title = json.dumps(f"{base.title}, {name}", ensure_ascii=False)
    lines = [_HEAD.format(name=json.dumps(name), title=title, parent=json.dumps(parent))]
    for words, group in _groups():
        lines.append(f"  # ---- {words}")
        for field, meaning in group:
            entry = f"{{value: {_yaml(values[field])}, source: {_yaml(base.source_of(field))}}}"
            lines += [f"  # {meaning}", f"  # {field}: {entry}", "  #"]
    return "".join([lines[0], *(f"{line}\n" for line in lines[1:])])


def write_annotated(path: Path, name: str, parent: str) -> Profile:
    """Write :func:`annotated` to a file and read it back.

    Raises:
        ProfileError: as there, or the file is there already.
    """
    text = annotated(name, parent)
    if path.exists():
        raise ProfileError(f"'{path}' is there already and stays as it is; choose another name or folder.")
    write_text(path, text)
    return load_profile(path)


def meanings() -> dict[str, str]:
    """What every field means, in one line."""
    return {field: meaning for _, group in _groups() for field, meaning in group}


def _groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """The groups of fields in words, each with its fields and the line that stands below each in the schema."""
    found = []
    for node in ast.parse(inspect.getsource(fields)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        group = [
            (named.target.id, str(said.value.value))
            for named, said in zip(node.body, node.body[1:], strict=False)
            if isinstance(named, ast.AnnAssign)
            and isinstance(named.target, ast.Name)
            and isinstance(said, ast.Expr)
            and isinstance(said.value, ast.Constant)
        ]
        if group:
            words = (ast.get_docstring(node) or node.name).splitlines()[0]
            found.append((words, group))
    return found


def _yaml(value: object) -> str:
    """JSON, which is YAML; exact decimals are written as numbers."""
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
