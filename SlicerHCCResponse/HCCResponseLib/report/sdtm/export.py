"""Writing the SDTM export, checking what was written, and asking the rules again from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from HCCResponseLib.base.errors import ExportError
from HCCResponseLib.cohort.committee.reads import Committee
from HCCResponseLib.report.sdtm.build import build
from HCCResponseLib.report.sdtm.domains import DOMAINS
from HCCResponseLib.report.sdtm.read_back import ReadKey, WrittenRead, read_domains, read_sdtm
from HCCResponseLib.report.sdtm.rules import SDTM_RULES
from HCCResponseLib.report.tables.files import staged, write_table
from HCCResponseLib.report.tables.rules import Problem, validate
from HCCResponseLib.review.read.outcome import ReadOutcome


@dataclass(frozen=True)
class Exported:
    """What an export wrote.

    Attributes:
        files: every file that was written.
        warnings: what does not make the export wrong but should be known.
    """

    files: tuple[Path, ...]
    warnings: tuple[Problem, ...]


def export_sdtm(
    committee: Committee,
    folder: Path,
    study: str,
    forms: Sequence[str] = ("csv",),
    references: Mapping[str, date] | None = None,
) -> Exported:
    """Write all domains in every form, validate each and evaluate the rules again from it.

    Args:
        study: STUDYID.
        forms: ``csv``, ``json`` (Dataset-JSON v1.1), ``xpt``.
        references: start of treatment or randomisation by subject, for study days and the minimum SD time.

    Raises:
        ExportError: what was written breaks a rule or leads to other responses; nothing stays behind.
        InputError: the criterion has no diameters, or a form is not available.
    """
    filled = build(committee, study, references)
    names = [f"{table.lower()}.{form}" for form in forms for table in DOMAINS]
    problems: list[Problem] = []
    with staged(folder, names) as work:
        for form in forms:
            for table in filled:
                write_table(work, table, form, study)
            problems += validate(read_domains(work, form), SDTM_RULES)
            problems += _differences(committee, read_sdtm(work, form), study, references or {})
        errors = [p for p in problems if p.severity == "error"]
        if errors:
            raise ExportError(str(folder), [str(p) for p in errors])
    files = [Path(folder) / f"{table.table.name.lower()}.{form}" for form in forms for table in filled]
    return Exported(tuple(files), tuple(dict.fromkeys(problems)))


def _differences(
    committee: Committee, written: Mapping[ReadKey, WrittenRead], study: str, references: Mapping[str, date]
) -> Iterator[Problem]:
    """Reads whose written findings do not lead to the same responses again."""
    for read in (r for r in committee.reads if not r.repeat):
        key = f"{study}-{read.subject}", read.evaluator
        again = written.get(key)
        why: str | None = "the read is not in the export"
        if again is not None:
            start = references.get(read.subject) or read.start
            why = _difference(read.outcome, again.outcome(committee.profile, start))
        if why:
            yield Problem("R01", "error", "RS", None, f"{key[0]}, {key[1]}: {why}")


def _difference(before: ReadOutcome, again: ReadOutcome) -> str | None:
    for a, b in zip(again.evaluation.time_points, before.evaluation.time_points, strict=False):
        if (a.target.response, a.non_target, a.overall) != (b.target.response, b.non_target, b.overall):
            return f"'{b.name}' was {b.overall} and is {a.overall} when it is read back"
    if len(again.evaluation.time_points) != len(before.evaluation.time_points):
        return "a time point is lost"
    if again.best is not before.best or again.progression_date != before.progression_date:
        return f"best response {before.best} is {again.best} when it is read back"
    return None
