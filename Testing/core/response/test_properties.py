"""What must hold for every read: monotone, invariant to order and units, nothing from incomplete sums."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.questions import answer_case
from HCCResponseLib.response.endpoints.best import best_response
from HCCResponseLib.response.endpoints.visits import Assessment
from HCCResponseLib.response.irecist.best import irecist_best
from HCCResponseLib.response.read import evaluate_read, load_profile
from HCCResponseLib.response.timepoint.sums import LesionSum
from HCCResponseLib.response.timepoint.target import TargetHistory
from HCCResponseLib.response.types import (
    LesionFinding,
    LesionRole,
    LesionState,
    NewLesionStatus,
    Response,
    TimePointFindings,
)

PROFILES = {name: load_profile(name) for name in ("recist-1.1", "mrecist", "mrecist-with-5mm", "irecist")}
RANK = {Response.CR: 0, Response.PR: 1, Response.SD: 2, Response.PD: 3}
START = date(2020, 1, 1)

tenths = st.integers(0, 2000).map(lambda n: Decimal(n) / 10)
positive = st.integers(1, 2000).map(lambda n: Decimal(n) / 10)
profiles = st.sampled_from(["recist-1.1", "mrecist", "mrecist-with-5mm"])


def total(value: Decimal) -> LesionSum:
    return LesionSum(value, True, value == 0)


def responses(profile: str, baseline: Decimal, values: list[Decimal], **overrides: object) -> list[Response]:
    history = TargetHistory(PROFILES[profile].with_overrides(overrides), baseline)
    return [history.evaluate(total(value)).response for value in values]


@settings(max_examples=400)
@given(profiles, positive, st.lists(tenths, max_size=4), tenths, tenths, st.booleans())
def test_a_larger_sum_never_improves_the_response(profile, baseline, earlier, one, other, keep):
    small, large = sorted((one, other))
    better = responses(profile, baseline, [*earlier, small], keep_pr=keep)[-1]
    worse = responses(profile, baseline, [*earlier, large], keep_pr=keep)[-1]
    assert RANK[better] <= RANK[worse]


@settings(max_examples=300)
@given(profiles, positive, st.lists(tenths, min_size=1, max_size=5))
def test_every_category_against_exact_fractions(profile, baseline, values):
    """An independent oracle in rational numbers: CR, then PD against the nadir, then PR against the baseline."""
    absolute = Fraction(PROFILES[profile].pd_absolute_mm)
    nadir, start, expected = Fraction(baseline), Fraction(baseline), []
    for value in map(Fraction, values):
        growth = value - nadir
        if value == 0:
            expected.append(Response.CR)
        elif growth > 0 and growth >= nadir / 5 and growth >= absolute:
            expected.append(Response.PD)
        else:
            expected.append(Response.PR if value <= start * 7 / 10 else Response.SD)
        nadir = min(nadir, value)
    assert responses(profile, baseline, values, keep_pr=False) == expected


@settings(max_examples=200)
@given(positive, st.lists(tenths, min_size=1, max_size=5), st.sampled_from(["0.1", "10", "2.54"]))
def test_relative_rules_do_not_depend_on_units(baseline, values, factor):
    """With lengths and the absolute rule in another unit (cm, inch) every category stays."""
    scale = Decimal(factor)
    plain = responses("recist-1.1", baseline, values)
    scaled = responses(
        "recist-1.1", baseline * scale, [value * scale for value in values], pd_absolute_mm=Decimal(5) * scale
    )
    assert scaled == plain


def finding(key: str, value: Decimal | None, nodal: bool, state: LesionState) -> LesionFinding:
    long, short = (None, value) if nodal else (value, None)
    return LesionFinding(key, "node" if nodal else "liver", nodal, LesionRole.TARGET, state, long, short)


@st.composite
def reads(draw: st.DrawFn) -> list[TimePointFindings]:
    kinds = draw(st.lists(st.booleans(), min_size=1, max_size=5))
    points = []
    for index in range(draw(st.integers(2, 5))):
        rows = []
        for number, nodal in enumerate(kinds):
            state = LesionState.MEASURED
            value: Decimal | None = draw(positive)
            if index:
                state = draw(st.sampled_from([*[LesionState.MEASURED] * 4, *list(LesionState)[1:5]]))
                value = value if state is LesionState.MEASURED else None
            rows.append(finding(f"T{number}", value, nodal, state))
        new = draw(st.sampled_from(list(NewLesionStatus))) if index else NewLesionStatus.NO
        code = draw(st.sampled_from([Response.CR, Response.NON_CR_NON_PD, Response.NE])) if index else None
        points.append(TimePointFindings(f"t{index}", START + timedelta(60 * index), tuple(rows), code, new))
    return points


@settings(max_examples=200, deadline=None)
@given(reads(), st.sampled_from(list(PROFILES)), st.randoms(use_true_random=False))
def test_order_of_lesions_does_not_matter(points, name, random):
    shuffled = []
    for point in points:
        rows = list(point.lesions)
        random.shuffle(rows)
        shuffled.append(replace(point, lesions=tuple(rows)))
    one, two = (evaluate_read(p, PROFILES[name]).time_points for p in (points, shuffled))
    assert [(t.overall, t.target.sum, t.target.nadir_before) for t in one] == [
        (t.overall, t.target.sum, t.target.nadir_before) for t in two
    ]


@settings(max_examples=300, deadline=None)
@given(reads(), st.booleans())
def test_nothing_but_pd_or_ne_from_an_incomplete_read(points, may_be_pd):
    profile = PROFILES["recist-1.1"].with_overrides({"incomplete_sum_may_be_pd": may_be_pd})
    for point, done in zip(points[1:], evaluate_read(points, profile).time_points[1:], strict=True):
        states = {row.state for row in point.lesions}
        complete = not states & {LesionState.NOT_EVALUABLE, LesionState.NOT_IMAGED}
        assert done.target.complete is complete
        if not complete:
            assert done.target.response in ((Response.PD, Response.NE) if may_be_pd else (Response.NE,))
            sure = done.target.response is Response.PD or point.new_lesion is NewLesionStatus.UNEQUIVOCAL
            assert done.overall is (Response.PD if sure else Response.NE)


@settings(max_examples=300, deadline=None)
@given(reads())
def test_nadir_is_the_smallest_complete_sum_before(points):
    done = evaluate_read(points, PROFILES["recist-1.1"]).time_points
    smallest = done[0].target.sum
    for entry in done[1:]:
        assert entry.target.nadir_before == smallest
        if entry.target.complete:
            smallest = min(smallest, entry.target.sum)


@settings(max_examples=200, deadline=None)
@given(reads())
def test_an_unequivocal_new_lesion_is_always_pd_and_every_response_has_a_trace(points):
    for point, done in zip(
        points[1:], evaluate_read(points, PROFILES["recist-1.1"]).time_points[1:], strict=True
    ):
        if point.new_lesion is NewLesionStatus.UNEQUIVOCAL:
            assert done.overall is Response.PD
        assert done.trace


codes = st.sampled_from([Response.CR, Response.PR, Response.SD, Response.PD, Response.NE])
CONFIRMED = PROFILES["recist-1.1"].with_overrides({"confirmation": True, "cr_then_lesser": "as-coded"})
BEST = [Response.CR, Response.PR, Response.SD, Response.PD, Response.NE]


@settings(max_examples=300)
@given(st.lists(codes, max_size=7), st.lists(st.integers(1, 70), min_size=7, max_size=7))
def test_confirmation_never_improves_and_nothing_after_pd_counts(course, gaps):
    dates = [START + timedelta(days=sum(gaps[: i + 1])) for i in range(len(course))]
    visits = [Assessment(when, code) for when, code in zip(dates, course, strict=True)]
    plain = best_response(visits, START, PROFILES["recist-1.1"]).answer
    confirmed = best_response(visits, START, CONFIRMED).answer
    assert BEST.index(plain) <= BEST.index(confirmed)
    if Response.PD in course:
        cut = visits[: course.index(Response.PD) + 1]
        assert best_response(cut, START, CONFIRMED).answer is confirmed


immune = st.sampled_from([Response.ICR, Response.IPR, Response.ISD, Response.IUPD, Response.NE])


@settings(max_examples=300)
@given(st.lists(immune, max_size=8), st.booleans())
def test_irecist_progression_is_never_before_a_response_that_cleared_it(course, confirm):
    codes = [*course, Response.ICPD] if confirm and Response.IUPD in course else course
    found = irecist_best(codes, None, PROFILES["irecist"])
    if found.progression_index is not None:
        assert codes[found.progression_index] in (Response.IUPD, Response.ICPD)
        rest = codes[found.progression_index :]
        assert not set(rest) & {Response.ICR, Response.IPR, Response.ISD}
    assert found.icpd is (Response.ICPD in codes)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-50, 50)
    | st.text(max_size=5)
    | st.sampled_from(["2020-01-01", "CR"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
QUESTIONS = {
    "target-response": [
        "baseline_sum",
        "nadir_sum",
        "current_sum",
        "baseline",
        "visits",
        "prior_complete_sums",
    ],
    "timepoint-response": ["target", "non_target", "new_lesion", "further_change"],
    "best-response": ["reference_date", "visits", "first_pd_date"],
    "irecist-sequence": ["baseline_date", "baseline_target_sum", "visits"],
    "time-to-event": ["endpoint", "start_date", "visits", "death_date", "visit_schedule"],
    "agreement": ["categories", "table", "ratings"],
    "select-targets": ["candidates"],
    "progression-date": ["scan_dates", "reason", "visits"],
}


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_nonsense_gives_an_answer_or_a_named_error(data):
    name = data.draw(st.sampled_from(sorted(QUESTIONS)))
    given_ = {key: data.draw(json_values) for key in QUESTIONS[name] if data.draw(st.booleans())}
    try:
        answer = answer_case({"question": name, "given": given_})
    except InputError as error:
        assert str(error)
    else:
        assert answer.trace
