"""A computer without PyTorch: the panel says what is missing, loads nothing unasked, and comes back afterwards."""

import sys
from contextlib import contextmanager

import slicer

from walks.walk import require, select_the_module


@contextmanager
def without(*names):
    """As if these modules were not installed."""
    kept = {name: sys.modules[name] for name in names if name in sys.modules}
    sys.modules.update(dict.fromkeys(names))
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(kept)


def _reload(walk):
    walk.widget.onReload()
    walk.widget = slicer.util.getModuleWidget("HCCResponse")
    walk.turn(5)


def the_offer_without_pytorch(walk):
    with without("torch", "PyTorchUtils"):
        _reload(walk)
        ui = walk.ui
        require(not ui.installFrame.isHidden(), "nothing is offered")
        require("torch" in ui.installLabel.text, ui.installLabel.text)
        require("MB to download" in ui.installLabel.text, "the size of the download is not said")
        require(not ui.studySection.isEnabled(), "a study can be opened without the packages")
        walk.picture("offer")
        ui.installButton.click()
        said = walk.watch.take()
    require(any("Install the extension 'PyTorch'" in words for words in said), f"said: {said}")


def the_panel_comes_back(walk):
    _reload(walk)
    require(walk.ui.installFrame.isHidden(), "the offer is still there")
    require(walk.ui.studySection.isEnabled(), "no study can be opened")
    require(walk.widget.panel is not None, "there is no panel")


STEPS = (select_the_module, the_offer_without_pytorch, the_panel_comes_back)
