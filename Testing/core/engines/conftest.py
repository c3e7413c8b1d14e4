"""The adapted engine registers itself where the pipeline is loaded."""

import HCCResponseLib.pipeline  # noqa: F401
