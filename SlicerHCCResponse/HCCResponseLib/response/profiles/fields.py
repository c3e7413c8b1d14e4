"""Every parameter that a trial charter may change, as a typed schema. The values live in
``Resources/Profiles``.

No field has a default here: the shipped base profile holds all values, each with its source.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, model_validator

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


Length = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, allow_inf_nan=False)]
Percent = Annotated[Decimal, BeforeValidator(_exact), Field(ge=0, le=1000, allow_inf_nan=False)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
Days = Annotated[int, BeforeValidator(_whole), Field(ge=0)]


class CriterionFields(BaseModel):
    """Which criterion, on which quantity, read by whom."""

    criterion: str
    criterion_version: str
    parallel_criteria: tuple[str, ...]
    modifications: str
    quantity: Literal["diameter", "viable-diameter", "product", "viable-product", "volume", "viable-volume"]
    read_paradigm: Literal["single", "double-with-adjudication", "all-three"]
    read_order: Literal["sequential-locked", "hybrid", "simultaneous"]
    evaluator_streams: tuple[str, ...]
    adjudication_variables: tuple[str, ...]
    adjudication_mode: Literal["choose-one-read", "new-read"]
    reread_fraction_percent: Percent
    reason_for_change: Literal["never", "after-decision", "after-lock"]
    length_rounding_mm: Length | None


class SelectionFields(BaseModel):
    """Measurability and target selection. Lengths in mm."""

    max_targets: Count
    max_targets_per_organ: Count
    nodes_are_one_organ: StrictBool
    represent_all_organs: StrictBool
    organ_groups: dict[str, tuple[str, ...]]
    measurable_long_mm: Length
    thickness_factor: Length
    thick_slice_mm: Length
    node_target_short_mm: Length
    node_pathological_short_mm: Length
    hilar_node_short_mm: Length | None
    hilar_stations: tuple[str, ...]
    target_needs_arterial_enhancement: StrictBool
    target_must_be_well_delineated: StrictBool
    never_measurable: tuple[str, ...]
    cystic_lesion_policy: Literal["prefer-solid", "never", "as-solid"]
    bone_lesion_policy: Literal["soft-tissue-part", "never"]
    treated_lesion_policy: Literal["only-if-grown", "never", "only-if-viable-part"]
    irradiated_lesion_policy: Literal["only-if-grown", "never"]


class MeasurementFields(BaseModel):
    """What a lesion adds to the sum at follow-up, and the thresholds of target response."""

    too_small_mm: Length
    disappeared_mm: Length
    split_policy: Literal["add-parts", "largest-part"]
    merge_policy: Literal["one-diameter", "not-evaluable"]
    pr_percent: Percent
    pd_percent: Percent
    pd_inclusive: StrictBool
    pd_absolute_mm: Length
    pd_reference: Literal["nadir", "baseline"]
    pd_per_lesion: StrictBool
    keep_pr: StrictBool
    incomplete_sum_may_be_pd: StrictBool
    nadir_policy: Literal["complete-sums", "evaluable-time-points"]
    # Findings say neither by which modality nor of which regions a time point is. A charter that asks for more than the
    # reader's own care is refused instead of being read and forgotten.
    modality_change_policy: Literal["ask"]
    required_regions: Annotated[tuple[str, ...], Field(max_length=0)]


class OverallFields(BaseModel):
    """Non-target disease, new lesions and the time-point table."""

    target_cr_non_target_ne: Response
    missing_is: Literal["NE", "MISSING"]
    markers_required_for_cr: tuple[str, ...]
    non_target_pd_standard: str
    new_lesion_standard: str
    hcc_nodule_min_mm: Length
    hcc_nodule_growth_mm: Length
    effusion_needs_cytology: StrictBool
    equivocal_back_dating: StrictBool
    cr_then_lesser: Literal["ask", "recurrence-is-pd", "cr-was-pr", "as-coded"]


class BestResponseFields(BaseModel):
    """Best response, confirmation, response and benefit. Intervals in days, plain differences."""

    confirmation: StrictBool
    confirm_min_days: Days
    confirm_max_days: Days | None
    max_ne_between: Count
    sd_between_pr_allowed: StrictBool
    sd_min_days: Days
    sd_min_reference: Literal["baseline-scan", "randomisation", "first-dose"]
    sd_min_for_non_cr_non_pd: StrictBool
    cr_then_sd_early: Literal["PD", "SD"]
    stop_at_first_pd: StrictBool
    benefit_values: tuple[Response, ...]


class IRecistFields(BaseModel):
    """iRECIST. Intervals in days, lengths in mm."""

    irecist_confirm_min_days: Days
    irecist_confirm_max_days: Days
    irecist_confirm_increase_mm: Length
    irecist_confirm_increase_inclusive: StrictBool
    irecist_reference: Literal["anchor", "last-iupd"]
    irecist_early_scan: Literal["no-confirmation", "ignore"]
    irecist_late_scan: Literal["confirm", "new-iupd"]
    new_target_limit: Count
    new_target_limit_per_organ: Count


class EndpointFields(BaseModel):
    """Time-to-event analyses and agreement."""

    censoring: Literal["simple", "fda-a", "fda-b", "fda-c", "ema"]
    missed_visits_censor: Annotated[int, BeforeValidator(_whole), Field(ge=1)]
    visit_window_days: Days | None
    date_of_sum_event: Literal["last", "first"]
    date_of_new_lesion: Literal["first-observation", "last"]
    partial_dates: Literal["refuse"]
    agreement_weights: Literal["linear", "quadratic", "ordinal"]
    confidence_percent: Percent


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
