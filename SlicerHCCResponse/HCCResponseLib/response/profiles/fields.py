"""Every parameter that a trial charter may change, as a typed schema. The values live in
``Resources/Profiles``.

No field has a default here: the shipped base profile holds all values, each with its source. The line below a field
says what it means, and stands above it in a profile that :mod:`HCCResponseLib.response.profiles.annotated` writes.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    model_validator,
)

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.response.quantities import quantity_named
from HCCResponseLib.response.types import Response


def _exact(value: Any) -> Any:
    """Numbers from YAML and JSON as the decimal that was written, never as its binary neighbour."""
    if isinstance(value, bool):
        raise ValueError("a number is needed, not true/false")
    return Decimal(repr(value)) if isinstance(value, float) else value


def _whole(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a whole number is needed, not true/false")
    return value


def _quantity(value: str) -> str:
    try:
        quantity_named(value)
    except InputError as problem:
        raise ValueError(str(problem).removesuffix(".")) from problem
    return value


Length = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, allow_inf_nan=False)]
Percent = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=1000, allow_inf_nan=False)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
Days = Annotated[int, BeforeValidator(_whole), Field(ge=0)]


class CriterionFields(BaseModel):
    """Which criterion, on which quantity, read by whom."""

    criterion: str
    """Name of the criterion, as traces and reports write it; it must be one that 'hcc-response profiles list' names."""
    criterion_version: str
    """Version of the criterion, in words."""
    parallel_criteria: tuple[str, ...]
    """Other criteria under which the same read is evaluated as well; shown below the category, never taken for it."""
    modifications: str
    """What the charter changes in the criterion, in words; empty for nothing."""
    quantity: Annotated[str, AfterValidator(_quantity)]
    """What is added up: diameter, product or volume, with viable- before it for the enhancing part alone."""
    read_paradigm: Literal["single", "double-with-adjudication", "all-three"]
    """How many readers a subject has: single, double-with-adjudication, all-three."""
    read_order: Literal["sequential-locked", "hybrid", "simultaneous"]
    """When a time point is shown: sequential-locked, hybrid, simultaneous (all from the start)."""
    evaluator_streams: tuple[str, ...]
    """Places of the readers in the committee, such as RADIOLOGIST 1."""
    adjudication_variables: tuple[str, ...]
    """What two readers are compared in; a difference in any of them calls the adjudicator."""
    adjudication_mode: Literal["choose-one-read", "new-read"]
    """choose-one-read: the adjudicator picks a read; new-read: the adjudicator reads anew."""
    reread_fraction_percent: Percent
    """Share of reads that the charter wants read again, in per cent."""
    reason_for_change: Literal["never", "after-decision", "after-lock"]
    """When a change of a decision needs a reason: never, after-decision, after-lock."""
    length_rounding_mm: Length | None
    """Lengths are rounded to this step in mm before they are added; null leaves them as measured."""


class SelectionFields(BaseModel):
    """Measurability and target selection. Lengths in mm."""

    max_targets: Count
    """Most target lesions of a patient."""
    max_targets_per_organ: Count
    """Most target lesions of one organ."""
    nodes_are_one_organ: StrictBool
    """true: all lymph nodes together are one organ."""
    represent_all_organs: StrictBool
    """true: every involved organ gets a target before one gets its second."""
    organ_groups: dict[str, tuple[str, ...]]
    """Organs that count as one, by the name of the group."""
    measurable_long_mm: Length
    """A lesion is measurable from this long axis in mm."""
    thickness_factor: Length
    """On thick slices it is measurable from this many slice thicknesses."""
    thick_slice_mm: Length
    """Slices thicker than this, in mm, are thick."""
    node_target_short_mm: Length
    """A lymph node can be a target from this short axis in mm."""
    node_pathological_short_mm: Length
    """A lymph node is normal below this short axis in mm."""
    hilar_node_short_mm: Length | None
    """A node of the liver hilum is malignant from this short axis in mm; null: like any other node."""
    hilar_stations: tuple[str, ...]
    """Stations that count as nodes of the liver hilum."""
    target_needs_arterial_enhancement: StrictBool
    """true: a target must enhance in the arterial phase."""
    target_must_be_well_delineated: StrictBool
    """true: a target must be well delineated."""
    never_measurable: tuple[str, ...]
    """Kinds of lesion that are never measurable."""
    cystic_lesion_policy: Literal["prefer-solid", "never", "as-solid"]
    """Cystic metastases: prefer-solid, never (no target), as-solid."""
    bone_lesion_policy: Literal["soft-tissue-part", "never"]
    """Bone lesions: soft-tissue-part (measured there), never."""
    treated_lesion_policy: Literal["only-if-grown", "never", "only-if-viable-part"]
    """Lesions with local treatment before baseline as targets: only-if-grown, never, only-if-viable-part."""
    irradiated_lesion_policy: Literal["only-if-grown", "never"]
    """Irradiated lesions as targets: only-if-grown, never."""


class MeasurementFields(BaseModel):
    """What a lesion adds to the sum at follow-up, and the thresholds of target response."""

    too_small_mm: Length
    """What is too small to measure counts as this length in mm."""
    disappeared_mm: Length
    """What has disappeared counts as this length in mm."""
    split_policy: Literal["add-parts", "largest-part"]
    """A lesion that has split: add-parts, largest-part."""
    merge_policy: Literal["one-diameter", "not-evaluable"]
    """Lesions that have merged: one-diameter, not-evaluable."""
    pr_percent: Percent
    """Partial response from this decrease from baseline, in per cent."""
    pd_percent: Percent
    """Progression from this increase, in per cent."""
    pd_inclusive: StrictBool
    """true: exactly that increase is progression."""
    pd_absolute_mm: Length
    """Progression also needs this increase in mm; 0 switches that off."""
    pd_reference: Literal["nadir", "baseline"]
    """The increase counts from the nadir or from the baseline."""
    pd_per_lesion: StrictBool
    """true: the increase of one lesion alone is progression (WHO)."""
    keep_pr: StrictBool
    """true: a partial response stays while there is no progression."""
    incomplete_sum_may_be_pd: StrictBool
    """true: targets that were not assessed do not hide a progression of the others."""
    nadir_policy: Literal["complete-sums", "evaluable-time-points"]
    """The smallest sum is looked for among complete-sums, or among evaluable-time-points."""
    # Findings say neither by which modality nor of which regions a time point is. A charter that asks for more than the
    # reader's own care is refused instead of being read and forgotten.
    modality_change_policy: Literal["ask"]
    """ask: the reader answers for the same imaging method throughout; the one value that is accepted."""
    required_regions: Annotated[tuple[str, ...], Field(max_length=0)]
    """Must be empty: findings do not say which regions were imaged."""


class OverallFields(BaseModel):
    """Non-target disease, new lesions and the time-point table."""

    target_cr_non_target_ne: Response
    """Overall response of target CR with non-targets not evaluated: PR, NE or CR."""
    missing_is: Literal["NE", "MISSING"]
    """A time point without assessment is NE or MISSING."""
    markers_required_for_cr: tuple[str, ...]
    """Tumour markers that must be normal for CR."""
    non_target_pd_standard: str
    """What the charter calls unequivocal progression of non-targets, in words."""
    new_lesion_standard: str
    """What the charter calls a new lesion, in words."""
    hcc_nodule_min_mm: Length
    """mRECIST: a new nodule with typical enhancement counts from this size in mm."""
    hcc_nodule_growth_mm: Length
    """mRECIST: an atypical new nodule counts after this growth in mm."""
    effusion_needs_cytology: StrictBool
    """true: new ascites or effusion counts as progression with positive cytology alone."""
    equivocal_back_dating: StrictBool
    """true: an equivocal lesion that is confirmed later is dated back to when it was first seen."""
    cr_then_lesser: Literal["ask", "recurrence-is-pd", "cr-was-pr", "as-coded"]
    """CR followed by less: ask (the reader), recurrence-is-pd, cr-was-pr, as-coded."""


class BestResponseFields(BaseModel):
    """Best response, confirmation, response and benefit. Intervals in days, plain differences."""

    confirmation: StrictBool
    """true: CR and PR need a second scan that confirms them."""
    confirm_min_days: Days
    """Earliest confirming scan, in days."""
    confirm_max_days: Days | None
    """Latest confirming scan, in days; null: no limit."""
    max_ne_between: Count
    """So many not evaluable time points may lie between response and confirmation."""
    sd_between_pr_allowed: StrictBool
    """true: an SD may lie between PR and its confirmation."""
    sd_min_days: Days
    """Stable disease counts from this many days after the reference date."""
    sd_min_reference: Literal["baseline-scan", "randomisation", "first-dose"]
    """Reference date of stable disease: baseline-scan, randomisation, first-dose."""
    sd_min_for_non_cr_non_pd: StrictBool
    """true: NON-CR/NON-PD needs the same minimum time."""
    cr_then_sd_early: Literal["PD", "SD"]
    """Best response when CR is followed by SD before the minimum time: PD or SD."""
    stop_at_first_pd: StrictBool
    """true: what comes after the first PD does not count for the best response."""
    benefit_values: tuple[Response, ...]
    """Responses that count as clinical benefit."""


class IRecistFields(BaseModel):
    """iRECIST. Intervals in days, lengths in mm."""

    irecist_confirm_min_days: Days
    """iRECIST: earliest scan that confirms a progression, in days."""
    irecist_confirm_max_days: Days
    """iRECIST: later confirmations carry a warning, in days."""
    irecist_confirm_increase_mm: Length
    """iRECIST: increase of the sum in mm that confirms."""
    irecist_confirm_increase_inclusive: StrictBool
    """true: exactly that increase confirms."""
    irecist_reference: Literal["anchor", "last-iupd"]
    """iRECIST: the increase counts from the anchor (first iUPD) or the last-iupd."""
    irecist_early_scan: Literal["no-confirmation", "ignore"]
    """iRECIST: a scan that comes too early: no-confirmation, ignore."""
    irecist_late_scan: Literal["confirm", "new-iupd"]
    """iRECIST: a scan that comes late: confirm, new-iupd."""
    new_target_limit: Count
    """iRECIST: most new lesions that are measured."""
    new_target_limit_per_organ: Count
    """iRECIST: most new lesions of one organ that are measured."""


class EndpointFields(BaseModel):
    """Time-to-event analyses and agreement."""

    censoring: Literal["simple", "fda-a", "fda-b", "fda-c", "ema"]
    """Rules of time-to-event analyses: simple, fda-a, fda-b, fda-c, ema."""
    missed_visits_censor: Annotated[int, BeforeValidator(_whole), Field(ge=1)]
    """So many missed assessments before an event censor it."""
    visit_window_days: Days | None
    """An assessment belongs to a scheduled visit within so many days; null: to the nearest."""
    date_of_sum_event: Literal["last", "first"]
    """Date of a sum whose scans lie on several days: last, first."""
    date_of_new_lesion: Literal["first-observation", "last"]
    """Date of a new lesion: first-observation, last."""
    partial_dates: Literal["refuse"]
    """refuse: incomplete dates are an error; the one value that is accepted."""
    agreement_weights: Literal["linear", "quadratic", "ordinal"]
    """Weights of Gwet's AC2: linear, quadratic, ordinal."""
    confidence_percent: Percent
    """Level of confidence intervals, in per cent."""


class ProfileFields(
    CriterionFields,
    SelectionFields,
    MeasurementFields,
    OverallFields,
    BestResponseFields,
    IRecistFields,
    EndpointFields,
):
    """All fields of a profile, with the checks that one field puts on another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _no_conflict(self) -> Self:
        for conflict, message in (
            (
                self.node_pathological_short_mm > self.node_target_short_mm,
                "node_pathological_short_mm is larger than node_target_short_mm",
            ),
            (
                self.confirm_max_days is not None and self.confirm_max_days < self.confirm_min_days,
                "confirm_max_days is smaller than confirm_min_days",
            ),
            (
                self.irecist_confirm_max_days < self.irecist_confirm_min_days,
                "irecist_confirm_max_days is smaller than irecist_confirm_min_days",
            ),
            (self.pr_percent > 100, "pr_percent is larger than 100"),
            (
                self.target_cr_non_target_ne not in (Response.PR, Response.NE, Response.CR),
                "target_cr_non_target_ne must be PR, NE or CR",
            ),
            (
                self.disappeared_mm > self.too_small_mm,
                "disappeared_mm is larger than too_small_mm",
            ),
        ):
            if conflict:
                raise ValueError(message)
        return self
