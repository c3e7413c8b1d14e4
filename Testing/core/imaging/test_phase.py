"""The contrast phase: by the words of headers and study files, by the picture, and which of them counts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dicom_series import write_series
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.phase.estimate import estimate_phase, phase_of
from HCCResponseLib.imaging.phase.phases import (
    Phase,
    PhaseFinding,
    phase_in_words,
    phase_of_delay,
    phase_that_counts,
)
from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.volumes import AIR_HU, Volume
from HCCResponseLib.synth.anatomy import draw_anatomy
from HCCResponseLib.synth.render import centred_geometry, render

# HU of liver, vessels, spleen, kidneys, aorta, bone (the drawn aorta touches the spine: darker bone hides it); muscle
# and fat stay as drawn.
PHASES = {
    Phase.NATIVE: (55.0, 40.0, 48.0, 32.0, 42.0, 340.0),
    Phase.ARTERIAL: (70.0, 90.0, 110.0, 170.0, 320.0, 340.0),
    Phase.PORTAL: (110.0, 165.0, 120.0, 180.0, 155.0, 340.0),
}
DESCRIPTION, ACQUIRED, AGENT, INJECTED = "0008|103e", "0008|0032", "0018|0010", "0018|1042"
NAMES = ("liver", "vessel", "spleen", "kidney", "aorta", "bone")


def drawn(phase: Phase, seed: int = 1, slices: float = 5.0) -> Volume:
    anatomy = draw_anatomy(np.random.default_rng(seed))
    anatomy = replace(anatomy, hu={**anatomy.hu, **dict(zip(NAMES, PHASES[phase], strict=True))})
    geometry = centred_geometry((round(200 / slices), 80, 112), (slices, 3.0, 3.0))
    return render(anatomy, (), geometry, np.random.default_rng(seed)).volume


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("phase", PHASES)
def test_the_phase_of_a_phantom_is_seen(phase, seed):
    assert estimate_phase(drawn(phase, seed)).phase is phase


@pytest.mark.parametrize("phase", PHASES)
def test_the_phase_is_seen_on_thick_slices(phase):
    assert estimate_phase(drawn(phase, slices=10.0)).phase is phase


def test_the_aorta_is_measured():
    assert estimate_phase(drawn(Phase.ARTERIAL)).aorta_hu == pytest.approx(320, abs=15)
    assert estimate_phase(drawn(Phase.NATIVE)).aorta_hu is None


def test_a_scan_that_shows_too_little_has_no_phase():
    whole = drawn(Phase.PORTAL)
    thin = Volume(whole.hu[:4], replace(whole.geometry, size=(4, 80, 112)))
    assert estimate_phase(thin).phase is Phase.UNKNOWN
    air = Volume(np.full((20, 40, 40), AIR_HU, np.int16), Geometry((20, 40, 40), (5.0, 3.0, 3.0)))
    assert estimate_phase(air).phase is Phase.UNKNOWN
    # Enhanced liver, no aorta in the field of view: that there is contrast medium does not say when.
    right = Volume(
        np.ascontiguousarray(whole.hu[:, :, :45]), replace(whole.geometry, size=(len(whole.hu), 80, 45))
    )
    assert estimate_phase(right).phase is Phase.UNKNOWN


@pytest.mark.parametrize(
    ("words", "phase"),
    [
        ("PRE LIVER", Phase.NATIVE),
        ("Abdomen nativ 5.0", Phase.NATIVE),
        ("w/o  non-contrast", Phase.NATIVE),
        ("LATE ARTERIAL 2.5", Phase.ARTERIAL),
        ("Liver_art_1mm", Phase.ARTERIAL),
        ("PORTAL VENOUS PHASE", Phase.PORTAL),
        ("Leber portalvenös", Phase.PORTAL),
        ("PV 70s", Phase.PORTAL),
        ("delayed 3 min", Phase.DELAYED),
        ("pre-TACE", Phase.UNKNOWN),
        ("PRE TREATMENT PORTAL", Phase.PORTAL),
        ("arterial + portal", Phase.UNKNOWN),
        ("Standard", Phase.UNKNOWN),
        ("CT ABDOMEN W&W/O CONT", Phase.UNKNOWN),
        ("", Phase.UNKNOWN),
    ],
)
def test_words_name_one_phase_or_none(words, phase):
    assert phase_in_words(words) is phase


@pytest.mark.parametrize(
    ("seconds", "phase"),
    [
        (30, Phase.ARTERIAL),
        (70, Phase.PORTAL),
        (180, Phase.DELAYED),
        (50, Phase.UNKNOWN),
        (-5, Phase.UNKNOWN),
    ],
)
def test_the_time_since_the_injection_is_used_where_it_leaves_no_doubt(seconds, phase):
    assert phase_of_delay(seconds) is phase
    assert phase_of_delay(float("nan")) is Phase.UNKNOWN


@pytest.mark.parametrize(
    ("said", "seen", "counts"),
    [
        (Phase.UNKNOWN, Phase.ARTERIAL, Phase.ARTERIAL),
        (Phase.PORTAL, Phase.UNKNOWN, Phase.PORTAL),
        (Phase.PORTAL, Phase.PORTAL, Phase.PORTAL),
        (Phase.PORTAL, Phase.NATIVE, Phase.NATIVE),
        (Phase.NATIVE, Phase.PORTAL, Phase.PORTAL),
        (Phase.DELAYED, Phase.PORTAL, Phase.DELAYED),
        (Phase.ARTERIAL, Phase.PORTAL, Phase.UNKNOWN),
    ],
)
def test_words_and_picture_are_held_against_each_other(said, seen, counts):
    found = phase_that_counts(PhaseFinding(said, "it is called so"), PhaseFinding(seen, "it looks so", 150.0))
    assert found.phase is counts
    assert found.aorta_hu == 150.0
    assert "it looks so" in found.why


def test_the_study_goes_before_the_headers():
    scan = replace(drawn(Phase.PORTAL), stated_phase=PhaseFinding(Phase.NATIVE, "the series is called 'PRE'"))
    assert phase_of(scan).phase is Phase.PORTAL
    assert "but the aorta" in phase_of(scan).why
    assert phase_of(scan, "delayed").phase is Phase.DELAYED
    assert phase_of(scan, "5 mm soft").why == phase_of(scan).why


@pytest.mark.parametrize(
    ("elements", "phase"),
    [
        ({DESCRIPTION: "PORTAL VENOUS"}, Phase.PORTAL),
        ({ACQUIRED: "101010.5", INJECTED: "100935"}, Phase.ARTERIAL),
        ({ACQUIRED: "10", INJECTED: "100935"}, None),
        ({AGENT: "Omnipaque 300"}, None),
    ],
)
def test_headers_of_a_series_name_the_phase(tmp_path, elements, phase):
    write_series(tmp_path, changed=elements)
    stated = read_volume(tmp_path).stated_phase
    assert (stated and stated.phase) == phase


REAL = {
    "hcc_007/BL_19971227_portal.nii.gz": Phase.PORTAL,
    "hcc_009/BL_19980215_arterial.nii.gz": Phase.ARTERIAL,
    "hcc_009/FU_19980320_portal.nii.gz": Phase.PORTAL,
    "hcc_015/BL_19981101_arterial.nii.gz": Phase.ARTERIAL,
    "crlm/CRLM-CT-1006_portal.nii.gz": Phase.PORTAL,
    "chaos_ct3/ct.nii.gz": Phase.PORTAL,
}


@pytest.mark.slow
@pytest.mark.parametrize("thick", [False, True], ids=["as acquired", "slices of 10 mm"])
@pytest.mark.parametrize("name", REAL)
def test_the_phase_of_a_real_scan_is_seen(real_data: Path, name, thick):
    scan = read_volume(real_data / name)
    assert estimate_phase(in_thick_slices(scan) if thick else scan).phase is REAL[name]


def in_thick_slices(scan: Volume, slices: float = 10.0) -> Volume:
    grid = scan.geometry
    factor = round(slices / grid.spacing[0])
    count = grid.size[0] // factor
    mean = scan.hu[: count * factor].reshape(count, factor, *grid.size[1:]).mean(axis=1)
    coarse = replace(
        grid, size=(count, *grid.size[1:]), spacing=(grid.spacing[0] * factor, *grid.spacing[1:])
    )
    return Volume(np.rint(mean).astype(np.int16), coarse)
