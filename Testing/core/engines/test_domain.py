"""The domain of a model: stated in its card, held against a scan, widened by what it was adapted to."""

from dataclasses import replace

import pytest

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.engines.contract import Domain, EngineInfo
from HCCResponseLib.engines.domain import ScanFacts, card_domain, check_domain, domain_of, widened
from HCCResponseLib.imaging.phase.phases import Phase, PhaseFinding
from HCCResponseLib.nets.card import DRAWN_DOMAIN
from HCCResponseLib.pipeline.engines import engine_named, engines

FCD = engine_named("fcd")
SHIPPED = domain_of(FCD, None)
CARD = "---\nname: mine\ndomain:\n  modality: CT\n  phases: [arterial]\n  slice_thickness_mm: [1, 3]\n---\n# mine\n"


def facts(phase=Phase.PORTAL, thickness=2.5, liver_ml=1500.0, liver_hu=105.0) -> ScanFacts:
    return ScanFacts(PhaseFinding(phase, "the aorta has 150 HU"), thickness, liver_ml, liver_hu)


def test_the_shipped_weights_state_their_domain():
    assert Domain("CT", (Phase.PORTAL,), (0.5, 5.0), (400.0, 5000.0), (20.0, 220.0)) == SHIPPED
    # What 'train' writes for weights that have seen phantoms alone, as these have.
    assert {**vars(SHIPPED), "modality": "CT"} == {
        name: tuple(value) if isinstance(value, list) else value for name, value in DRAWN_DOMAIN.items()
    }


def test_a_scan_of_the_domain_needs_no_word():
    verdict = check_domain("network", SHIPPED, facts())
    assert (verdict.outside, verdict.words) == ((), ())


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            facts(Phase.NATIVE),
            "This CT is unenhanced (the aorta has 150 HU); the network was made for portal",
        ),
        (facts(Phase.ARTERIAL), "This CT is arterial"),
        (facts(Phase.DELAYED), "This CT is delayed"),
        (facts(thickness=10.0), "The slices are 10 mm thick; the network was made for 0.5 to 5 mm."),
        (facts(thickness=5.01), "The slices are 5.01 mm thick"),
        (facts(liver_ml=0.0, liver_hu=None), "No liver was found: is this another part of the body?"),
        (facts(liver_ml=180.0), "The liver that was found has 180 mL; plausible are 400 to 5000 mL"),
        (facts(liver_ml=9000.0), "The liver that was found has 9000 mL"),
        (facts(liver_hu=-60.0), "What was taken for the liver has -60 HU; plausible are 20 to 220 HU."),
    ],
)
def test_what_lies_outside_is_said(found, said):
    verdict = check_domain("network", SHIPPED, found)
    assert len(verdict.outside) == 1
    assert verdict.outside[0].startswith(said)
    assert verdict.words[0].startswith("Outside what the network was made for: look at every proposal")
    assert verdict.as_dict()["outside"] == list(verdict.outside)


def test_the_borders_belong_to_the_domain():
    for found in (facts(thickness=5.0), facts(thickness=0.5), facts(liver_ml=400.0), facts(liver_hu=20.0)):
        assert check_domain("network", SHIPPED, found).outside == ()


def test_a_phase_that_is_not_known_is_said_and_is_not_outside():
    verdict = check_domain("network", SHIPPED, facts(Phase.UNKNOWN))
    assert verdict.outside == ()
    assert verdict.words == (
        "The contrast phase is not known (the aorta has 150 HU); the network was made for portal venous CT.",
    )


def test_an_engine_without_a_domain_says_so():
    verdict = check_domain("engine nnunet", None, facts(Phase.NATIVE, 10.0, 0.0))
    assert verdict.outside == ()
    (words,) = verdict.words
    assert "domain not stated" in words
    assert verdict.as_dict()["stated"] is False


def test_every_engine_states_a_domain_or_that_it_has_none():
    stated = {info.name: domain_of(info, None) for info in engines()}
    assert stated["fcd"] == SHIPPED
    assert stated["nnunet"] is None


def test_a_card_beside_the_weights_goes_before_the_engine(tmp_path):
    own = EngineInfo("x", "x", frozenset(), "", "", "", domain=SHIPPED)
    weights = tmp_path / "mine.safetensors"
    assert domain_of(own, weights) == SHIPPED
    assert domain_of(FCD, weights) is None  # the shipped card is that of the shipped weights alone
    (tmp_path / "mine.md").write_text(CARD)
    assert domain_of(own, weights) == domain_of(FCD, weights) == Domain("CT", (Phase.ARTERIAL,), (1.0, 3.0))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("phases:", "fases:"), "fases: is not known here"),
        (("arterial", "artrial"), "domain: phases, entry 1: must be one of"),
        (("modality: CT", "modality: MR"), "modality: must be one of"),
        (("[1, 3]", "[1]"), "slice_thickness_mm"),
    ],
)
def test_a_card_with_a_wrong_domain_is_refused_by_name(tmp_path, change, said):
    card = tmp_path / "mine.md"
    card.write_text(CARD.replace(*change))
    with pytest.raises(ModelError, match=said) as refused:
        card_domain(card)
    assert str(card) in str(refused.value)


@pytest.mark.parametrize("text", ["# a card without facts\n", "---\nname: mine\n---\n", "plain"])
def test_a_card_that_states_none_states_none(tmp_path, text):
    card = tmp_path / "mine.md"
    card.write_text(text)
    assert card_domain(card) is None


def test_an_adapted_network_knows_the_scans_it_has_learned_from():
    native = facts(Phase.NATIVE, 10.0)
    adapted = widened(SHIPPED, (native, facts(Phase.UNKNOWN, 2.0)))
    assert adapted.phases == (Phase.PORTAL, Phase.NATIVE)
    assert adapted.slice_thickness_mm == (0.5, 10.0)
    same = replace(native, liver_ml=None, liver_hu=None)
    assert check_domain("adapted network", adapted, same).outside == ()
    other = check_domain("adapted network", adapted, replace(same, phase=facts(Phase.ARTERIAL).phase))
    assert "made for portal venous or unenhanced CT" in other.outside[0]
