"""WHO (Miller 1981): sum of products, single lesions may progress; all differences are profile fields."""

from HCCResponseLib.response.criteria import Criterion
from HCCResponseLib.response.timepoint.sequence import evaluate_sequence

CRITERION = Criterion(name="WHO", profile="who", evaluate=evaluate_sequence)
