"""The scripted module: what Slicer loads. Everything else lives in HCCResponseLib and is imported inside functions."""

from __future__ import annotations

from pathlib import Path

from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class HCCResponse(ScriptedLoadableModule):
    """Name, category and help of the module."""

    def __init__(self, parent) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "HCC Response"
        parent.categories = ["Quantification"]
        parent.dependencies = []
        parent.contributors = ["SlicerHCCResponse contributors"]
        parent.helpText = (
            "Reader-assisted evaluation of treatment response of liver cancer on longitudinal CT: proposals are "
            "accepted or edited by a reader before a response category is computed. "
            "For research use; not cleared for clinical use."
        )
        parent.acknowledgementText = "See the README for the published methods that this module carries on."
        _set_icon(parent)


def _set_icon(parent) -> None:
    import qt

    from HCCResponseLib.resources import resource_path

    parent.icon = qt.QIcon(str(resource_path("Icons/HCCResponse.png")))


class HCCResponseWidget(ScriptedLoadableModuleWidget):
    """Assesses a study folder and shows where the report is; the reader's panel grows from here."""

    def setup(self) -> None:
        """Build the panel from ``Resources/UI/HCCResponse.ui``."""
        ScriptedLoadableModuleWidget.setup(self)
        import slicer

        from HCCResponseLib.resources import resource_path

        panel = slicer.util.loadUI(str(resource_path("UI/HCCResponse.ui")))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        self.logic = HCCResponseLogic()
        self.ui.openButton.connect("clicked(bool)", self.onOpen)

    def onOpen(self, _checked: bool = False) -> None:
        """Check the chosen study file and say what it holds."""
        import slicer

        with slicer.util.tryWithErrorDisplay("The study cannot be opened."):
            self.ui.statusLabel.setText(self.logic.describe(self.ui.studyEdit.text))


class HCCResponseLogic(ScriptedLoadableModuleLogic):
    """The same library functions that the command line calls."""

    def describe(self, study: str) -> str:
        """One sentence about a study file. Raises ``InputError`` when it cannot be used."""
        from HCCResponseLib.imaging.study import load_study

        content = load_study(Path(study))
        names = ", ".join(f"{p.name} ({p.date})" for p in content.timepoints)
        return f"{content.subject}: {names}"

    def propose(self, study: str, output: str) -> list[str]:
        """Make proposals for a study in an output folder; returns time points that still wait for the reader."""
        from HCCResponseLib.imaging.study import load_study
        from HCCResponseLib.review.session import Options, open_session, propose

        return propose(open_session(load_study(Path(study)), Path(output)), Options())


class HCCResponseTest(ScriptedLoadableModuleTest):
    """Self-test in any host: the module loads and its logic reads a study."""

    def runTest(self) -> None:
        """Run all self-tests."""
        self.test_describe()

    def test_describe(self) -> None:
        """A missing study gives a clear error, not a crash."""
        from HCCResponseLib.errors import InputError

        try:
            HCCResponseLogic().describe("/does/not/exist/study.yaml")
        except InputError as problem:
            self.assertIn("does not exist", str(problem))
        else:
            self.fail("A missing study was accepted.")
