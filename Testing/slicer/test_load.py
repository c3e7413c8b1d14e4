"""In a real Slicer: the module is there, its panel opens, its resources are found.

Slicer --testing --no-splash --python-script Testing/slicer/test_load.py
"""

import sys
import unittest
from pathlib import Path

import slicer


class TestLoad(unittest.TestCase):
    def test_module_and_resources(self):
        self.assertTrue(hasattr(slicer.modules, "hccresponse"), "the module HCCResponse is not loaded")
        slicer.util.selectModule("HCCResponse")
        widget = slicer.util.getModuleWidget("HCCResponse")
        for name in (
            "UI/HCCResponse.ui",
            "Icons/HCCResponse.png",
            "Profiles/recist-1.1.yaml",
            "requirements.txt",
        ):
            self.assertTrue(Path(widget.resourcePath(name)).is_file(), name)
        self.assertIsNotNone(widget.ui.openButton)

    def test_missing_packages_are_named_or_the_panel_is_there(self):
        widget = slicer.util.getModuleWidget("HCCResponse")
        if widget.panel is None:
            self.assertIn("not installed", widget.ui.installLabel.text)
        else:
            self.assertTrue(widget.ui.studySection.enabled)


def main():
    from HCCResponseLib.panel.error_watch import ErrorWatch

    with ErrorWatch() as watch:
        result = unittest.TextTestRunner(verbosity=2).run(
            unittest.defaultTestLoader.loadTestsFromTestCase(TestLoad)
        )
    slicer.util.exit(0 if result.wasSuccessful() and not watch.found else 1)


if __name__ == "__main__" and "--no-exit" not in sys.argv:
    main()
