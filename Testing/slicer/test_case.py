"""In a real Slicer: a small case by the panel's own buttons, from open to category.

Slicer --testing --no-splash --python-script Testing/slicer/test_case.py
"""

import sys
import tempfile
import unittest
from pathlib import Path

import slicer


class TestCase(unittest.TestCase):
    def setUp(self):
        slicer.mrmlScene.Clear(0)
        slicer.util.selectModule("HCCResponse")
        self.widget = slicer.util.getModuleWidget("HCCResponse")
        self.assertIsNotNone(self.widget.panel, "install the packages first: button in the panel")
        folder = tempfile.TemporaryDirectory(prefix="hcc-response-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def tearDown(self):
        self.widget.panel.close()

    def test_full_case(self):
        from HCCResponseLib.panel.self_test import SmallCaseTest

        SmallCaseTest(self.widget, self.folder).run(self)

    def test_painting_with_the_segment_editor(self):
        from HCCResponseLib.panel.self_test import SmallCaseTest
        from HCCResponseLib.review.read.state import RowStatus

        SmallCaseTest(self.widget, self.folder).open()
        self.widget.ui.lesionTable.setCurrentCell(0, 3)
        self.widget.ui.editButton.click()
        editor = self.widget.ui.segmentEditor
        self.assertEqual(editor.currentSegmentID(), "L1")
        editor.setActiveEffectByName("Margin")
        effect = editor.activeEffect()
        effect.setParameter("MarginSizeMm", "2.5")
        effect.self().onApply()
        slicer.app.processEvents()
        self.assertEqual(self.widget.panel.presenter.row("baseline", "L1").status, RowStatus.PROPOSED)
        self.assertIn("draft", self.widget.ui.lesionTable.item(0, 3).text())
        self.widget.ui.doneButton.click()
        row = self.widget.panel.presenter.row("baseline", "L1")
        self.assertEqual(row.status, RowStatus.EDITED)
        self.assertGreater(float(row.long_mm), 42.0)

    def test_save_and_load_the_scene(self):
        from HCCResponseLib.panel.self_test import SmallCaseTest

        case = SmallCaseTest(self.widget, self.folder)
        case.open()
        case.accept_everything()
        saved = str(self.folder / "case.mrb")
        self.assertTrue(slicer.util.saveScene(saved))
        slicer.mrmlScene.Clear(0)
        slicer.app.processEvents()
        self.assertTrue(slicer.util.loadScene(saved))
        slicer.app.processEvents()
        self.assertIn("PR", self.widget.ui.categoryLabel.text)


def main():
    from HCCResponseLib.panel.error_watch import ErrorWatch

    with ErrorWatch() as watch:
        result = unittest.TextTestRunner(verbosity=2).run(
            unittest.defaultTestLoader.loadTestsFromTestCase(TestCase)
        )
    slicer.util.exit(0 if result.wasSuccessful() and not watch.found else 1)


if __name__ == "__main__" and "--no-exit" not in sys.argv:
    main()
