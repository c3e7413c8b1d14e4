"""Convolution kernels by their makers' names: sharp ones, for bone and lung, and the others, for soft tissue."""

import re

# Siemens: B60f, I70f, Br64, Hr59, Bl57 (the number is the sharpness); Canon: FC30 to FC35 and from FC50 on.
_NUMBERED = re.compile(r"^[abhduqti][a-z]?(\d\d)")
_CANON = re.compile(r"^fc(\d+)")
_SHARP_WORDS = {"bone", "boneplus", "lung", "edge", "ultra", "detail", "d", "e", "l", "yc", "yd", "ye", "f"}
_SHARP_IN_DESCRIPTION = re.compile(r"\b(lung\w*|bone\w*|knochen\w*|os|poumon|sharp|hr|hrct)\b")


def is_sharp(kernel: str, description: str = "") -> bool:
    """Whether a reconstruction is for bone or lung: its noise makes soft tissue hard to outline."""
    plain = kernel.strip().lower()
    siemens, canon = _NUMBERED.match(plain), _CANON.match(plain)
    if siemens:
        return int(siemens.group(1)) >= 50
    if canon:
        return 30 <= int(canon.group(1)) <= 35 or int(canon.group(1)) >= 50
    return plain in _SHARP_WORDS or bool(_SHARP_IN_DESCRIPTION.search(description.lower().replace("_", " ")))
