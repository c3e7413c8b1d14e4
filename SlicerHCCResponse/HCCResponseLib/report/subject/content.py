"""Everything that a report says, in words and pictures, for every form of it: HTML and PDF hold the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from HCCResponseLib import __version__
from HCCResponseLib.imaging.volumes import SOFT_TISSUE_WINDOW
from HCCResponseLib.lesions.proposal import OUTSIDE_WORDS
from HCCResponseLib.report.subject.cautions import cautions
from HCCResponseLib.report.subject.figures import Images, draw_sums
from HCCResponseLib.report.subject.lesion_rows import LesionGroup, lesion_groups
from HCCResponseLib.report.subject.pictures import LesionPictures, decided, lesion_cards
from HCCResponseLib.report.subject.provenance import Provenance, provenance
from HCCResponseLib.report.subject.rejected import Rejected, rejected, without_rejected
from HCCResponseLib.report.subject.side_by_side import ComparedSlice, levels
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import ReadEvaluation, TimePointEvaluation
from HCCResponseLib.review.read.category import missing
from HCCResponseLib.review.read.changes import Change
from HCCResponseLib.review.read.choice import adjudication
from HCCResponseLib.review.read.lifecycle import is_signed, points, stage
from HCCResponseLib.review.read.new_lesions import histories
from HCCResponseLib.review.read.parallel import parallel_readings
from HCCResponseLib.review.read.state import ReadState, Row
from HCCResponseLib.review.signing.signatures import Meaning, Signature

_FIRST_CAUTIONS = 4
NOTICE = "For research use; not cleared for clinical use."


@dataclass(frozen=True)
class NewLesion:
    """A candidate that was not rejected: what its reader said, and from when it counts as progression."""

    name: str
    point: str
    size: str
    said: str
    seen: bool
    dated: str
    suggestion: str
    evidence: str


@dataclass(frozen=True)
class ReportContent:
    """What a report says, in the order in which it says it; ``None`` and empty where there is nothing to say.

    Attributes:
        title, profile: of the first line.
        state: "Signed by Dr A" or "Not signed", and whether every row was looked at; in the header of every page.
        gaps: what is missing for a category; then there are no ``follow_ups``.
        follow_ups: evaluated time points without the baseline.
        groups: table of targets and non-targets, with ``columns`` (name, date) of the time points.
        head: whose read it is, at the head of every page.
        no_new_lesions: that there are none, and at which follow-ups nobody has looked yet.
        who: who decided, in sentences.
        plot: sums over time; a PNG as a data URI, as are all pictures.
        conventions: how lengths were measured.
    """

    title: str
    head: str
    profile: str
    state: str
    signed: bool
    reviewed: bool
    gaps: tuple[str, ...]
    follow_ups: tuple[TimePointEvaluation, ...]
    parallel: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    groups: tuple[LesionGroup, ...]
    measured: str
    new_lesions: tuple[NewLesion, ...]
    no_new_lesions: str
    rejected: Rejected
    who: tuple[str, ...]
    signatures: tuple[Signature, ...]
    cautions: tuple[str, ...]
    sum_title: str
    plot: str | None
    levels: tuple[ComparedSlice, ...]
    cards: tuple[LesionPictures, ...]
    window: str
    changes: tuple[Change, ...]
    provenance: tuple[Provenance, ...]
    written: str

    @property
    def signed_lines(self) -> tuple[str, ...]:
        """One line for each signature, for the first page."""
        if not self.signatures:
            return ("Not signed.",)
        return tuple(
            f"{s.time_point}{f', {s.category}' if s.category else ''}: signed by {s.printed_name} ({s.meaning}), "
            f"{s.when}{'' if s.reviewed else ', with rows accepted unseen'}"
            for s in self.signatures
        )

    @property
    def first_cautions(self) -> tuple[str, ...]:
        """What of the cautions stands on the first page; all of them stand behind the pictures where it is not all."""
        if len(self.cautions) <= _FIRST_CAUTIONS:
            return self.cautions
        rest = len(self.cautions) - _FIRST_CAUTIONS + 1
        return (*self.cautions[: _FIRST_CAUTIONS - 1], f"{rest} more remarks: behind the pictures.")


def report_content(
    state: ReadState,
    profile: Profile,
    evaluation: ReadEvaluation | None,
    images: Images,
    changed: Sequence[Change] = (),
    read_id: str = "",
) -> ReportContent:
    """Everything that the report of a read says. Without an evaluation it holds what is still missing, no category.

    Args:
        images: gives the image of a time point by name.
        changed: what the reader changed after deciding, see :func:`HCCResponseLib.review.read.changes.changes`.
        read_id: name of the read, which the people of a committee know it by.
    """
    assert state.study is not None
    shown = without_rejected(state)
    sum_title = profile.sum_title
    chosen = adjudication(state, read_id)
    return ReportContent(
        title=f"Treatment response: {state.study.subject}",
        head=_head(state, read_id),
        profile=f"{profile.criterion} · profile {profile.name} · {len(state.study.timepoints)} time points",
        state=_state(state, read_id),
        signed=is_signed(state),
        reviewed=state.reviewed(),
        gaps=tuple(missing(state)),
        follow_ups=tuple(p for p in evaluation.time_points if not p.is_baseline) if evaluation else (),
        parallel=tuple(one.words for one in parallel_readings(state, profile)) if evaluation else (),
        columns=tuple((p.name, p.date.isoformat()) for p in state.study.timepoints),
        groups=lesion_groups(shown, profile, evaluation, sum_title),
        measured=_measured(shown, profile),
        new_lesions=_new_lesions(shown, {h.name: h.why for h in histories(state, profile) if h.progression}),
        no_new_lesions=_no_new_lesions(shown),
        rejected=rejected(state),
        who=(*_who(state), *([chosen.words] if chosen else [])),
        signatures=tuple(state.signatures),
        cautions=tuple(cautions(shown, profile)),
        sum_title=sum_title,
        plot=draw_sums(evaluation.time_points, profile) if evaluation else None,
        levels=tuple(levels(shown, images)),
        cards=tuple(lesion_cards(shown, images)),
        window=f"{SOFT_TISSUE_WINDOW[0]:g} to {SOFT_TISSUE_WINDOW[1]:g} HU",
        changes=tuple(changed),
        provenance=provenance(state),
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC by hcc-response {__version__}",
    )


def _head(state: ReadState, read_id: str) -> str:
    """Subject and reader: whoever looked at a row, as printed below a signature where there is one."""
    assert state.study is not None
    printed = {s.signer: s.printed_name for s in state.signatures}
    decisions = (row.decision for rows in state.rows.values() for row in rows.values())
    looked = dict.fromkeys(printed.get(d.reader, d.reader) for d in decisions if d is not None and d.seen)
    words = f"Treatment response: {state.study.subject}"
    words += f", read by {', '.join(looked)}" if looked else ""
    return f"{words} (read {read_id})" if read_id and state.locks.reader is not None else words


def _state(state: ReadState, read_id: str) -> str:
    """Signed or not, and by whom; where rows were accepted unseen, that; where it was adjudicated, what counts."""
    authors = ", ".join(
        dict.fromkeys(s.printed_name for s in state.signatures if s.meaning is Meaning.AUTHORSHIP)
    )
    locked = [name for name in points(state) if name in state.locked]
    if is_signed(state):
        words = f"Signed by {authors}" if authors else "Signed"
    else:
        words = f"Not signed yet, only {', '.join(locked)}" if locked else "Not signed"
    words += ", not reviewed" if state.unseen() else ""
    choice = state.locks.choice
    if choice is None:
        return words
    return (
        f"{words}; adjudicated, {'this read' if choice.chosen == read_id else f'read {choice.chosen}'} counts"
    )


def _who(state: ReadState) -> list[str]:
    said = [row.decision for rows in state.rows.values() for row in rows.values() if row.decision]
    looked = dict.fromkeys(d.reader for d in said if d.seen)
    unseen = dict.fromkeys(d.reader for d in said if not d.seen)
    out = [f"Decided by {', '.join(looked)}."] if looked else []
    if unseen:
        count = len(state.unseen())
        rows = f"{count} row{'' if count == 1 else 's'}"
        out.append(f"{rows} accepted unseen in the name of {', '.join(unseen)}.")
    stages = " · ".join(f"{name}: {stage(state, name).value}" for name in points(state))
    return [*(out or ["No decisions yet."]), f"Version {state.locks.version} of the read; {stages}."]


def _measured(state: ReadState, profile: Profile) -> str:
    """How the figures of the table were measured."""
    found = (row.measurement for rows in state.rows.values() for row in rows.values())
    names = sorted({one.convention for one in found if one is not None})
    convention = f", convention {', '.join(names)}" if names else ""
    bold = {
        "mm": "the long axis, of lymph nodes the short axis; the figure beside it is the other, perpendicular axis",
        "mm²": "the product of long and short axis, which stand beside it",
        "mm³": "the volume; long and short axis stand beside it",
    }.get(profile.unit, f"what is added up ({profile.sum_title.lower()})")
    return f"Measured on the original slices{convention}. The bold figure is {bold}."


def _new_lesions(state: ReadState, dates: Mapping[str, str]) -> tuple[NewLesion, ...]:
    return tuple(
        NewLesion(
            name,
            point,
            f"{row.measurement.long_axis.length_mm} mm" if row.measurement else "-",
            decided(row),
            row.decision is not None and row.decision.seen,
            dates.get(name, ""),
            row.proposal.suggestion.value if row.proposal.suggestion else "",
            _evidence(row),
        )
        for point, rows in state.rows.items()
        for name, row in rows.items()
        if row.is_candidate
    )


def _no_new_lesions(state: ReadState) -> str:
    """That there are none is said only of follow-ups whose proposals were made."""
    follow_ups = points(state)[1:]
    waiting = [point for point in follow_ups if point not in state.rows]
    found = any(row.is_candidate for rows in state.rows.values() for row in rows.values())
    if not follow_ups:
        return "" if found else "Not looked for yet: there is no follow-up."
    none = "" if found or waiting == follow_ups else "None." if not waiting else "None so far."
    return f"{none} Not looked for yet: {', '.join(waiting)}.".strip() if waiting else none


def _evidence(row: Row) -> str:
    e = row.proposal.evidence
    parts = [OUTSIDE_WORDS.rstrip(".").lower()] if row.proposal.outside_domain else []
    parts += [row.prompt_words] if row.prompt_words else []
    parts += [str(e["remark"]).rstrip(".")] if e.get("remark") else []
    if e.get("mean_probability") is not None:
        parts.append(f"probability {e['mean_probability']}")
    if e.get("distance_to_known_mm") is not None:
        parts.append(f"{e['distance_to_known_mm']} mm from the nearest known lesion")
    if "imaged_at_baseline" in e:
        parts.append(f"place {'' if e['imaged_at_baseline'] else 'not '}imaged at baseline")
    if e.get("probability_at_baseline") is not None:
        parts.append(f"probability there at baseline {e['probability_at_baseline']}")
    agreement = e.get("base_network_agreement")
    if isinstance(agreement, float) and agreement < 0.5:
        parts.append(
            f"low trust: the base network agrees little with the reader's baseline (Dice {agreement:.2f})"
        )
    return ", ".join(parts)
