"""``hcc-nodule`` and ``effusion``: when a new liver nodule or an effusion is progression (mRECIST)."""

from HCCResponseLib.base.errors import RuleError
from HCCResponseLib.cli.questions.base import Answer, QuestionContext, answers
from HCCResponseLib.cli.questions.fields import Fields
from HCCResponseLib.response.timepoint.hcc_findings import effusion_is_progression, nodule_status


@answers("hcc-nodule")
def nodule(given: Fields, setting: QuestionContext) -> Answer:
    """How certain a new liver nodule is: the new-lesion status for ``timepoint-response``."""
    size = given.only("long", "typical", "growth").length("long")
    typical = given.flag("typical")
    if size is None or typical is None:
        raise RuleError("'given' needs the nodule's 'long' axis in mm and whether its pattern is 'typical'.")
    status, why = nodule_status(size, typical, setting.profile, given.length("growth"))
    return Answer({"new_lesion": status.value}, (why,))


@answers("effusion")
def effusion(given: Fields, setting: QuestionContext) -> Answer:
    """Whether a new or larger effusion or ascites may count as progression."""
    worse = given.only("worse", "malignant_cells").flag("worse")
    if worse is None:
        raise RuleError("'given.worse' is missing: is there a new or clearly larger effusion?")
    progression, why = effusion_is_progression(worse, given.flag("malignant_cells"), setting.profile)
    return Answer({"progression": progression}, (why,))
