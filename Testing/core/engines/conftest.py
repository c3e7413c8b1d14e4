"""With the adapted engine in the list, as every user of engines sees it."""

import HCCResponseLib.pipeline.engines  # noqa: F401
