"""From the label values of another program to ours: 1 liver, 2 tumour, 3 vessel."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.engines.contract import LIVER, TUMOUR, VESSEL

_WORDS = {
    TUMOUR: re.compile(r"tumou?r|lesion|cancer|carcinoma|hcc|metast|neoplasm"),
    VESSEL: re.compile(r"vessel|vein|portal|artery"),
    LIVER: re.compile(r"liver|hepat"),
}
Values = dict[int, tuple[int, ...]]


def numbers(text: str, name: str) -> tuple[int, ...]:
    """``"1,3"`` to (1, 3). Raises ``InputError``."""
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError as problem:
        raise InputError(
            f"Parameter '{name}' is a list of whole numbers such as 1,3, not {text!r}."
        ) from problem


def chosen(settings: Mapping[str, Any]) -> Values:
    """The values that the parameters ``liver``, ``tumour`` and ``vessels`` name."""
    names = {LIVER: "liver", TUMOUR: "tumour", VESSEL: "vessels"}
    return {ours: numbers(settings.get(name, ""), name) for ours, name in names.items()}


def by_name(names: Mapping[str, int]) -> Values:
    """The values that mean liver, tumour, vessel, by the words in their names; tumour goes before liver."""
    found: Values = {LIVER: (), TUMOUR: (), VESSEL: ()}
    for name, value in names.items():
        for ours, words in _WORDS.items():
            if value and words.search(name.lower()):
                found[ours] = (*found[ours], value)
                break
    return found


def settled(settings: Mapping[str, Any], names: Mapping[str, int], where: str) -> Values:
    """What the parameters say, else what the names say.

    Raises:
        InputError: neither names liver, tumour or vessel.
    """
    said = chosen(settings)
    values = said if any(said.values()) else by_name(names)
    if not any(values.values()):
        raise InputError(
            f"None of the classes of '{where}' is known as liver, tumour or vessel ({', '.join(names) or 'no names'}). "
            "Name them with the parameters liver, tumour, vessels."
        )
    return values


def relabel(labels: npt.NDArray[np.generic], values: Values) -> npt.NDArray[np.uint8]:
    """Our label map (z, y, x) from another one; what is not named becomes 0."""
    out = np.zeros(labels.shape, np.uint8)
    for ours in (LIVER, VESSEL, TUMOUR):
        out[np.isin(labels, values.get(ours, ()))] = ours
    return out
