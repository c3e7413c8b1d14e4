"""The scripted module: what Slicer loads. Everything else lives in HCCResponseLib and is imported inside functions."""

from __future__ import annotations

from pathlib import Path

import slicer
from slicer.parameterNodeWrapper import parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

HELP = """Reader-assisted evaluation of treatment response of liver cancer on longitudinal CT: proposals are accepted
or edited by a reader before a response category is computed. For research use; not cleared for clinical use.
<h3>Keys</h3>
In both tables: <b>Space</b> next row that waits for your decision, over all time points, <b>Shift+Space</b> the one
before it, <b>Return</b> move the views to the selected row again, <b>E</b> edit the contour, <b>L</b> link the contour
to the lesion in the box, <b>N</b> add a lesion and draw it, <b>U</b> or <b>Ctrl+Z</b> undo your latest decision, arrow
keys from cell to cell; with the network for lines and clicks <b>B</b> contour the lesion from its long axis, <b>K</b>
keep your line as the long axis, <b>I</b> click on what is missing, <b>O</b> on what is too much.<br>
In the table of lesions: <b>A</b> accept the proposal, or the contour just drawn, <b>R</b> reject, for the reason in the
box, <b>M</b> merged with the lesion in the box.<br>
In the table of candidates: <b>W</b> new lesion, <b>Q</b> equivocal, <b>D</b> dismiss, for the reason in the box."""


@parameterNodeWrapper
class HCCResponseParameterNode:
    """What a saved scene remembers of the panel; the read itself is in its own store.

    study: study file or folder; folder: of the read; reader: sign-in name.
    """

    study: str
    folder: str
    reader: str


class HCCResponse(ScriptedLoadableModule):
    """Name, category and help of the module."""

    def __init__(self, parent) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "HCC Response"
        parent.categories = ["Quantification"]
        parent.dependencies = ["Segmentations", "Markups", "Plots"]
        parent.contributors = ["SlicerHCCResponse contributors"]
        parent.helpText = HELP
        parent.acknowledgementText = "See the README for the published methods that this module carries on."
        _set_icon(parent)
        slicer.app.connect("startupCompleted()", _register)

    def resourcePath(self, filename: str) -> str:
        """A resource in the checkout or beside the installed module."""
        return _resource(filename)


def _resource(filename: str) -> str:
    from HCCResponseLib.base.resources import resource_path

    return str(resource_path(filename))


def _register() -> None:
    from HCCResponseLib.panel import sample_data

    sample_data.register()
    if hasattr(slicer.modules, "dicom"):  # an application may have been built without it
        from HCCResponseLib.panel import dicom_plugin

        dicom_plugin.register()


def _set_icon(parent) -> None:
    import qt

    parent.icon = qt.QIcon(_resource("Icons/HCCResponse.png"))


class HCCResponseWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Loads the panel and keeps it in step with the scene's life."""

    def __init__(self, parent=None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.ui = None
        self._front = None
        self._panel = None

    def resourcePath(self, filename: str) -> str:
        """A resource in the checkout or beside the installed module."""
        return _resource(filename)

    def setup(self) -> None:
        """Build the panel from ``Resources/UI/HCCResponse.ui``."""
        ScriptedLoadableModuleWidget.setup(self)
        form = slicer.util.loadUI(self.resourcePath("UI/HCCResponse.ui"))
        self.layout.addWidget(form)
        self.ui = slicer.util.childWidgetVariables(form)
        form.setMRMLScene(slicer.mrmlScene)
        self.ui.volumeSelector.setMRMLScene(slicer.mrmlScene)
        self.logic = HCCResponseLogic()
        self.ui.installButton.connect("clicked()", self.onInstall)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneClosed)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneImported)
        self._build()

    def _build(self) -> None:
        """Make the panel, or ask for the packages that it needs."""
        from HCCResponseLib.panel.install import missing_packages

        missing = missing_packages()
        self.ui.installFrame.setVisible(bool(missing.names))
        self.ui.studySection.setEnabled(not missing.names)
        if missing.names:
            self.ui.installLabel.setText(missing.words)
            return
        from HCCResponseLib.panel.front import Front

        self._front = Front(self.ui, lambda: self.panel)
        self._resume()

    @property
    def panel(self):
        """The reader's panel, built when it is first used; ``None`` while packages are missing."""
        front, self._front = self._front, None
        if front is not None:
            from HCCResponseLib.panel.panel import ReaderPanel

            front.let_go()
            self._panel = ReaderPanel(self.ui, slicer.mrmlScene, self._remember)
        return self._panel

    def onInstall(self) -> None:
        """Install the missing packages; nothing is downloaded before this click."""
        from HCCResponseLib.panel.install import install

        with slicer.util.tryWithErrorDisplay("The packages could not be installed."):
            from slicer import packaging

            if install(packaging):
                self._build()

    def _remember(self, study: str, folder: str) -> None:
        node = self.logic.getParameterNode()
        node.study, node.folder, node.reader = study, folder, str(self.ui.readerEdit.text)

    def _resume(self) -> None:
        """Go on with the read that a scene or the panel before a reload had open."""
        node = self.logic.getParameterNode()
        if not node.folder or (self._front is None and self._panel is None):
            return
        self.ui.readerEdit.setText(node.reader)
        self.ui.folderEdit.setText(node.folder)
        self.ui.studyEdit.setText(node.study)
        with slicer.util.tryWithErrorDisplay(f"The read in '{node.folder}' cannot be opened."):
            from HCCResponseLib.imaging.study import load_study

            self.panel.open(load_study(Path(node.study)), Path(node.folder))

    def onSceneClosed(self, _caller, _event) -> None:
        """The read stays in its store."""
        if self._panel is not None:
            self._panel.scene_closed()

    def onSceneImported(self, _caller, _event) -> None:
        """A saved scene brings back the read that it showed."""
        if self._panel is None or self._panel.presenter.session is None:
            self._resume()

    def exit(self) -> None:
        """Another module is opened: what was drawn is finished."""
        if self._panel is not None:
            self._panel.editor.left()

    def cleanup(self) -> None:
        """The module is reloaded or the application closes; also after a ``setup`` that stopped half-way."""
        self.removeObservers()
        if self.ui is not None:
            self.ui.volumeSelector.setMRMLScene(None)
        self._front = None
        if self._panel is not None:
            self._panel.shut_down()
            self._panel = None


class HCCResponseLogic(ScriptedLoadableModuleLogic):
    """The same library functions that the command line calls."""

    def getParameterNode(self):
        """The module's parameters as typed attributes."""
        return HCCResponseParameterNode(super().getParameterNode())

    def describe(self, study: str) -> str:
        """One sentence about a study file. Raises ``InputError`` when it cannot be used."""
        from HCCResponseLib.imaging.study import load_study

        content = load_study(Path(study))
        names = ", ".join(f"{p.name} ({p.date})" for p in content.timepoints)
        return f"{content.subject}: {names}"

    def propose(self, study: str, output: str) -> list[str]:
        """Make proposals for a study in an output folder; returns time points that still wait for the reader."""
        from HCCResponseLib.imaging.study import load_study
        from HCCResponseLib.pipeline.propose import propose
        from HCCResponseLib.pipeline.request import Options
        from HCCResponseLib.review.read.session import open_session

        return propose(open_session(load_study(Path(study)), Path(output)), Options())


class HCCResponseTest(ScriptedLoadableModuleTest):
    """Self-test in any host: errors are clear, and a small case goes from open to category."""

    def runTest(self) -> None:
        """Run all self-tests."""
        from HCCResponseLib.panel.error_watch import ErrorWatch

        with ErrorWatch() as watch:
            self.test_describe()
            self.test_case()
        self.assertEqual(watch.found, [])

    def test_case(self) -> None:
        """A small case by the panel's own buttons; needs no network and no data."""
        import tempfile

        from HCCResponseLib.panel.self_test import SmallCaseTest

        slicer.util.selectModule("HCCResponse")
        with tempfile.TemporaryDirectory(prefix="hcc-response-") as folder:
            widget = slicer.util.getModuleWidget("HCCResponse")
            SmallCaseTest(widget, Path(folder)).run(self)
            widget.panel.close()

    def test_describe(self) -> None:
        """A missing study gives a clear error, not a crash."""
        from HCCResponseLib.base.errors import InputError

        try:
            HCCResponseLogic().describe("/does/not/exist/study.yaml")
        except InputError as problem:
            self.assertIn("does not exist", str(problem))
        else:
            self.fail("A missing study was accepted.")
