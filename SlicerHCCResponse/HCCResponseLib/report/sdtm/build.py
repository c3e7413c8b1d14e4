"""From the reads of a committee to the records of TU, TR and RS.

One set of records for each reader of each subject; the accepted read carries --ACPTFL = Y. Re-reads for intra-reader
agreement are not part of the trial's data and are left out. A read that is not signed or not reviewed is no assessor's:
--EVAL of each of its records says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cohort.committee.reads import ADJUDICATOR, Committee, CommitteeRead
from HCCResponseLib.report.sdtm import terms
from HCCResponseLib.report.sdtm.domains import QUALIFIERS, RELREC, RS, SUPPRS, SUPPTR, SUPPTU, TR, TU
from HCCResponseLib.report.sdtm.lesions import LinkBook, MeasuredResult, results
from HCCResponseLib.report.tables.spec import Cell, FilledTable, Row
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    NewLesionStatus,
    Response,
    TimePointEvaluation,
    TimePointFindings,
)


def build(
    committee: Committee, study: str, references: Mapping[str, date] | None = None
) -> list[FilledTable]:
    """All domains of a committee.

    Args:
        study: STUDYID; USUBJID is ``study-subject``.
        references: RFSTDTC by subject, for the study days; subjects without one have none.

    Raises:
        InputError: the criterion does not rest on diameters.
    """
    if committee.profile.criterion not in terms.CRITERIA:
        raise InputError(
            f"SDTM export knows {', '.join(terms.CRITERIA)}; '{committee.profile.criterion}' has no diameters."
        )
    rows: dict[str, list[Row]] = {t.name: [] for t in (TU, TR, RS, SUPPTU, SUPPTR, SUPPRS)}
    subjects: dict[str, _Subject] = {}
    for read in committee.reads:
        if not read.repeat:
            reference = (references or {}).get(read.subject)
            subject = subjects.setdefault(read.subject, _Subject(study, read.subject, reference, rows))
            _ReadRecords(read, committee.profile, subject).write()
    filled = [FilledTable(table, tuple(rows[table.name])) for table in (TU, TR, RS)]
    filled += [
        FilledTable(table, tuple(rows[table.name])) for table in (SUPPTU, SUPPTR, SUPPRS) if rows[table.name]
    ]
    return [*filled, FilledTable(RELREC, _related(study))]


def _related(study: str) -> tuple[Row, ...]:
    """How the domains hang together: TULNKID with TRLNKID, TRLNKGRP with RSLNKGRP."""
    links = (
        ("TU", "TULNKID", "ONE", "TUTR"),
        ("TR", "TRLNKID", "MANY", "TUTR"),
        ("TR", "TRLNKGRP", "MANY", "TRRS"),
        ("RS", "RSLNKGRP", "ONE", "TRRS"),
    )
    return tuple(
        {"STUDYID": study, "RDOMAIN": d, "IDVAR": v, "RELTYPE": kind, "RELID": name}
        for d, v, kind, name in links
    )


class _Subject:
    """Numbers the records of one subject and writes what all domains share."""

    def __init__(self, study: str, name: str, reference: date | None, rows: dict[str, list[Row]]) -> None:
        self.study, self.usubjid, self.reference, self.rows = study, f"{study}-{name}", reference, rows
        self.sequence = {"TU": 0, "TR": 0, "RS": 0}

    def add(self, domain: str, values: Mapping[str, Cell], when: date | None) -> int:
        """Append one record; returns its sequence number."""
        self.sequence[domain] += 1
        number = self.sequence[domain]
        head: dict[str, Cell] = {
            "STUDYID": self.study,
            "DOMAIN": domain,
            "USUBJID": self.usubjid,
            f"{domain}SEQ": number,
            f"{domain}DTC": when.isoformat() if when else None,
            f"{domain}DY": self._day(when),
        }
        self.rows[domain].append({**head, **values})
        return number

    def qualify(self, domain: str, number: int, name: str, value: str, evaluator: str) -> None:
        """A supplemental qualifier of the record with this sequence number."""
        self.rows[f"SUPP{domain}"].append(
            {
                "STUDYID": self.study, "RDOMAIN": domain, "USUBJID": self.usubjid, "IDVAR": f"{domain}SEQ",
                "IDVARVAL": str(number), "QNAM": name, "QLABEL": QUALIFIERS[name], "QVAL": value,
                "QORIG": "Assigned", "QEVAL": evaluator,
            }
        )  # fmt: skip

    def _day(self, when: date | None) -> int | None:
        """Study day: the reference date is day 1, the day before it is day -1."""
        if when is None or self.reference is None:
            return None
        days = (when - self.reference).days
        return days + 1 if days >= 0 else days


@dataclass(frozen=True)
class _Visit:
    """One time point of a read, counted from 1."""

    number: int
    found: TimePointFindings
    evaluated: TimePointEvaluation


class _ReadRecords:
    """The records of one reader's read."""

    def __init__(self, read: CommitteeRead, profile: Profile, subject: _Subject) -> None:
        self.read, self.profile, self.subject = read, profile, subject
        self.evaluator = _evaluator(read)
        number = read.evaluator.rsplit(" ", 1)[-1]
        self.with_results: set[int] = set()
        self.book = LinkBook("A" if read.evaluator == ADJUDICATOR else f"R{number}")

    def write(self) -> None:
        """Write TU, TR and RS of every time point, then the best response."""
        points = zip(self.read.outcome.findings, self.read.outcome.evaluation.time_points, strict=True)
        for number, (found, evaluated) in enumerate(points, start=1):
            visit = _Visit(number, found, evaluated)
            for lesion in _in_order(found.lesions):
                self._lesion(lesion, visit)
            self._sum(visit)
            if not evaluated.is_baseline:
                self._responses(visit)
            elif not found.lesions:
                # Without a record at baseline the subject would be taken for a missing one.
                self._response("OVRLRESP", Response.NED, visit)
        self._best()

    def _add(self, domain: str, values: Mapping[str, Cell], visit: _Visit | None, when: date | None) -> int:
        own: dict[str, Cell] = {
            f"{domain}EVAL": self.evaluator,
            f"{domain}EVALID": self.read.evaluator,
            f"{domain}ACPTFL": "Y" if self.read.accepted else None,
        }
        if visit is not None:
            own |= {"VISITNUM": visit.number, "VISIT": visit.found.name.upper()}
        return self.subject.add(domain, {**values, **own}, when)

    def _qualify(self, domain: str, number: int, name: str, value: str) -> None:
        self.subject.qualify(domain, number, name, value, self.evaluator)

    def _group(self, number: int) -> str:
        return f"{self.book.prefix}-A{number}"

    def _lesion(self, lesion: LesionFinding, visit: _Visit) -> None:
        link, test, fresh = self.book.link(lesion)
        role = terms.ROLES[lesion.role]
        if fresh:
            values: dict[str, Cell] = {
                "TUSPID": lesion.lesion_id, "TULNKID": link, "TUTESTCD": test,
                "TUTEST": terms.IDENTIFICATION_TESTS[test], "TUORRES": role, "TUSTRESC": role,
                "TULOC": terms.location(lesion.organ, lesion.nodal), "TUMETHOD": terms.METHOD,
            }  # fmt: skip
            self._site(lesion, self._add("TU", values, visit, visit.found.date))
        for result in results(lesion, visit.found, self.profile):
            self.with_results.add(visit.number)
            sequence = self._result(result, {"TRGRPID": role, "TRLNKID": link}, visit)
            if lesion.versus_last is not None and result.test in terms.STATES:
                self._qualify("TR", sequence, "VSLAST", lesion.versus_last.value)
            if lesion.viable is not None and result.test in terms.LENGTHS:
                self._qualify("TR", sequence, "VIABLE", "Y" if lesion.viable else "N")

    def _site(self, lesion: LesionFinding, sequence: int) -> None:
        """What was said of a lesion and has a name in the SDTMIG (TU, examples of supplemental qualifiers)."""
        site = self.read.sites.get(lesion.lesion_id)
        if site is None or not site.irradiated:
            return
        self._qualify("TU", sequence, "PREVIR", "Y")
        if site.grown_since_treatment is not None:
            self._qualify("TU", sequence, "PREVIRP", "Y" if site.grown_since_treatment else "N")

    def _result(self, result: MeasuredResult, head: dict[str, Cell], visit: _Visit) -> int:
        length = result.number is not None
        values: dict[str, Cell] = {
            "TRLNKGRP": self._group(visit.number),
            "TRTESTCD": result.test, "TRTEST": terms.DISEASE_TESTS[result.test],
            "TRORRES": result.original,
            "TRORRESU": "mm" if length and result.original != terms.TOO_SMALL else None,
            "TRSTRESC": result.standard, "TRSTRESN": result.number, "TRSTRESU": "mm" if length else None,
            "TRSTAT": terms.NOT_DONE if result.reason else None, "TRREASND": result.reason,
            "TRMETHOD": terms.METHOD,
        }  # fmt: skip
        return self._add("TR", {**head, **values}, visit, visit.found.date)

    def _sum(self, visit: _Visit) -> None:
        if any(lesion.role is LesionRole.TARGET for lesion in visit.found.lesions):
            total = visit.evaluated.target.sum
            reason = terms.NOTHING_EVALUABLE if total is None else None
            text = None if total is None else format(total, "f")
            result = MeasuredResult("SUMDIAM", text, text, total, reason)
            self._result(result, {"TRGRPID": "TARGET", "TRDRVFL": "Y"}, visit)

    def _responses(self, visit: _Visit) -> None:
        found, evaluated = visit.found, visit.evaluated
        if evaluated.target.response is not Response.NA:
            self._response("TRGRESP", evaluated.target.response, visit)
        if evaluated.non_target is not Response.NA:
            own = found.non_target is not None
            self._response("NTRGRESP", evaluated.non_target, visit, derived=not own)
        new = found.new_lesion
        self._response("NEWLIND", "N" if new is NewLesionStatus.NO else "Y", visit, derived=False)
        if new is not NewLesionStatus.NO:
            self._response("NEWLPROG", new.value.upper(), visit, derived=False)
        sequence = self._response("OVRLRESP", evaluated.overall, visit)
        if found.non_target_versus_last is not None:
            self._qualify("RS", sequence, "NTVSLAST", found.non_target_versus_last.value)
        if found.markers_normal is not None:
            self._qualify("RS", sequence, "MARKNORM", "Y" if found.markers_normal else "N")

    def _best(self) -> None:
        outcome = self.read.outcome
        sequence = self._response("BESTRESP", outcome.best, None)
        if outcome.cr_then_lesser != self.profile.cr_then_lesser:
            self._qualify("RS", sequence, "CRLESSER", outcome.cr_then_lesser)
        if self.evaluator != terms.EVALUATION:
            self._qualify("RS", sequence, "SIGNED", "Y" if self.read.signed else "N")
            self._qualify("RS", sequence, "REVIEWED", "Y" if self.read.reviewed else "N")

    def _response(self, test: str, value: str | None, visit: _Visit | None, *, derived: bool = True) -> int:
        """One response; None is a question that is still open, and only the best response has no visit."""
        reason = terms.READER_ASKED if value is None else None
        if value == Response.MISSING:
            value, reason = None, terms.LEFT_BLANK
        text = None if value is None else str(value)
        grouped = visit is not None and test == "OVRLRESP" and visit.number in self.with_results
        values: dict[str, Cell] = {
            "RSLNKGRP": self._group(visit.number) if visit is not None and grouped else None,
            "RSTESTCD": test, "RSTEST": terms.RESPONSE_TESTS[test],
            "RSCAT": terms.CRITERIA[self.profile.criterion], "RSORRES": text, "RSSTRESC": text,
            "RSSTAT": terms.NOT_DONE if reason else None, "RSREASND": reason,
            "RSDRVFL": "Y" if derived and not reason else None,
        }  # fmt: skip
        return self._add("RS", values, visit, visit.found.date if visit else self.read.outcome.best_date)


def _evaluator(read: CommitteeRead) -> str:
    """--EVAL of a read's records."""
    if not read.reviewed:
        return terms.UNREVIEWED
    return terms.EVALUATION if read.signed else terms.UNSIGNED


def _in_order(lesions: Sequence[LesionFinding]) -> list[LesionFinding]:
    """Whole lesions first, then parts, then merges: each is named after what came before."""
    return sorted(lesions, key=lambda lesion: 2 * bool(lesion.members) + bool(lesion.parent))
