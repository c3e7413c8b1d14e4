"""Which engine looks at whole scans when nobody has chosen one."""

from HCCResponseLib.engines.environments import missing
from HCCResponseLib.engines.registry import load_engine, module_of
from HCCResponseLib.pipeline.engines import engine_named
from HCCResponseLib.pipeline.request import OURS

_PREFERRED = "totalsegmentator"


def default_engine() -> str:
    """TotalSegmentator where it is installed with all of its weights, since it has learnt from patients; else ours."""
    engine = load_engine(module_of(_PREFERRED))
    return _PREFERRED if not missing(engine.INFO) and engine.ready() else OURS


def why_default(engine: str) -> str:
    """What a reader is to know of an engine that was taken unasked; empty for ours."""
    if engine == OURS:
        return ""
    return (
        f"{engine_named(engine).title} looks for tumours, since it is installed with its weights "
        "(slow without a graphics card)."
    )
