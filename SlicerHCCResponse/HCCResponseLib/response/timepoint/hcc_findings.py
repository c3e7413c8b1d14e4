"""New liver nodules and effusions in mRECIST: when they are progression (Lencioni & Llovet 2010)."""

from decimal import Decimal

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.response.numbers import length_text
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import NewLesionStatus


def nodule_status(
    size_mm: Decimal, typical: bool, profile: Profile, growth_mm: Decimal | None = None
) -> tuple[NewLesionStatus, str]:
    """How certain a new liver nodule is as HCC, and why.

    Args:
        size_mm: long axis now, mm.
        typical: arterial hyperenhancement with washout in the portal venous or late phase.
        profile: fields ``hcc_nodule_min_mm`` and ``hcc_nodule_growth_mm``.
        growth_mm: growth since the nodule was first seen, mm; None at its first time point.

    Returns:
        Unequivocal from the minimum size with the typical pattern, or after enough growth without it; else equivocal.

    Raises:
        RuleError: a negative size.
    """
    if size_mm < 0:
        raise RuleError(f"A nodule cannot have the negative size {size_mm}.")
    smallest, needed = profile.hcc_nodule_min_mm, profile.hcc_nodule_growth_mm
    source = profile.source_of("hcc_nodule_min_mm")
    if typical and size_mm >= smallest:
        why = f"HCC: {length_text(size_mm)} mm with the typical pattern ({source})"
        return NewLesionStatus.UNEQUIVOCAL, why
    if size_mm >= smallest and growth_mm is not None and growth_mm >= needed:
        return NewLesionStatus.UNEQUIVOCAL, f"HCC: has grown by {length_text(growth_mm)} mm ({source})"
    what = "typical" if typical else "not typical"
    return NewLesionStatus.EQUIVOCAL, f"not certain yet: {length_text(size_mm)} mm, {what} ({source})"


def effusion_is_progression(worse: bool, malignant_cells: bool | None, profile: Profile) -> tuple[bool, str]:
    """Whether a new or growing effusion or ascites may count as progression, and why.

    Args:
        worse: the reader sees a new or clearly larger effusion.
        malignant_cells: result of cytology; None when it was not done.
        profile: field ``effusion_needs_cytology``.
    """
    source = profile.source_of("effusion_needs_cytology")
    if not worse:
        return False, f"no new or larger effusion ({source})"
    if profile.effusion_needs_cytology and malignant_cells is not True:
        return False, f"effusion without proof of malignant cells is not progression ({source})"
    return True, f"effusion counts as the reader judged it ({source})"
