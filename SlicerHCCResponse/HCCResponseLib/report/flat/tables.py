"""Plain tables for statisticians, one line for each read, time point, lesion and adjudication."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from HCCResponseLib.base.errors import ExportError
from HCCResponseLib.cohort.committee.reads import Adjudication, Committee, CommitteeRead
from HCCResponseLib.report.tables.files import read_csv, staged, write_csv
from HCCResponseLib.report.tables.rules import ANY_TABLE, Hit, Rule, Sheet, Sheets, validate
from HCCResponseLib.report.tables.spec import Cell, Core, FilledTable, Row, Table, Variable
from HCCResponseLib.response.types import LesionRole, LesionState, NewLesionStatus, Response

_RESPONSES = frozenset(r.value for r in Response)
_YES = frozenset({"yes", "no"})


def _text(name: str, label: str, core: Core = "Exp", terms: frozenset[str] | None = None) -> Variable:
    return Variable(name, label, False, core, terms)


def _number(name: str, label: str) -> Variable:
    return Variable(name, label, True, "Exp")


_READ = (
    _text("subject", "subject", "Req"),
    _text("evaluator", "place of the reader in the committee", "Req"),
    _text("repeat", "second read by the same reader", "Req", _YES),
)
_READ_KEY = ("subject", "evaluator", "repeat")
READS = Table(
    "reads",
    "one line for each read of a subject",
    (
        *_READ,
        _text("reader", "who read", "Req"),
        _text("accepted", "this read counts for the trial", "Req", _YES),
        _text("criterion", "criterion", "Req"),
        _text("profile", "profile", "Req"),
        _text("best_response", "best overall response", "Exp", _RESPONSES),
        _text("best_response_date", "when it was first met"),
        _text("response_date", "first response"),
        _text("progression_date", "first progression"),
    ),
    _READ_KEY,
)
TIME_POINTS = Table(
    "timepoints",
    "one line for each time point of a read",
    (
        *_READ,
        _text("time_point", "name of the time point", "Req"),
        _text("date", "date of the scan", "Req"),
        _number("sum_mm", "sum of diameters, mm"),
        _text("sum_complete", "every target was assessed", "Req", _YES),
        _number("nadir_before_mm", "smallest complete sum before, mm"),
        _number("percent_from_baseline", "change from the baseline sum, per cent"),
        _number("percent_from_nadir", "change from the nadir, per cent"),
        _text("target", "target response", "Exp", _RESPONSES),
        _text("non_target", "non-target response", "Exp", _RESPONSES),
        _text("new_lesion", "new-lesion status", "Req", frozenset(s.value for s in NewLesionStatus)),
        _text("overall", "overall response", "Exp", _RESPONSES),
        _number("reading_seconds", "active reading time, s"),
    ),
    (*_READ_KEY, "time_point"),
)
LESIONS = Table(
    "lesions",
    "one line for each lesion at a time point",
    (
        *_READ,
        _text("time_point", "name of the time point", "Req"),
        _text("lesion", "name of the lesion", "Req"),
        _text("role", "target, non-target or new", "Req", frozenset(r.value for r in LesionRole)),
        _text("organ", "organ or node station", "Req"),
        _text("nodal", "a lymph node", "Req", _YES),
        _text("state", "what could be done with it", "Req", frozenset(s.value for s in LesionState)),
        _number("long_axis_mm", "long axis, mm"),
        _number("short_axis_mm", "short axis, mm"),
        _number("volume_mm3", "volume, mm3"),
    ),
    (*_READ_KEY, "time_point", "role", "lesion"),
)
ADJUDICATIONS = Table(
    "adjudications",
    "one line for each adjudicated subject",
    (
        _text("subject", "subject", "Req"),
        _text("adjudicator", "who decided", "Req"),
        _text("chosen_reader", "whose read was chosen; empty for a read of the adjudicator's own"),
        _text("variables", "what differed"),
        _text("reason", "the adjudicator's reason"),
    ),
    ("subject",),
)


def _of_known_read(sheet: Sheet, sheets: Sheets) -> Iterator[Hit]:
    known = {tuple(row[k] for k in _READ_KEY) for row in sheets["reads"].rows}
    for number, row in enumerate(sheet.rows, start=1):
        if tuple(row[k] for k in _READ_KEY) not in known:
            yield number, f"there is no read of {row['subject']} by {row['evaluator']}"


def _of_known_point(sheet: Sheet, sheets: Sheets) -> Iterator[Hit]:
    key = (*_READ_KEY, "time_point")
    known = {tuple(row[k] for k in key) for row in sheets["timepoints"].rows}
    for number, row in enumerate(sheet.rows, start=1):
        if tuple(row[k] for k in key) not in known:
            yield number, f"there is no time point '{row['time_point']}' of {row['subject']}"


def _one_accepted(sheet: Sheet, _: Sheets) -> Iterator[Hit]:
    seen: set[str] = set()
    for number, row in enumerate(sheet.rows, start=1):
        if row["accepted"] == "yes":
            if row["subject"] in seen:
                yield number, f"{row['subject']} has two accepted reads"
            seen.add(row["subject"])


FLAT_RULES = (
    *ANY_TABLE,
    Rule(
        "C01",
        "Time points and lesions belong to a read",
        "this software",
        _of_known_read,
        ("timepoints", "lesions"),
    ),
    Rule("C02", "Lesions belong to a time point", "this software", _of_known_point, ("lesions",)),
    Rule(
        "C03",
        "A subject has at most one accepted read",
        "charter: one read counts",
        _one_accepted,
        ("reads",),
    ),
)


def export_flat(committee: Committee, folder: Path) -> tuple[Path, ...]:
    """Write the four tables and check what was written; returns the files.

    Raises:
        ExportError: what was written breaks a rule; the message lists it, and nothing stays behind.
    """
    filled = flat_tables(committee)
    names = [f"{table.table.name}.csv" for table in filled]
    with staged(folder, names) as work:
        for table, name in zip(filled, names, strict=True):
            write_csv(work / name, table)
        sheets = {
            table.table.name: Sheet.of(table.table, read_csv(work / name))
            for table, name in zip(filled, names, strict=True)
        }
        problems = [str(p) for p in validate(sheets, FLAT_RULES)]
        if problems:
            raise ExportError(str(folder), problems)
    return tuple(Path(folder) / name for name in names)


def flat_tables(committee: Committee) -> list[FilledTable]:
    """The tables with their rows."""
    reads, points, lesions = [], [], []
    for read in committee.reads:
        head: dict[str, Cell] = {
            "subject": read.subject,
            "evaluator": read.evaluator,
            "repeat": _yes(read.repeat),
        }
        reads.append(head | _read_row(read, committee))
        points += [head | row for row in _point_rows(read)]
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


def _point_rows(read: CommitteeRead) -> Iterator[dict[str, Cell]]:
    for point in read.outcome.evaluation.time_points:
        target, seconds = point.target, read.seconds.get(point.name)
        follow_up = not point.is_baseline
        yield {
            "time_point": point.name,
            "date": point.date.isoformat(),
            "sum_mm": target.sum,
            "sum_complete": _yes(target.complete),
            "nadir_before_mm": target.nadir_before,
            "percent_from_baseline": target.percent_from_baseline,
            "percent_from_nadir": target.percent_from_nadir,
            "target": target.response if follow_up else None,
            "non_target": point.non_target if follow_up else None,
            "new_lesion": point.new_lesion,
            "overall": point.overall,
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
            }


def _adjudication_row(decided: Adjudication) -> Row:
    return {
        "subject": decided.subject,
        "adjudicator": decided.adjudicator,
        "chosen_reader": decided.chosen,
        "variables": " ".join(decided.variables) or None,
        "reason": decided.reason or None,
    }
