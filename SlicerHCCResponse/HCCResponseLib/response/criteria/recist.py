"""RECIST 1.1 (Eisenhauer 2009; Schwartz 2016)."""

from HCCResponseLib.response.criteria import Criterion
from HCCResponseLib.response.timepoint.sequence import evaluate_sequence

CRITERION = Criterion(name="RECIST 1.1", profile="recist-1.1", evaluate=evaluate_sequence)
