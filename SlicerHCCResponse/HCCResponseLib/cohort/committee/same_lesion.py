"""Which lesions of two reads are the same: readers name their lesions independently, so their contours decide."""

from collections.abc import Mapping, Sequence

from HCCResponseLib.lesions.lesion import Lesion


def common_names(reads: Sequence[Mapping[str, Lesion | None]]) -> list[frozenset[str]]:
    """For each read its lesions under names that mean the same lesion in all of them.

    Two contours with a voxel in common are the same lesion, the largest overlaps first; a lesion without a contour is
    the one of the same name.

    Args:
        reads: for each read the contours of its lesions by name, on the same image.
    """
    known: dict[str, Lesion | None] = {}
    found = []
    for read in reads:
        names = _matched(known, read)
        for own in read:
            name = names.setdefault(own, _fresh(own, known))
            if known.get(name) is None:
                known[name] = read[own]
        found.append(frozenset(names.values()))
    return found


def _matched(known: Mapping[str, Lesion | None], read: Mapping[str, Lesion | None]) -> dict[str, str]:
    """Own name to known name, each used once."""
    shared = sorted(
        (
            (_overlap(contour, other), own, name)
            for own, contour in read.items()
            for name, other in known.items()
        ),
        key=lambda pair: (-pair[0], pair[1] != pair[2]),
    )
    names: dict[str, str] = {}
    for count, own, name in shared:
        no_contour = read[own] is None or known[name] is None
        same = count > 0 or (no_contour and own == name)
        if same and own not in names and name not in names.values():
            names[own] = name
    return names


def _overlap(first: Lesion | None, second: Lesion | None) -> int:
    if first is None or second is None or first.shape != second.shape:
        return 0
    return first.overlap(second)


def _fresh(name: str, known: Mapping[str, Lesion | None]) -> str:
    number = 2
    fresh = name
    while fresh in known:
        fresh, number = f"{name} ({number})", number + 1
    return fresh
