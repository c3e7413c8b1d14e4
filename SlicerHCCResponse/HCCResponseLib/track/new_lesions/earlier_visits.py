"""Candidates over several follow-ups: what an earlier follow-up has shown keeps its name and its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Proposal, Suggestion
from HCCResponseLib.track.identity.matching import known_lesions, match
from HCCResponseLib.track.registration.register import Registration, Scan


@dataclass(frozen=True, eq=False)
class EarlierVisit:
    """A follow-up before this one.

    Attributes:
        time_point: its name; ``scan``: its image with liver and lesions.
        candidates: contour of each candidate there.
        said: what its reader said of each, in words; missing where nobody has decided.
    """

    time_point: str
    scan: Scan
    candidates: Mapping[str, Lesion]
    said: Mapping[str, str]


def name_again(
    shown: Sequence[Proposal], visit: EarlierVisit, found: Registration, geometry: Geometry
) -> tuple[Proposal, ...]:
    """Candidates of a follow-up, those that the earlier one has shown under their old names.

    Args:
        found: registration of the earlier follow-up to this one; ``geometry``: this one's grid.
    """
    source = visit.scan.image.geometry
    known = known_lesions(visit.candidates, source, geometry, found, visit.time_point)
    parts = [row.contour for row in shown if row.contour is not None]
    links = match(shown[0].time_point, known, parts, geometry)
    old = {link.parts[0] - 1: link for link in links.links if link.name and link.parts}
    taken = {str(link.name) for link in old.values()} | set(visit.candidates)
    out = []
    for index, row in enumerate(shown):
        link = old.get(index)
        if link is None or link.name is None:
            name = (
                row.name
                if row.name not in taken
                else next(free for n in count(1) if (free := f"C{n}") not in taken)
            )
            taken.add(name)
            out.append(replace(row, name=name))
            continue
        said = visit.said.get(link.name)
        evidence = {**row.evidence, "first_seen": row.evidence.get("first_seen") or visit.time_point}
        if said:
            evidence["decided_before"] = f"{visit.time_point}: {said}"
        dismissed = said is not None and said.startswith("dismiss")
        suggestion = Suggestion.EQUIVOCAL if dismissed else row.suggestion
        out.append(replace(row, name=link.name, evidence=evidence, suggestion=suggestion))
    return tuple(out)
