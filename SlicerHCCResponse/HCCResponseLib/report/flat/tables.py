"""Plain tables for statisticians, one line for each read, time point, lesion and adjudication."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from HCCResponseLib.base.errors import ExportError
from HCCResponseLib.cohort.committee.reads import Adjudication, Committee, CommitteeRead
from HCCResponseLib.report.tables.files import read_csv, staged, write_csv
from HCCResponseLib.report.tables.rules import ANY_TABLE, Hit, Rule, Sheet, Sheets, validate
from HCCResponseLib.report.tables.spec import Cell, FilledTable, Row, Table, Variable
from HCCResponseLib.response.types import LesionRole, LesionState, NewLesionStatus, Response, VersusLast
from HCCResponseLib.review.read.facts import Site, Visit

_RESPONSES = frozenset(r.value for r in Response)
_YES = frozenset({"yes", "no"})
_VERSUS = frozenset(v.value for v in VersusLast)
# What the reader has said of a lesion, the same at all its visits.
_FACTS = (
    ("segment", "liver segment", None),
    ("station", "node chain or site", None),
    ("hilar", "a node of the porta hepatis", _YES),
    ("kind", "kind of lesion that the rules treat in a way of its own", None),
    ("treated", "locally treated before baseline", _YES),
    ("irradiated", "irradiated before baseline", _YES),
    ("grown_since_treatment", "has clearly grown since", _YES),
    ("arterial_enhancement", "shows arterial enhancement", _YES),
    ("well_delineated", "has a clear border", _YES),
    ("reproducible", "can be measured again well", _YES),
)

_READ = (
    Variable("subject", "subject", "Req"),
    Variable("evaluator", "place of the reader in the committee", "Req"),
    Variable("repeat", "second read by the same reader", "Req", _YES),
    Variable("signed", "every time point is signed by its reader", "Req", _YES),
    Variable("reviewed", "the reader looked at every row", "Req", _YES),
)
_READ_KEY = ("subject", "evaluator", "repeat")
READS = Table(
    "reads",
    "one line for each read of a subject",
    (
        *_READ,
        Variable("reader", "who read", "Req"),
        Variable("accepted", "this read counts for the trial", "Req", _YES),
        Variable("criterion", "criterion", "Req"),
        Variable("profile", "profile", "Req"),
        Variable("best_response", "best overall response", "Exp", _RESPONSES),
        Variable("best_response_date", "when it was first met", "Exp"),
        Variable("response_date", "first response", "Exp"),
        Variable("progression_date", "first progression", "Exp"),
    ),
    _READ_KEY,
)
TIME_POINTS = Table(
    "timepoints",
    "one line for each time point of a read",
    (
        *_READ,
        Variable("time_point", "name of the time point", "Req"),
        Variable("date", "date of the scan", "Req"),
        Variable("sum_mm", "sum of diameters, products or volumes, in sum_unit", "Exp", numeric=True),
        Variable("sum_unit", "unit of sum and nadir: mm, mm² or mm³", "Req", frozenset(("mm", "mm²", "mm³"))),
        Variable("sum_complete", "every target was assessed", "Req", _YES),
        Variable("nadir_before_mm", "smallest complete sum before, in sum_unit", "Exp", numeric=True),
        Variable("percent_from_baseline", "change from the baseline sum, per cent", "Exp", numeric=True),
        Variable("percent_from_nadir", "change from the nadir, per cent", "Exp", numeric=True),
        Variable("target", "target response", "Exp", _RESPONSES),
        Variable("non_target", "non-target response", "Exp", _RESPONSES),
        Variable("new_lesion", "new-lesion status", "Req", frozenset(s.value for s in NewLesionStatus)),
        Variable("overall", "overall response", "Exp", _RESPONSES),
        Variable("non_target_versus_last", "non-target disease against the last visit", "Exp", _VERSUS),
        Variable("markers_normal", "tumour markers within normal limits", "Exp", _YES),
        Variable("markers", "tumour markers with their upper limits", "Exp"),
        Variable("reading_seconds", "active reading time, s", "Exp", numeric=True),
    ),
    (*_READ_KEY, "time_point"),
)
LESIONS = Table(
    "lesions",
    "one line for each lesion at a time point",
    (
        *_READ,
        Variable("time_point", "name of the time point", "Req"),
        Variable("lesion", "name of the lesion", "Req"),
        Variable("role", "target, non-target or new", "Req", frozenset(r.value for r in LesionRole)),
        Variable("organ", "organ or node station", "Req"),
        Variable("nodal", "a lymph node", "Req", _YES),
        Variable("state", "what could be done with it", "Req", frozenset(s.value for s in LesionState)),
        Variable("long_axis_mm", "long axis, mm", "Exp", numeric=True),
        Variable("short_axis_mm", "short axis, mm", "Exp", numeric=True),
        Variable("volume_mm3", "volume, mm3", "Exp", numeric=True),
        Variable("viable", "its sizes are those of the viable part", "Exp", _YES),
        Variable("versus_last", "compared with the last visit", "Exp", _VERSUS),
        *(Variable(name, label, "Exp", values) for name, label, values in _FACTS),
    ),
    (*_READ_KEY, "time_point", "role", "lesion"),
)
ADJUDICATIONS = Table(
    "adjudications",
    "one line for each adjudicated subject",
    (
        Variable("subject", "subject", "Req"),
        Variable("adjudicator", "who decided", "Req"),
        Variable("chosen_reader", "whose read was chosen; empty for a read of the adjudicator's own", "Exp"),
        Variable("variables", "what differed", "Exp"),
        Variable("reason", "the adjudicator's reason", "Exp"),
    ),
    ("subject",),
)


def _belongs_to(table: str, key: tuple[str, ...], words: str) -> Callable[[Sheet, Sheets], Iterator[Hit]]:
    """A check that each row has its row in another table; ``words`` name the columns of the row in braces."""

    def check(sheet: Sheet, sheets: Sheets) -> Iterator[Hit]:
        known = {tuple(row[k] for k in key) for row in sheets[table].rows}
        for number, row in enumerate(sheet.rows, start=1):
            if tuple(row[k] for k in key) not in known:
                yield number, words.format_map(row)

    return check


def _one_accepted(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    seen: set[str] = set()
    for number, row in enumerate(sheet.rows, start=1):
        if row["accepted"] == "yes":
            if row["subject"] in seen:
                yield number, f"{row['subject']} has two accepted reads"
            seen.add(row["subject"])


def _accepted_is_signed(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    for number, row in enumerate(sheet.rows, start=1):
        if row["accepted"] == "yes" and "no" in (row["signed"], row["reviewed"]):
            yield number, f"the accepted read of {row['subject']} is not signed or not reviewed"


_OF_READ = _belongs_to("reads", _READ_KEY, "there is no read of {subject} by {evaluator}")
_OF_POINT = _belongs_to("timepoints", TIME_POINTS.key, "there is no time point '{time_point}' of {subject}")
FLAT_RULES = (
    *ANY_TABLE,
    Rule("C01", "Time points and lesions belong to a read", "this software", _OF_READ, ("timepoints", "lesions")),
    Rule("C02", "Lesions belong to a time point", "this software", _OF_POINT, ("lesions",)),
    Rule("C03", "A subject has at most one accepted read", "charter: one read counts", _one_accepted, ("reads",)),
    Rule("C04", "An accepted read is signed and reviewed", "this software", _accepted_is_signed, ("reads",)),
)  # fmt: skip


def export_flat(committee: Committee, folder: Path) -> tuple[Path, ...]:
    """Write the four tables and check what was written; returns the files.

    Raises:
        ExportError: what was written breaks a rule; the message lists it, and nothing stays behind.
    """
    filled = {f"{table.table.name}.csv": table for table in flat_tables(committee)}
    with staged(folder, filled) as work:
        for name, table in filled.items():
            write_csv(work / name, table)
        sheets = {t.table.name: Sheet.of(t.table, read_csv(work / name)) for name, t in filled.items()}
        problems = [str(p) for p in validate(sheets, FLAT_RULES)]
        if problems:
            raise ExportError(str(folder), problems)
    return tuple(Path(folder) / name for name in filled)


def flat_tables(committee: Committee) -> list[FilledTable]:
    """The tables with their rows."""
    reads, points, lesions = [], [], []
    for read in committee.reads:
        names = (read.subject, read.evaluator, *map(_yes, (read.repeat, read.signed, read.reviewed)))
        head: dict[str, Cell] = dict(zip((v.name for v in _READ), names, strict=True))
        reads.append(head | _read_row(read, committee))
        points += [head | row for row in _point_rows(read, committee.profile.unit)]
        lesions += [head | row for row in _lesion_rows(read)]
    decided = tuple(_adjudication_row(a) for a in committee.adjudications)
    return [
        FilledTable(READS, tuple(reads)),
        FilledTable(TIME_POINTS, tuple(points)),
        FilledTable(LESIONS, tuple(lesions)),
        FilledTable(ADJUDICATIONS, decided),
    ]


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _read_row(read: CommitteeRead, committee: Committee) -> dict[str, Cell]:
    found = read.outcome
    return {
        "reader": read.reader,
        "accepted": _yes(read.accepted),
        "criterion": committee.profile.criterion,
        "profile": committee.profile.name,
        "best_response": found.best,
        "best_response_date": _day(found.best_date),
        "response_date": _day(found.response_date),
        "progression_date": _day(found.progression_date),
    }


def _said(value: bool | None) -> str | None:
    return None if value is None else _yes(value)


def _point_rows(read: CommitteeRead, unit: str) -> Iterator[dict[str, Cell]]:
    for point, found in zip(read.outcome.evaluation.time_points, read.outcome.findings, strict=True):
        target, seconds = point.target, read.seconds.get(point.name)
        markers = read.visits.get(point.name, Visit()).markers
        follow_up = not point.is_baseline
        yield {
            "time_point": point.name,
            "date": point.date.isoformat(),
            "sum_mm": target.sum,
            "sum_unit": unit,
            "sum_complete": _yes(target.complete),
            "nadir_before_mm": target.nadir_before,
            "percent_from_baseline": target.percent_from_baseline,
            "percent_from_nadir": target.percent_from_nadir,
            "target": target.response if follow_up else None,
            "non_target": point.non_target if follow_up else None,
            "new_lesion": point.new_lesion,
            "overall": point.overall,
            "non_target_versus_last": found.non_target_versus_last,
            "markers_normal": _said(found.markers_normal),
            "markers": "; ".join(marker.words for marker in markers) or None,
            "reading_seconds": None if seconds is None else Decimal(str(round(seconds, 1))),
        }


def _lesion_rows(read: CommitteeRead) -> Iterator[dict[str, Cell]]:
    for point in read.outcome.findings:
        for lesion in point.lesions:
            yield {
                "time_point": point.name,
                "lesion": lesion.lesion_id,
                "role": lesion.role,
                "organ": lesion.organ,
                "nodal": _yes(lesion.nodal),
                "state": lesion.state,
                "long_axis_mm": lesion.long_mm,
                "short_axis_mm": lesion.short_mm,
                "volume_mm3": lesion.volume_mm3,
                "viable": _said(lesion.viable),
                "versus_last": lesion.versus_last,
                **_facts(read.sites.get(lesion.lesion_id, Site())),
            }


def _facts(site: Site) -> dict[str, Cell]:
    values = ((name, getattr(site, name)) for name, _, _ in _FACTS)
    return {name: _said(value) if isinstance(value, bool) else value or None for name, value in values}


def _adjudication_row(decided: Adjudication) -> Row:
    return {
        "subject": decided.subject,
        "adjudicator": decided.adjudicator,
        "chosen_reader": decided.chosen,
        "variables": " ".join(decided.variables) or None,
        "reason": decided.reason or None,
    }
