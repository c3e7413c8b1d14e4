"""In a real Slicer: reloading the module goes on with the read that was open.

Slicer --testing --no-splash --python-script Testing/slicer/test_reload.py
"""

import sys
import tempfile
import unittest
from pathlib import Path

import slicer


class TestReload(unittest.TestCase):
    def test_reload(self):
        from HCCResponseLib.panel.self_test import SmallCaseTest

        slicer.util.selectModule("HCCResponse")
        widget = slicer.util.getModuleWidget("HCCResponse")
        with tempfile.TemporaryDirectory(prefix="hcc-response-") as folder:
            case = SmallCaseTest(widget, Path(folder))
            case.open()
            case.accept_everything()
            widget.onReload()
            again = slicer.util.getModuleWidget("HCCResponse")
            self.assertIn("PR", again.ui.categoryLabel.text)
            again.panel.close()


def main():
    from HCCResponseLib.panel.error_watch import ErrorWatch

    with ErrorWatch() as watch:
        result = unittest.TextTestRunner(verbosity=2).run(
            unittest.defaultTestLoader.loadTestsFromTestCase(TestReload)
        )
    slicer.util.exit(0 if result.wasSuccessful() and not watch.found else 1)


if __name__ == "__main__" and "--no-exit" not in sys.argv:
    main()
