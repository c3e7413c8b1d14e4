"""``SampleData``: what is offered there is kept, and refused where the application would raise."""

import types
from collections.abc import Callable
from typing import Any

import slicer


class SampleDataLogic:
    """Registers sources under ``slicer.modules.sampleDataSources`` by category."""

    @staticmethod
    def registerCustomSampleDataSource(
        category: str = "Custom",
        sampleName: str | None = None,
        uris: Any = None,
        fileNames: Any = None,
        nodeNames: Any = None,
        customDownloader: Callable[[Any], Any] | None = None,
        **others: Any,
    ) -> None:
        """Keep a source. A string stands for one file; lists of unequal length, and None, are refused.

        Raises:
            TypeError: one of the three has no length, as in the application.
            ValueError: their lengths differ, or there is no name to show on the button.
        """
        if isinstance(uris, str):
            uris, fileNames, nodeNames = [uris], [fileNames], [nodeNames]
        if not len(uris) == len(fileNames) == len(nodeNames):
            raise ValueError("All fields of sample data source must have the same length")
        if not (sampleName or nodeNames):
            raise ValueError("a source without a name cannot be shown")
        source = types.SimpleNamespace(
            sampleName=sampleName, uris=uris, customDownloader=customDownloader, **others
        )
        kept = vars(slicer.modules).setdefault("sampleDataSources", {})
        kept.setdefault(category, []).append(source)


def make_sample_data() -> types.ModuleType:
    """The module ``SampleData``."""
    module = types.ModuleType("SampleData")
    module.SampleDataLogic = SampleDataLogic
    return module
