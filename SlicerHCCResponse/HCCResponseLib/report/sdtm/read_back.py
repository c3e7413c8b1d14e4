"""From SDTM records back to findings, so that the rules can be asked again and must answer the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from HCCResponseLib.report.sdtm import terms
from HCCResponseLib.report.sdtm.domains import DOMAINS
from HCCResponseLib.report.tables.files import read_table
from HCCResponseLib.report.tables.rules import Sheet
from HCCResponseLib.report.tables.spec import TextRow
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionState,
    NewLesionStatus,
    Response,
    TimePointFindings,
    VersusLast,
)
from HCCResponseLib.review.read.outcome import ReadOutcome, outcome

ReadKey = tuple[str, str]
"""USUBJID and --EVALID."""
Places = Mapping[tuple[str, str], TextRow]
"""Records of TU by USUBJID and TULNKID."""
Qualifiers = Mapping[tuple[str, str, str, str], str]
"""QVAL by RDOMAIN, USUBJID, IDVARVAL and QNAM."""
_ROLE = {word: role for role, word in terms.ROLES.items()}
_NOT_ASSESSED = {word: state for state, word in terms.NOT_ASSESSED.items()}


@dataclass(frozen=True)
class WrittenRead:
    """One read as SDTM holds it.

    Attributes:
        findings: of every time point, the baseline first.
        cr_then_lesser: the reader's own answer where a CR was followed by less; None leaves it to the profile.
    """

    findings: tuple[TimePointFindings, ...]
    cr_then_lesser: str | None

    def outcome(self, profile: Profile, reference: date | None = None) -> ReadOutcome:
        """Ask the rules again, see :func:`HCCResponseLib.review.read.outcome.outcome`."""
        if self.cr_then_lesser is not None:
            answer = {"cr_then_lesser": self.cr_then_lesser}
            profile = profile.with_overrides(answer, "answered by the reader")
        return outcome(self.findings, profile, reference)


def read_sdtm(folder: Path, form: str = "csv") -> dict[ReadKey, WrittenRead]:
    """Findings of every read in a folder of written domains.

    Args:
        form: ``csv``, ``json`` or ``xpt``.

    Raises:
        InputError: a file is missing or damaged.
    """
    sheets = read_domains(folder, form)
    qualifiers = [row for name in ("SUPPTR", "SUPPRS") if name in sheets for row in sheets[name].rows]
    return _findings(sheets["TU"].rows, sheets["TR"].rows, sheets["RS"].rows, qualifiers)


def read_domains(folder: Path, form: str = "csv") -> dict[str, Sheet]:
    """The domains of a folder, as they were written.

    Raises:
        InputError: TU, TR or RS is missing, or a file is damaged.
    """
    paths = {name: Path(folder) / f"{name.lower()}.{form}" for name in DOMAINS}
    there = {n: p for n, p in paths.items() if n in ("TU", "TR", "RS") or p.exists()}
    return {name: Sheet.of(DOMAINS[name], read_table(path)) for name, path in there.items()}


def _findings(
    tu: Sequence[TextRow], tr: Sequence[TextRow], rs: Sequence[TextRow], qualifiers: Sequence[TextRow]
) -> dict[ReadKey, WrittenRead]:
    """Findings of every read, in order of subjects and evaluators."""
    extra = {(q["RDOMAIN"], q["USUBJID"], q["IDVARVAL"], q["QNAM"]): q["QVAL"] for q in qualifiers}
    places = {(r["USUBJID"], r["TULNKID"]): r for r in tu}
    reads: dict[ReadKey, dict[Decimal, _Visit]] = {}
    for domain, rows in (("RS", rs), ("TR", tr)):
        for row in rows:
            if row["VISITNUM"]:
                visits = reads.setdefault((row["USUBJID"], row[f"{domain}EVALID"]), {})
                when = date.fromisoformat(row[f"{domain}DTC"])
                visit = visits.setdefault(Decimal(row["VISITNUM"]), _Visit(row["VISIT"].lower(), when))
                visit.rows[domain].append(row)
    answers = {
        (row["USUBJID"], row["RSEVALID"]): extra.get(("RS", row["USUBJID"], row["RSSEQ"], "CRLESSER"))
        for row in rs
        if row["RSTESTCD"] == "BESTRESP"
    }
    return {
        key: WrittenRead(
            tuple(_time_point(visits[number], places, extra) for number in sorted(visits)), answers.get(key)
        )
        for key, visits in reads.items()
    }


@dataclass
class _Visit:
    """One time point of one read with its records by domain."""

    name: str
    date: date
    rows: dict[str, list[TextRow]] = field(default_factory=lambda: {"TR": [], "RS": []})


def _time_point(visit: _Visit, places: Places, extra: Qualifiers) -> TimePointFindings:
    coded = {row["RSTESTCD"]: row for row in visit.rows["RS"]}
    non_target, progress, overall = (coded.get(test) for test in ("NTRGRESP", "NEWLPROG", "OVRLRESP"))
    own = non_target is not None and non_target["RSORRES"] and not non_target["RSDRVFL"]
    key = ("RS", overall["USUBJID"], overall["RSSEQ"]) if overall else ("RS", "", "")
    versus, markers = extra.get((*key, "NTVSLAST")), extra.get((*key, "MARKNORM"))
    lesions: dict[str, dict[str, TextRow]] = {}
    for row in visit.rows["TR"]:
        if row["TRLNKID"]:
            lesions.setdefault(row["TRLNKID"], {})[row["TRTESTCD"]] = row
    return TimePointFindings(
        visit.name,
        visit.date,
        tuple(_lesion(link, tests, places, extra) for link, tests in lesions.items()),
        Response(non_target["RSORRES"]) if own and non_target else None,
        NewLesionStatus(progress["RSORRES"].lower()) if progress else NewLesionStatus.NO,
        VersusLast(versus) if versus else None,
        None if markers is None else markers == "Y",
    )


def _lesion(link: str, tests: Mapping[str, TextRow], places: Places, extra: Qualifiers) -> LesionFinding:
    place = places[next(iter(tests.values()))["USUBJID"], link]
    organ, nodal = terms.organ_of(place["TULOC"])
    state, value = _state(tests)
    prefix, names = link.split("-", 1)
    marks = (extra.get(("TR", r["USUBJID"], r["TRSEQ"], "VSLAST")) for r in tests.values())
    versus = next((mark for mark in marks if mark), None)
    viable, measurable = (_flag(name, tests, extra) for name in ("VIABLE", "MEASBL"))
    return LesionFinding(
        lesion_id=link,
        organ=organ,
        nodal=nodal,
        role=_ROLE[place["TUSTRESC"]],
        state=state,
        long_mm=None if nodal else value,
        short_mm=value if nodal else None,
        parent=link.rsplit(".", 1)[0] if place["TUTESTCD"] == "TUSPLIT" else None,
        members=tuple(f"{prefix}-{m}" for m in names.split("/")) if place["TUTESTCD"] == "TUMERGE" else (),
        versus_last=VersusLast(versus) if versus else None,
        viable=viable,
        measurable=measurable,
    )


def _flag(name: str, tests: Mapping[str, TextRow], extra: Qualifiers) -> bool | None:
    """A supplemental Y or N of a lesion's records; ``None`` where none has it."""
    said = (extra.get(("TR", row["USUBJID"], row["TRSEQ"], name)) for row in tests.values())
    word = next((one for one in said if one), None)
    return None if word is None else word == "Y"


def _state(tests: Mapping[str, TextRow]) -> tuple[LesionState, Decimal | None]:
    """State of a lesion and its length, mm, from its records at one time point."""
    length = next((tests[t] for t in terms.LENGTHS if t in tests), None)
    judged = next((tests[t] for t in terms.STATES if t in tests), None)
    first = length or judged
    assert first is not None
    if first["TRSTAT"] == terms.NOT_DONE:
        return _NOT_ASSESSED.get(first["TRREASND"], LesionState.MEASURED), None
    if judged is not None and judged["TRORRES"] == terms.ABSENT:
        return LesionState.DISAPPEARED, None
    if length is None:
        return LesionState.MEASURED, None
    if length["TRORRES"] == terms.TOO_SMALL:
        return LesionState.TOO_SMALL, None
    value = Decimal(length["TRORRES"])
    return (LesionState.DISAPPEARED, None) if value == 0 else (LesionState.MEASURED, value)
