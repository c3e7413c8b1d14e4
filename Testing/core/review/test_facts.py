"""Everything that the rules take has a place in the read: facts of a lesion, of a visit, of a row."""

from decimal import Decimal

import pytest
import yaml

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cohort.committee.from_store import load_committee
from HCCResponseLib.report.flat.tables import export_flat, flat_tables
from HCCResponseLib.report.sdtm.export import export_sdtm
from HCCResponseLib.report.subject.output import write_result
from HCCResponseLib.report.tables.files import read_csv
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.response.types import LesionRole, Response, VersusLast
from HCCResponseLib.review.decisions.decide import decide
from HCCResponseLib.review.decisions.decisions_file import apply_decisions
from HCCResponseLib.review.decisions.reader_rows import set_site, set_visit
from HCCResponseLib.review.read.category import category, roles
from HCCResponseLib.review.read.facts import Marker, Site, Visit
from HCCResponseLib.review.read.records import Action, Decision
from HCCResponseLib.review.read.state import read_state
from reads import BASELINE, FOLLOW_UP, GRID, accept_with_a_look, lesion, make_read

AFP = ("AFP", Decimal("7.0"), "ug/L")
SECOND = "follow-up 2"


def marker(value):
    name, limit, unit = AFP
    return Marker(name, Decimal(value), limit, unit)


def applied(folder, store, state, **content):
    (folder / "d.yaml").write_text(yaml.safe_dump({"reader": "Dr A", **content}))
    grids = dict.fromkeys((BASELINE, FOLLOW_UP, SECOND), GRID)
    return apply_decisions(store, state, folder / "d.yaml", grids)


@pytest.fixture
def gone(tmp_path):
    """One lesion that has disappeared at follow-up."""
    store, state = make_read(
        tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 30), lesion(FOLLOW_UP, "L1", None)]
    )
    accept_with_a_look(store, state, "Dr A")
    yield store, state
    store.close()


NEEDS_AFP = {"markers_required_for_cr": ["AFP"]}


@pytest.mark.parametrize(
    ("visit", "overall"),
    [
        (Visit((marker("7.0"),)), Response.CR),
        (Visit((marker("7.1"),)), Response.PR),
        (Visit(markers_normal=True), Response.CR),
        (Visit(markers_normal=False), Response.PR),
        (Visit((Marker("CEA", Decimal(1), Decimal(5)),)), Response.PR),
        (Visit(), Response.PR),
    ],
)
def test_cr_is_blocked_by_an_abnormal_afp_and_reached_by_a_normal_one(gone, visit, overall):
    store, state = gone
    set_visit(store, state, "Dr A", FOLLOW_UP, visit)
    profile = load_profile("recist-1.1", NEEDS_AFP)
    assert category(read_state(store), profile).latest.overall is overall
    assert category(state, load_profile("recist-1.1")).latest.overall is Response.CR


def test_markers_block_cr_of_non_targets_too(tmp_path):
    rows = [lesion(p, n, d) for n in ("L1", "L2") for p, d in ((BASELINE, 30), (FOLLOW_UP, None))]
    store, state = make_read(tmp_path / "read.sqlite", rows)
    decide(store, state, Decision("Dr A", BASELINE, "L2", Action.ACCEPT, LesionRole.NON_TARGET))
    accept_with_a_look(store, state, "Dr A")
    profile = load_profile("recist-1.1", NEEDS_AFP)
    found = []
    for value in ("400", "3"):
        set_visit(store, state, "Dr A", FOLLOW_UP, Visit((marker(value),)))
        latest = category(state, profile).latest
        found.append((latest.non_target, latest.overall))
    assert found == [(Response.NON_CR_NON_PD, Response.PR), (Response.CR, Response.CR)]
    store.close()


@pytest.mark.parametrize("said_of", ["visit", "lesion"])
@pytest.mark.parametrize(("versus", "last"), [("larger", Response.ICPD), ("same", Response.IUPD)])
def test_non_targets_that_grow_further_confirm_progression(tmp_path, said_of, versus, last):
    points = (BASELINE, FOLLOW_UP, SECOND)
    store, state = make_read(
        tmp_path / "read.sqlite", [lesion(p, n, 30) for p in points for n in ("L1", "L2")], "irecist"
    )
    rows = [{"time_point": p, "name": n, "action": "accept"} for p in points for n in ("L1", "L2")]
    rows[1]["role"] = "non-target"
    facts = {}
    if said_of == "visit":
        facts["visits"] = [{"time_point": SECOND, "non_target_versus_last": versus}]
    else:
        rows[5]["versus_last"] = versus
    judged = [{"time_point": p, "response": "PD"} for p in points[1:]]
    applied(tmp_path, store, state, decisions=rows, non_target=judged, **facts)
    evaluation = category(read_state(store), load_profile("irecist"))
    assert [p.overall for p in evaluation.time_points] == [None, Response.IUPD, last]
    store.close()


TREATED = [
    ("recist-1.1", {"treated": True}, LesionRole.NON_TARGET),
    ("recist-1.1", {"treated": True, "grown_since_treatment": True}, LesionRole.TARGET),
    ("recist-1.1", {"irradiated": True}, LesionRole.NON_TARGET),
    ("recist-1.1", {"reproducible": False}, LesionRole.NON_TARGET),
    ("recist-1.1", {"kind": "simple-cyst"}, LesionRole.NON_TARGET),
    ("mrecist", {"treated": True}, LesionRole.NON_TARGET),
    ("mrecist", {"treated": True, "arterial_enhancement": True, "well_delineated": True}, LesionRole.TARGET),
    ("mrecist", {"arterial_enhancement": False}, LesionRole.NON_TARGET),
    ("mrecist", {"well_delineated": False}, LesionRole.NON_TARGET),
    ("mrecist", {"kind": "portal-vein-thrombus"}, LesionRole.NON_TARGET),
    ("recist-1.1", {}, LesionRole.TARGET),
]


@pytest.mark.parametrize(("profile", "facts", "role"), TREATED)
def test_a_lesion_treated_by_tace_is_not_offered_as_target(tmp_path, profile, facts, role):
    store, state = make_read(tmp_path / "read.sqlite", [lesion(BASELINE, "L1", 30)], profile)
    row = {"time_point": BASELINE, "name": "L1", "action": "accept"}
    applied(tmp_path, store, state, decisions=[row], sites=[{"name": "L1", **facts}])
    offered, reason = roles(read_state(store), load_profile(profile))["L1"]
    assert offered is role, reason
    store.close()


@pytest.mark.parametrize(
    ("facts", "role"),
    [
        ({"hilar": True}, LesionRole.NON_TARGET),
        ({"station": "porta hepatis"}, LesionRole.NON_TARGET),
        ({"station": "coeliac"}, LesionRole.TARGET),
    ],
)
def test_a_hilar_node_needs_twenty_millimetres_under_mrecist(tmp_path, facts, role):
    store, state = make_read(tmp_path / "read.sqlite", [lesion(BASELINE, "N1", 17)], "mrecist")
    accept_with_a_look(store, state, "Dr A")
    set_site(store, state, "Dr A", "N1", Site("abdomen", lymph_node=True, **facts))
    assert roles(state, load_profile("mrecist"))["N1"][0] is role
    store.close()


def test_everything_comes_back_from_the_store(gone):
    store, state = gone
    site = Site(
        "liver", "VIII", station="x", hilar=False, kind="cystic", treated=True, irradiated=True,
        grown_since_treatment=False, arterial_enhancement=True, well_delineated=False, reproducible=True,
    )  # fmt: skip
    visit = Visit((marker("12.5"),), False, VersusLast.SMALLER)
    set_site(store, state, "Dr A", "L1", site)
    set_visit(store, state, "Dr A", FOLLOW_UP, visit)
    row = state.row(FOLLOW_UP, "L1").decision
    decide(store, state, Decision("Dr A", FOLLOW_UP, "L1", row.action, versus_last=VersusLast.SMALLER))
    again = read_state(store)
    assert (again.site("L1"), again.visit(FOLLOW_UP)) == (site, visit)
    assert again.row(FOLLOW_UP, "L1").decision.versus_last is VersusLast.SMALLER


def test_sites_of_older_reads_say_no_more_than_they_did(gone):
    store, _ = gone
    old = {"time_point": BASELINE, "name": "L1", "organ": "lung", "segment": "S6", "lymph_node": False}
    store.append("Dr A", "site", old)
    assert read_state(store).site("L1") == Site("lung", "S6")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"sites": [{"name": "L9"}]}, "There is no lesion 'L9'"),
        ({"sites": [{"name": "L1", "kind": "cyst"}]}, "'cyst' of 'L1' is no kind of lesion"),
        ({"sites": [{"name": "L1", "grown_since_treatment": True}]}, "not called treated"),
        ({"sites": [{"name": "L1", "treeted": True}]}, "treeted"),
        ({"visits": [{"time_point": "week 9"}]}, "no time point 'week 9'"),
        (
            {"visits": [{"time_point": FOLLOW_UP, "markers": [{"name": "AFP", "value": float("nan"), "limit": 7}]}]},
            "'nan' is not a number",
        ),
        (
            {"visits": [{"time_point": FOLLOW_UP, "markers": [{"name": "AFP", "value": 5, "limit": 0}]}]},
            "no amount of a tumour marker",
        ),
        (
            {"visits": [{"time_point": FOLLOW_UP, "markers_normal": True,
                         "markers": [{"name": "AFP", "value": 9, "limit": 7}]}]},
            "one is above its limit",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_kept(tmp_path, gone, content, message):
    store, state = gone
    before = [e.hash for e in store.events()]
    with pytest.raises(InputError, match=message):
        applied(tmp_path, store, state, **content)
    assert [e.hash for e in store.events()] == before


def test_everything_that_was_said_reaches_the_exports(tmp_path, gone):
    store, state = gone
    facts = Site("liver", "VIII", irradiated=True, grown_since_treatment=True, reproducible=True)
    set_site(store, state, "Dr A", "L1", facts)
    set_visit(store, state, "Dr A", FOLLOW_UP, Visit((marker("12.5"),), None, VersusLast.SMALLER))
    committee = load_committee([tmp_path / "read.sqlite"], include_unsigned=True)
    _, points, lesions, _ = flat_tables(committee)
    last = points.rows[-1]
    assert (last["markers"], last["markers_normal"]) == ("AFP 12.5 (up to 7.0) ug/L", "no")
    assert (last["non_target_versus_last"], last["sum_unit"]) == (VersusLast.SMALLER, "mm")
    said = {name: lesions.rows[0][name] for name in ("segment", "irradiated", "treated", "hilar")}
    assert said == {"segment": "VIII", "irradiated": "yes", "treated": "no", "hilar": None}
    export_flat(committee, tmp_path / "flat")
    export_sdtm(committee, tmp_path / "sdtm", "ST1")
    assert [row["QNAM"] for row in read_csv(tmp_path / "sdtm" / "supptu.csv").rows] == ["PREVIR", "PREVIRP"]
    assert "MARKNORM" in (tmp_path / "sdtm" / "supprs.csv").read_text()
    result = write_result(tmp_path, state, load_profile("recist-1.1"), None)
    assert result["sites"]["L1"]["irradiated"] is True
    assert result["time_points"][1]["visit"]["markers"][0]["value"] == "12.5"
