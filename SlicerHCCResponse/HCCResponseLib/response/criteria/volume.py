"""Volume, sphere-equivalent of RECIST; all differences are profile fields."""

from HCCResponseLib.response.criteria import Criterion
from HCCResponseLib.response.timepoint.sequence import evaluate_sequence

CRITERION = Criterion(name="volume", profile="volume", evaluate=evaluate_sequence)
