"""The methods that the benchmark compares. A new one, or an ablation of ours, is a new entry here."""

from dataclasses import MISSING, asdict, dataclass, fields, replace
from typing import Any

from HCCResponseLib.adapt.recipe import CHUN2026, MOON2026, QUICK, Recipe
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.track.identity.follow_up import KNOWN_FROM

_HALF = 0.5


@dataclass(frozen=True)
class Method:
    """One way to contour the known lesions of a follow-up.

    Attributes:
        name: as given on the command line.
        words: for the table.
        recipe: of the adaptation; ``None`` = the base network as it is.
        prior: give the registered baseline contour to the network.
        flips: contour the mirrored follow-up too, and average.
        line: by the reader's line at the follow-up, with the prompt network instead of the base network.
        second_look: ask the prompt network about places in which nothing was drawn and that are no healthy liver.
        tumour_from: probability from which a voxel belongs to the contour.
    """

    name: str
    words: str
    recipe: Recipe | None
    prior: bool
    flips: bool = False
    line: bool = False
    second_look: bool = False
    tumour_from: float = _HALF

    @property
    def prompts(self) -> bool:
        """Whether the prompt network takes part."""
        return self.line or self.second_look

    def as_dict(self) -> dict[str, Any]:
        """Plain values: what a stored result must have been made with to be taken again.

        Of the recipe only what differs from a recipe's defaults, so that a new switch, off by default, does not make
        older results void.
        """
        plain = asdict(self)
        for switch in ("flips", "line", "second_look"):
            if not plain[switch]:
                del plain[switch]
        if self.tumour_from == _HALF:
            del plain["tumour_from"]
        if self.recipe is not None:
            default = {f.name: f.default for f in fields(Recipe) if f.default is not MISSING}
            plain["recipe"] = {
                k: v for k, v in plain["recipe"].items() if k not in default or default[k] != v
            }
        return plain


OURS = Method("ours", "ours", QUICK, True, second_look=True, tumour_from=KNOWN_FROM)


def _ours(name: str, prior: bool = True, **changes: Any) -> Method:
    """Ours with another recipe."""
    return replace(OURS, name=name, words=name, prior=prior, recipe=replace(QUICK, **changes))


METHODS = {
    m.name: m
    for m in (
        Method("base", "base network alone", None, False),
        Method("line", "the reader's line at the follow-up, nothing adapted", None, False, line=True),
        Method("base-prior", "base network with registered prior", None, True),
        Method(
            "faithful",
            "IDOL as published, in bfloat16 as ours",
            replace(MOON2026, precision="bfloat16"),
            False,
        ),
        Method(
            "uncertain",
            "IDOL as published, stopped by the uncertainty of the follow-up",
            replace(CHUN2026, precision="bfloat16"),
            False,
        ),
        Method("faithful-float32", "IDOL as published, in single precision", MOON2026, False),
        OURS,
        replace(OURS, name="ours-flips", flips=True),
        replace(OURS, name="ours-one-look", words="ours without the second look", second_look=False),
        replace(OURS, name="ours-half", words="ours, contours from one half", tumour_from=_HALF),
        _ours("ours-no-prior", prior=False, use_prior=False),
        _ours("ours-no-treated", treated=0.0, gone=0.0),
        _ours("ours-more-treated", treated=0.6, gone=0.08, prior_error_mm=4.0),
        _ours("ours-no-deform", deform=False),
        _ours("ours-patch-48", patch=48, steps=80),
        _ours("ours-float32", precision="float32"),
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
