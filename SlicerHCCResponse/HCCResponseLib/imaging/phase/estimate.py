"""The contrast phase as the picture shows it: aorta against soft tissue.

Before contrast medium next to nothing but bone is brighter than 85 HU. In the arterial phase the aorta is at least
about twice as bright as liver, spleen and kidneys together, in the portal venous phase hardly brighter. The limits were
set on the 20 CTs whose phase is known to the project (docs/models.md); a weakly enhanced or a delayed scan gets no
answer.
"""

import numpy as np
from scipy import ndimage

from HCCResponseLib.imaging.phase.aorta import CoarseScan, aorta_hu
from HCCResponseLib.imaging.phase.phases import Phase, PhaseFinding, phase_in_words, phase_that_counts
from HCCResponseLib.imaging.volumes import Volume

_SOFT_HU, _BONE_HU = (0.0, 300.0), 280.0
_BRIGHT_HU = 85.0
# Share of the soft tissue that is brighter than that.
_NATIVE_SHARE, _ENHANCED_SHARE = 0.10, 0.20
# Aorta over upper quartile of the soft tissue.
_PORTAL_RATIO, _ARTERIAL_RATIO = 1.5, 1.9
_ENHANCED_AORTA_HU, _ARTERIAL_AORTA_HU = 100.0, 200.0
_LEAST_MM = 40.0


def phase_of(volume: Volume, words: str | None = None) -> PhaseFinding:
    """The phase that counts for a CT: what the study and its headers say, held against the picture.

    Args:
        words: what the study says of it; it goes before what the headers say.
    """
    said = PhaseFinding(phase_in_words(words or ""), f"the study says '{words}'")
    if said.phase is Phase.UNKNOWN:
        said = volume.stated_phase or said
    return phase_that_counts(said, estimate_phase(volume))


def estimate_phase(volume: Volume) -> PhaseFinding:
    """The phase by the picture alone; unknown where it is too short, cropped or between two phases. About 1 s."""
    scan = CoarseScan.of(volume)
    soft = _soft_tissue(scan)
    if len(scan.hu) * scan.spacing[0] < _LEAST_MM or not soft.size:
        return PhaseFinding(Phase.UNKNOWN, "the scan is too short to tell by the picture")
    share, tissue = float((soft > _BRIGHT_HU).mean()), float(np.percentile(soft, 75))
    aorta = aorta_hu(scan)
    phase, why = _by_numbers(share, tissue, aorta)
    return PhaseFinding(phase, why, aorta, tissue)


def _by_numbers(share: float, tissue: float, aorta: float | None) -> tuple[Phase, str]:
    """The phase and why, from the share of bright soft tissue, its upper quartile and the aorta, HU."""
    if share < _NATIVE_SHARE and (aorta is None or aorta < _ENHANCED_AORTA_HU):
        bright = f"{100 * share:.0f} % of the soft tissue is above {_BRIGHT_HU:.0f} HU"
        return Phase.NATIVE, f"no enhanced aorta is seen, and {bright}"
    if aorta is None:
        return Phase.UNKNOWN, "the aorta was not found in the picture"
    seen = f"the aorta has {aorta:.0f} HU, soft tissue {tissue:.0f} HU"
    if aorta >= max(_ARTERIAL_RATIO * tissue, _ARTERIAL_AORTA_HU):
        return Phase.ARTERIAL, seen
    if share >= _ENHANCED_SHARE and _ENHANCED_AORTA_HU <= aorta <= _PORTAL_RATIO * tissue:
        return Phase.PORTAL, seen
    return Phase.UNKNOWN, f"{seen}, which fits no phase for certain"


def _soft_tissue(scan: CoarseScan) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """HU of soft tissue away from bone and from borders."""
    bone = ndimage.binary_dilation(scan.hu > _BONE_HU, iterations=2)
    soft = (scan.hu > _SOFT_HU[0]) & (scan.hu < _SOFT_HU[1]) & ~bone
    return np.asarray(scan.hu[ndimage.binary_erosion(soft)])
