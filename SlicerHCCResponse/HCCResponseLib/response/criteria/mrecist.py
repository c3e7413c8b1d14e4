"""mRECIST for HCC (Lencioni & Llovet 2010): RECIST on the viable part; all differences are profile fields."""

from HCCResponseLib.response.criteria import Criterion
from HCCResponseLib.response.timepoint.sequence import evaluate_sequence

CRITERION = Criterion(name="mRECIST", profile="mrecist", evaluate=evaluate_sequence)
