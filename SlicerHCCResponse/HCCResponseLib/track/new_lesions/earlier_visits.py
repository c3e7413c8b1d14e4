"""Several follow-ups: candidates keep name and history, and a lesion is looked for where it was last accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Proposal, Suggestion
from HCCResponseLib.track.identity.matching import KnownLesion, known_lesions, match
from HCCResponseLib.track.registration.register import Registration, Scan


@dataclass(frozen=True, eq=False)
class EarlierVisit:
    """A follow-up before this one.

    Attributes:
        time_point: its name; ``scan``: its image with liver and lesions.
        candidates: contour of each candidate there.
        said: what its reader said of each, in words; missing where nobody has decided.
        accepted: contour of each known lesion that a reader has accepted there.
    """

    time_point: str
    scan: Scan
    candidates: Mapping[str, Lesion] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, Lesion] = field(default_factory=dict)


def where_last_seen(
    known: Mapping[str, KnownLesion], visit: EarlierVisit, found: Registration, geometry: Geometry
) -> dict[str, KnownLesion]:
    """Known lesions at their places of an earlier follow-up, where that is no worse a guide than ``known``.

    Args:
        found: registration of the earlier follow-up to this one; ``geometry``: this one's grid.
    """
    mine = {name: contour for name, contour in visit.accepted.items() if name in known}
    carried = known_lesions(mine, visit.scan.image.geometry, geometry, found, visit.time_point)
    return {
        name: one
        for name, one in carried.items()
        if one.place and (one.trust.trustworthy or not known[name].trust.trustworthy)
    }


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
