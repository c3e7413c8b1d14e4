"""A tool that works on one lesion changes no other: what it would take from a neighbour stays with the neighbour."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from HCCResponseLib.lesions.lesion import Lesion

_EDITOR = "vtkMRMLSegmentEditorNode"


def protected(
    before: Mapping[str, Lesion], now: Mapping[str, Lesion], tools_on: frozenset[str] = frozenset()
) -> dict[str, Lesion]:
    """Contours that changed in one turn, each with the voxels that another one has taken from it.

    Masking "Overwrite all" of the Segment Editor, its default, takes a voxel from every other segment when it is
    given to one. Nobody looked at the other lesion, so its contour stays; where both are, they overlap.

    Args:
        before: contours of all segments of one scan before the change; one that is new is left out.
        now: contours of all segments after it.
        tools_on: segments that an effect of an editor works on. They take also what they held before.

    Returns:
        the segments that changed, by name; one that lost nothing but what was taken is again that of ``before``.
    """
    changed = {name: contour for name, contour in now.items() if contour != before.get(name)}
    return {
        name: _given_back(name, before, now, tools_on, changed.keys()) if name in before else contour
        for name, contour in changed.items()
    }


def _given_back(
    name: str,
    before: Mapping[str, Lesion],
    now: Mapping[str, Lesion],
    tools_on: frozenset[str],
    changed: Set[str],
) -> Lesion:
    contour = now[name]
    for other, held in now.items():
        if other != name and (other in tools_on or other in changed):
            # A tool takes also what both held before; without one only what changed hands is known to be taken.
            by_tool = other in tools_on and name not in tools_on
            got = held if by_tool or other not in before else held - before[other]
            contour |= before[name] & got
    return contour


def under_tools(scene: Any, segmentation_node: Any) -> frozenset[str]:
    """Segments of a segmentation that an effect of a Segment Editor works on; any module may have an editor."""
    editors = (scene.GetNthNodeByClass(n, _EDITOR) for n in range(scene.GetNumberOfNodesByClass(_EDITOR)))
    return frozenset(
        str(e.GetSelectedSegmentID())
        for e in editors
        if e.GetSegmentationNode() is segmentation_node
        and e.GetActiveEffectName()
        and e.GetSelectedSegmentID()
    )


def let_overlap(editor_node: Any) -> None:
    """Let the Segment Editor's tools draw over other segments without taking from them; its default takes."""
    editor_node.SetOverwriteMode(editor_node.OverwriteNone)


def overlaps(contour: Lesion, others: Mapping[str, Lesion | None]) -> dict[str, int]:
    """Number of voxels that a contour has in common with others, for those that it touches."""
    common = {name: (contour & other).count for name, other in others.items() if other}
    return {name: count for name, count in common.items() if count}
