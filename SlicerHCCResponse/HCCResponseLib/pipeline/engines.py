"""Every engine that a read can use: those of :mod:`HCCResponseLib.engines`, and the adapted network of ``adapt``.

Rooms above take engines from here, so that nobody sees the list without the adapted network in it.
"""

from HCCResponseLib.adapt import engine as adapted
from HCCResponseLib.engines.available import prompt
from HCCResponseLib.engines.registry import engine_named, engines, how_to_install, register
from HCCResponseLib.engines.run import check_engine, fetch_weights, run_engine

__all__ = [
    "ADAPTED",
    "PROMPT",
    "check_engine",
    "engine_named",
    "engines",
    "fetch_weights",
    "how_to_install",
    "run_engine",
]

ADAPTED, PROMPT = adapted.INFO.name, prompt.INFO.name
register(adapted)
