"""The vocabulary of the rules: responses, findings of a read, and what the engine answers.

Lengths are millimetres as :class:`~decimal.Decimal` (products mm², volumes mm³), dates are
:class:`datetime.date`. All values are immutable. ``NA`` (no such disease at baseline), ``NE`` (not all
evaluated) and ``MISSING`` (left blank by the reader) are three different things and are never converted
into one another without a trace.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Response(StrEnum):
    """Every response value of the criteria, spelled as in the interface of the rule engine."""

    CR = "CR"
    PR = "PR"
    SD = "SD"
    PD = "PD"
    NE = "NE"
    NON_CR_NON_PD = "NON-CR/NON-PD"
    NED = "NED"
    ICR = "iCR"
    IPR = "iPR"
    ISD = "iSD"
    IUPD = "iUPD"
    ICPD = "iCPD"
    NON_ICR_NON_IUPD = "NON-iCR/NON-iUPD"
    NA = "NA"
    MISSING = "MISSING"


class NewLesionStatus(StrEnum):
    """How sure the reader is that a lesion is new and malignant (RECIST 1.1, 4.3.5)."""

    NO = "no"
    EQUIVOCAL = "equivocal"
    UNEQUIVOCAL = "unequivocal"


class LesionState(StrEnum):
    """What the reader could do with a lesion at a time point (RECIST 1.1, 4.3.2 and Appendix II)."""

    MEASURED = "measured"
    TOO_SMALL = "too-small"
    DISAPPEARED = "disappeared"
    NOT_EVALUABLE = "not-evaluable"
    NOT_IMAGED = "not-imaged"
    SPLIT = "split"
    MERGED = "merged"


class LesionRole(StrEnum):
    """The role of a lesion in a read."""

    TARGET = "target"
    NON_TARGET = "non-target"
    NEW = "new"


class VersusLast(StrEnum):
    """Non-target or new lesion compared with the last time point (iRECIST case report form)."""

    SAME = "same"
    LARGER = "larger"
    SMALLER = "smaller"


class QuestionKind(StrEnum):
    """What only a human can decide."""

    CR_THEN_LESSER = "cr-then-lesser"
    EQUIVOCAL_NEW_LESION = "equivocal-new-lesion"
    PR_MAINTAINED = "pr-maintained"
    INCOMPLETE_SUM_PD = "incomplete-sum-pd"
    NON_TARGET_BLANK = "non-target-blank"


@dataclass(frozen=True, slots=True)
class ReaderQuestion:
    """An open question to the reader.

    Attributes:
        kind: what is asked.
        time_point: name (or ISO date) of the time point that it is about.
        text: the question in words that a radiologist can answer.
        choices: the possible answers.
        blocking: True when no category is given before the answer; False when the category stands but
            should be looked at.
    """

    kind: QuestionKind
    time_point: str
    text: str
    choices: tuple[str, ...]
    blocking: bool


@dataclass(frozen=True, slots=True)
class LesionFinding:
    """One lesion at one time point, as decided by the reader.

    Attributes:
        lesion_id: identity over all time points of the read.
        organ: organ or node station.
        nodal: a lymph node, which is measured by its short axis.
        role: target, non-target or new.
        state: what could be done with the lesion at this time point.
        long_mm: long axis, mm (viable long axis for mRECIST); None where the state says so.
        short_mm: short axis, mm; needed for nodes and for products.
        parent: for a part of a split lesion, the id of the lesion that it came from.
        members: for an inseparable merge, the ids of all lesions in it.
        volume_mm3: volume, mm³, for volume criteria.
        versus_last: for new lesions in iRECIST, the reader's comparison with the last time point.
        viable: whether its sizes are those of the viable part; False leaves it without a number under a viable
            criterion, None takes them as that criterion needs them.
        measurable: for new lesions in iRECIST, whether it is measurable as at baseline, by slice thickness and by what
            is known of the lesion; None leaves it to the size alone.
    """

    lesion_id: str
    organ: str
    nodal: bool
    role: LesionRole
    state: LesionState
    long_mm: Decimal | None = None
    short_mm: Decimal | None = None
    parent: str | None = None
    members: tuple[str, ...] = ()
    volume_mm3: Decimal | None = None
    versus_last: VersusLast | None = None
    viable: bool | None = None
    measurable: bool | None = None


@dataclass(frozen=True, slots=True)
class TimePointFindings:
    """All decided findings of one time point of a read.

    Attributes:
        name: as shown to the reader ("baseline", "follow-up 1").
        date: date of the scan; for scans over several days see
            :func:`HCCResponseLib.response.endpoints.time_to_event.progression_date`.
        lesions: decided lesions of every role.
        non_target: the reader's explicit non-target response, or None to derive it from the non-target
            lesions. It can never be derived as PD: unequivocal worsening is the reader's decision (RECIST
            1.1, 4.3.4).
        new_lesion: the reader's new-lesion status.
        non_target_versus_last: comparison of non-target disease with the last time point (iRECIST).
        markers_normal: tumour markers within normal limits; None when not known (RECIST 1.1, 4.3.3).
    """

    name: str
    date: date
    lesions: tuple[LesionFinding, ...] = ()
    non_target: Response | None = None
    new_lesion: NewLesionStatus = NewLesionStatus.NO
    non_target_versus_last: VersusLast | None = None
    markers_normal: bool | None = None


@dataclass(frozen=True, slots=True)
class TargetEvaluation:
    """Target response of one time point with every number that it rests on.

    Attributes:
        response: target response; ``NA`` without target disease.
        sum: measured sum of the time point (mm, or mm²/mm³ by the profile's quantity); of an incomplete
            time point the sum of what was measured; None when nothing was measured.
        baseline_sum: fixed reference for PR.
        nadir_before: smallest complete sum before this time point, baseline included; reference for PD.
        change_from_baseline: sum - baseline_sum; None for an incomplete sum.
        percent_from_baseline: the same in per cent, two decimals (for display; never used to decide).
        change_from_nadir: sum - nadir_before; for an incomplete sum given only when it decides PD.
        percent_from_nadir: the same in per cent; None when the nadir is 0.
        complete: every target of the baseline was assessed.
        arithmetic: the category before "PR maintained" (EORTC) was applied.
        trace: sentences naming rule, numbers and source, in order.
    """

    response: Response
    sum: Decimal | None
    baseline_sum: Decimal | None
    nadir_before: Decimal | None
    change_from_baseline: Decimal | None
    percent_from_baseline: Decimal | None
    change_from_nadir: Decimal | None
    percent_from_nadir: Decimal | None
    complete: bool
    arithmetic: Response
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimePointEvaluation:
    """Responses of one time point of a read.

    Attributes:
        name: the time point's name.
        date: the time point's date.
        is_baseline: True for the first time point, which has no responses.
        target: numbers and target response; at baseline only the sums are filled.
        non_target: non-target response (``NA`` without such disease at baseline).
        new_lesion: the reader's new-lesion status.
        overall: overall response; None at baseline and while a blocking question is open.
        trace: every rule that fired at this time point, in order.
        questions: what the reader still has to decide or look at.
    """

    name: str
    date: date
    is_baseline: bool
    target: TargetEvaluation
    non_target: Response
    new_lesion: NewLesionStatus
    overall: Response | None
    trace: tuple[str, ...]
    questions: tuple[ReaderQuestion, ...]


@dataclass(frozen=True, slots=True)
class ReadEvaluation:
    """A whole read under one profile.

    Attributes:
        criterion: name of the criterion ("RECIST 1.1", "mRECIST", "iRECIST", ...).
        profile: name of the profile.
        time_points: evaluations in time order, the baseline first.
    """

    criterion: str
    profile: str
    time_points: tuple[TimePointEvaluation, ...]

    @property
    def questions(self) -> tuple[ReaderQuestion, ...]:
        """All open questions of the read, in time order."""
        return tuple(q for time_point in self.time_points for q in time_point.questions)

    @property
    def latest(self) -> TimePointEvaluation:
        """Evaluation of the last time point."""
        return self.time_points[-1]
