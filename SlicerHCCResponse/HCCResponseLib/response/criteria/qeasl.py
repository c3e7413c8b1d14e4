"""qEASL (Lin 2014, Chapiro 2015): enhancing volume; all differences are profile fields."""

from HCCResponseLib.response.criteria import Criterion
from HCCResponseLib.response.timepoint.sequence import evaluate_sequence

CRITERION = Criterion(name="qEASL", profile="qeasl", evaluate=evaluate_sequence)
