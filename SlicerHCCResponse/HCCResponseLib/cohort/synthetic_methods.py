"""The methods that the benchmark compares. A new one, or an ablation of ours, is a new entry here."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from HCCResponseLib.adapt.recipe import MOON2026, QUICK, Recipe
from HCCResponseLib.errors import InputError


@dataclass(frozen=True)
class Method:
    """One way to contour the known lesions of a follow-up.

    Attributes:
        name: as given on the command line.
        words: for the table.
        recipe: of the adaptation; ``None`` = the base network as it is.
        prior: give the registered baseline contour to the network.
    """

    name: str
    words: str
    recipe: Recipe | None
    prior: bool

    def as_dict(self) -> dict[str, Any]:
        """Plain values: what a stored result must have been made with to be taken again.

        Of the recipe only what differs from a recipe's defaults, so that a new switch, off by default, does not make
        older results void.
        """
        plain = asdict(self)
        if self.recipe is not None:
            default = {f.name: f.default for f in fields(Recipe) if f.default is not MISSING}
            plain["recipe"] = {
                k: v for k, v in plain["recipe"].items() if k not in default or default[k] != v
            }
        return plain


METHODS = {
    m.name: m
    for m in (
        Method("base", "base network alone", None, False),
        Method("base-prior", "base network with registered prior", None, True),
        Method("faithful", "IDOL as published", MOON2026, False),
        Method("ours", "ours", QUICK, True),
    )
}


def methods_named(names: str) -> list[Method]:
    """Comma-separated names to methods. Raises ``InputError`` for an unknown one."""
    found = []
    for name in (n.strip() for n in names.split(",")):
        if name not in METHODS:
            raise InputError(f"There is no method '{name}'; known are {', '.join(METHODS)}.")
        found.append(METHODS[name])
    return found
