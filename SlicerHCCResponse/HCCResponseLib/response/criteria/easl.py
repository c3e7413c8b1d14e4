"""EASL (Bruix 2001): product of the enhancing tissue; all differences are profile fields."""

from HCCResponseLib.response.criteria import Criterion
from HCCResponseLib.response.timepoint.sequence import evaluate_sequence

CRITERION = Criterion(name="EASL", profile="easl", evaluate=evaluate_sequence)
