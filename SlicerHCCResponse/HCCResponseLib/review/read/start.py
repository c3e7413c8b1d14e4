"""The date that the minimum SD time of a read counts from, by the profile's ``sd_min_reference`` (RECIST 1.1, 4.5)."""

from datetime import date

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.imaging.study import Study
from HCCResponseLib.response.profiles.load import Profile

#: By ``sd_min_reference``: field of study.yaml, and what it is in words.
START_FIELDS = {
    "randomisation": ("randomisation_date", "randomisation"),
    "first-dose": ("first_dose_date", "the first dose"),
}


def start_of(study: Study, profile: Profile) -> date | None:
    """The date; ``None`` where the study does not have it, as in reads that were begun before it could be given."""
    known = {
        "baseline-scan": study.timepoints[0].date,
        "randomisation": study.randomisation_date,
        "first-dose": study.first_dose_date,
    }
    return known[profile.sd_min_reference]


def require_start(study: Study, profile: Profile) -> None:
    """Refuse to begin a read without it. Raises ``InputError``."""
    if start_of(study, profile) is None:
        field, words = START_FIELDS[profile.sd_min_reference]
        raise InputError(
            f"Profile '{profile.name}' counts the minimum time of stable disease from {words}: write "
            f"'{field}: 2024-01-31' (year-month-day) below 'subject' in the study file."
        )
