"""From the reads of a committee to the records of TU, TR and RS.

One set of records for each reader of each subject; the accepted read carries --ACPTFL = Y. Re-reads for intra-reader
agreement are not part of the trial's data and are left out.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cohort.committee.reads import ADJUDICATOR, Committee, CommitteeRead
from HCCResponseLib.report.sdtm import terms
from HCCResponseLib.report.sdtm.domains import QUALIFIERS, RELREC, RS, SUPPRS, SUPPTR, TR, TU
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
    rows: dict[str, list[Row]] = {t.name: [] for t in (TU, TR, RS, SUPPTR, SUPPRS)}
    subjects: dict[str, _Subject] = {}
    for read in committee.reads:
        if not read.repeat:
            reference = (references or {}).get(read.subject)
            subject = subjects.setdefault(read.subject, _Subject(study, read.subject, reference, rows))
            _ReadRecords(read, committee.profile, subject).write()
    filled = [FilledTable(table, tuple(rows[table.name])) for table in (TU, TR, RS)]
    filled += [FilledTable(table, tuple(rows[table.name])) for table in (SUPPTR, SUPPRS) if rows[table.name]]
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

    def qualify(self, domain: str, number: int, name: str, value: str, label: str) -> None:
        """A supplemental qualifier of the record with this sequence number."""
        self.rows[f"SUPP{domain}"].append(
            {
                "STUDYID": self.study, "RDOMAIN": domain, "USUBJID": self.usubjid, "IDVAR": f"{domain}SEQ",
                "IDVARVAL": str(number), "QNAM": name, "QLABEL": label, "QVAL": value, "QORIG": "Assigned",
                "QEVAL": terms.EVALUATION,
            }
        )  # fmt: skip

    def _day(self, when: date | None) -> int | None:
        """Study day: the reference date is day 1, the day before it is day -1."""
        if when is None or self.reference is None:
            return None
        days = (when - self.reference).days
        return days + 1 if days >= 0 else days


class _ReadRecords:
    """The records of one reader's read."""

    def __init__(self, read: CommitteeRead, profile: Profile, subject: _Subject) -> None:
        self.read, self.profile, self.subject = read, profile, subject
        number = read.evaluator.rsplit(" ", 1)[-1]
        self.with_results: set[int] = set()
        self.book = LinkBook("A" if read.evaluator == ADJUDICATOR else f"R{number}")

    def write(self) -> None:
        """Write TU, TR and RS of every time point, then the best response."""
        points = zip(self.read.outcome.findings, self.read.outcome.evaluation.time_points, strict=True)
        for number, (found, evaluated) in enumerate(points, start=1):
            visit: dict[str, Cell] = {"VISITNUM": number, "VISIT": found.name.upper()}
            for lesion in _in_order(found.lesions):
                self._lesion(lesion, found, visit, number)
            self._sum(found, evaluated, visit, number)
            if evaluated.is_baseline:
                self._disease_free(found, visit, number)
            else:
                self._responses(found, evaluated, visit, number)
        self._best()

    def _evaluator(self, domain: str) -> dict[str, Cell]:
        return {
            f"{domain}EVAL": terms.EVALUATION,
            f"{domain}EVALID": self.read.evaluator,
            f"{domain}ACPTFL": "Y" if self.read.accepted else None,
        }

    def _group(self, number: int | None) -> str:
        return f"{self.book.prefix}-A{number}"

    def _lesion(
        self, lesion: LesionFinding, found: TimePointFindings, visit: dict[str, Cell], number: int
    ) -> None:
        link, test, fresh = self.book.link(lesion)
        role = terms.ROLES[lesion.role]
        if fresh:
            values: dict[str, Cell] = {
                "TUSPID": lesion.lesion_id, "TULNKID": link, "TUTESTCD": test,
                "TUTEST": terms.IDENTIFICATION_TESTS[test], "TUORRES": role, "TUSTRESC": role,
                "TULOC": terms.location(lesion.organ, lesion.nodal), "TUMETHOD": terms.METHOD,
            }  # fmt: skip
            self.subject.add("TU", {**values, **self._evaluator("TU"), **visit}, found.date)
        for result in results(lesion, found, self.profile):
            head: dict[str, Cell] = {"TRGRPID": role, "TRLNKID": link, "TRLNKGRP": self._group(number)}
            self.with_results.add(number)
            sequence = self._result(result, head, visit, found.date)
            if lesion.versus_last is not None and result.test in terms.STATES:
                self.subject.qualify("TR", sequence, "VSLAST", lesion.versus_last.value, QUALIFIERS["VSLAST"])

    def _result(
        self, result: MeasuredResult, head: dict[str, Cell], visit: dict[str, Cell], when: date
    ) -> int:
        length = result.number is not None
        values: dict[str, Cell] = {
            "TRTESTCD": result.test, "TRTEST": terms.DISEASE_TESTS[result.test],
            "TRORRES": result.original,
            "TRORRESU": "mm" if length and result.original != terms.TOO_SMALL else None,
            "TRSTRESC": result.standard, "TRSTRESN": result.number, "TRSTRESU": "mm" if length else None,
            "TRSTAT": terms.NOT_DONE if result.reason else None, "TRREASND": result.reason,
            "TRMETHOD": terms.METHOD,
        }  # fmt: skip
        return self.subject.add("TR", {**head, **values, **self._evaluator("TR"), **visit}, when)

    def _sum(
        self, found: TimePointFindings, evaluated: TimePointEvaluation, visit: dict[str, Cell], number: int
    ) -> None:
        if not any(lesion.role is LesionRole.TARGET for lesion in found.lesions):
            return
        total = evaluated.target.sum
        reason = terms.NOTHING_EVALUABLE if total is None else None
        text = None if total is None else format(total, "f")
        head: dict[str, Cell] = {"TRGRPID": "TARGET", "TRLNKGRP": self._group(number), "TRDRVFL": "Y"}
        self._result(MeasuredResult("SUMDIAM", text, text, total, reason), head, visit, found.date)

    def _disease_free(self, found: TimePointFindings, visit: dict[str, Cell], number: int) -> None:
        """A baseline without any lesion still needs a record, so that nobody takes the subject for a missing one."""
        if not found.lesions:
            self._response("OVRLRESP", Response.NED, None, visit, (found.date, number))

    def _responses(
        self, found: TimePointFindings, evaluated: TimePointEvaluation, visit: dict[str, Cell], number: int
    ) -> None:
        when = found.date, number
        if evaluated.target.response is not Response.NA:
            self._response("TRGRESP", evaluated.target.response, None, visit, when)
        if evaluated.non_target is Response.MISSING:
            self._response("NTRGRESP", None, terms.LEFT_BLANK, visit, when)
        elif evaluated.non_target is not Response.NA:
            own = found.non_target is not None
            self._response("NTRGRESP", evaluated.non_target, None, visit, when, derived=not own)
        new = found.new_lesion
        self._response("NEWLIND", "N" if new is NewLesionStatus.NO else "Y", None, visit, when, derived=False)
        if new is not NewLesionStatus.NO:
            self._response("NEWLPROG", new.value.upper(), None, visit, when, derived=False)
        asked = terms.READER_ASKED if evaluated.overall is None else None
        sequence = self._response("OVRLRESP", evaluated.overall, asked, visit, when)
        if found.non_target_versus_last is not None:
            self._qualify(sequence, "NTVSLAST", found.non_target_versus_last.value)
        if found.markers_normal is not None:
            self._qualify(sequence, "MARKNORM", "Y" if found.markers_normal else "N")

    def _qualify(self, sequence: int, name: str, value: str) -> None:
        self.subject.qualify("RS", sequence, name, value, QUALIFIERS[name])

    def _best(self) -> None:
        outcome = self.read.outcome
        asked = terms.READER_ASKED if outcome.best is None else None
        sequence = self._response("BESTRESP", outcome.best, asked, {}, (outcome.best_date, None))
        if outcome.cr_then_lesser != self.profile.cr_then_lesser:
            self._qualify(sequence, "CRLESSER", outcome.cr_then_lesser)

    def _response(
        self,
        test: str,
        value: str | None,
        reason: str | None,
        visit: dict[str, Cell],
        when: tuple[date | None, int | None],
        *,
        derived: bool = True,
    ) -> int:
        day, number = when
        if value == Response.MISSING:
            value, reason = None, terms.LEFT_BLANK
        text = None if value is None else str(value)
        values: dict[str, Cell] = {
            "RSLNKGRP": self._group(number) if test == "OVRLRESP" and number in self.with_results else None,
            "RSTESTCD": test, "RSTEST": terms.RESPONSE_TESTS[test],
            "RSCAT": terms.CRITERIA[self.profile.criterion], "RSORRES": text, "RSSTRESC": text,
            "RSSTAT": terms.NOT_DONE if reason else None, "RSREASND": reason,
            "RSDRVFL": "Y" if derived and not reason else None,
        }  # fmt: skip
        return self.subject.add("RS", {**values, **self._evaluator("RS"), **visit}, day)


def _in_order(lesions: Sequence[LesionFinding]) -> list[LesionFinding]:
    """Whole lesions first, then parts, then merges: each is named after what came before."""
    return sorted(lesions, key=lambda lesion: 2 * bool(lesion.members) + bool(lesion.parent))
