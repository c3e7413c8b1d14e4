"""``select-targets`` and ``check-targets``."""

from HCCResponseLib.cli.questions.base import Answer, QuestionContext, answers, number
from HCCResponseLib.cli.questions.fields import Fields
from HCCResponseLib.response.timepoint.measurability import TargetCandidate
from HCCResponseLib.response.timepoint.selection import check_targets, select_targets

_CANDIDATE = (
    "id",
    "organ",
    "nodal",
    "long",
    "short",
    "slice_thickness",
    "measurable",
    "reproducible",
    "kind",
    "treated",
    "previously_treated",
    "irradiated",
    "previously_irradiated",
    "grown_since_treatment",
    "arterial_enhancement",
    "enhancing",
    "well_delineated",
    "hilar",
    "station",
)


@answers("select-targets")
def select(given: Fields, setting: QuestionContext) -> Answer:
    """Targets among candidates, largest first."""
    rows = given.only("candidates").needed("candidates").objects("candidates")
    result = select_targets([_candidate(row) for row in rows], setting.profile)
    values = {
        "selected": list(result.selected),
        "baseline_sum": number(result.baseline_sum),
        "rejected": result.rejected,
    }
    return Answer(values, result.trace)


@answers("check-targets")
def check(given: Fields, setting: QuestionContext) -> Answer:
    """Whether a list of targets is allowed."""
    rows = given.only("targets").needed("targets").objects("targets")
    result = check_targets([_candidate(row) for row in rows], setting.profile)
    values = {
        "valid": result.valid,
        "over_total_limit": result.over_total_limit,
        "organs_over_limit": list(result.organs_over_limit),
        "not_measurable": list(result.not_measurable),
    }
    return Answer(values, result.trace)


def _candidate(row: Fields) -> TargetCandidate:
    row.only(*_CANDIDATE)
    return TargetCandidate(
        lesion_id=row.needed_text("id"),
        organ=row.needed_text("organ"),
        nodal=row.flag("nodal") is True,
        long_mm=row.length("long"),
        short_mm=row.length("short"),
        slice_thickness_mm=row.length("slice_thickness"),
        measurable=row.flag("measurable"),
        reproducible=row.flag("reproducible"),
        kind=row.text("kind"),
        treated=_either(row, "treated", "previously_treated") is True,
        irradiated=_either(row, "irradiated", "previously_irradiated") is True,
        grown_since_treatment=row.flag("grown_since_treatment"),
        arterial_enhancement=_either(row, "arterial_enhancement", "enhancing"),
        well_delineated=row.flag("well_delineated"),
        hilar=row.flag("hilar"),
        station=row.text("station"),
    )


def _either(row: Fields, name: str, other: str) -> bool | None:
    """A flag under one of two names."""
    value = row.flag(name)
    return row.flag(other) if value is None else value
