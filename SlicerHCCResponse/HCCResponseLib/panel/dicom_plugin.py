"""What the module DICOM offers for a report of this software: the read that it belongs to, made anew and opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from DICOMLib import DICOMLoadable, DICOMPlugin

from HCCResponseLib.panel import dicom_database
from HCCResponseLib.panel.context import guarded

if TYPE_CHECKING:
    # It loads pydicom, which the start of the application need not wait for.
    from HCCResponseLib.dicom.decided import DecidedRead

NAME = "DICOMHCCResponsePlugin"
_SURE = 0.95
_KIND = "0008,0016"


class DICOMHCCResponsePluginClass(DICOMPlugin):  # type: ignore[misc]
    """Structured reports (SR) and segmentations (SEG) that 'As DICOM' has written, as one read."""

    def __init__(self) -> None:
        DICOMPlugin.__init__(self)
        self.loadType = "HCC Response"
        self.tags["sopClassUID"] = _KIND

    def examineForImport(self, fileLists: Sequence[Sequence[str]]) -> list[Any]:
        """One thing to load for every read among the files."""
        from HCCResponseLib.dicom.decided import is_report, reads_in

        database = slicer.dicomDatabase
        files = [Path(f) for files in fileLists for f in files if is_report(database.fileValue(f, _KIND))]
        return [_loadable(read) for read in reads_in(files)]

    def examine(self, fileLists: Sequence[Sequence[str]]) -> list[Any]:
        """The older name of the same."""
        return self.examineForImport(fileLists)

    def load(self, loadable: Any) -> bool:
        """Make the read anew in a process of its own; the panel opens it when that is done."""
        from HCCResponseLib.dicom.decided import reads_in, the_one

        files = [str(file) for file in loadable.files]
        read = the_one(reads_in(map(Path, files)))
        patient = dicom_database.patient_of(files[0])
        if slicer.util.mainWindow() is not None:
            slicer.util.selectModule("HCCResponse")
        panel = slicer.util.getModuleWidget("HCCResponse").panel
        if panel is None:
            return False
        guarded(lambda: panel.dicom.restore(patient, read))()
        return True


def _loadable(read: DecidedRead) -> Any:
    made = DICOMLoadable()
    # The last report first: its series is what the read competes for with other plugins.
    made.files = [str(visit.path) for visit in reversed(read.visits)]
    made.name = f"HCC Response read: {read.words}"
    made.tooltip = "Lesions, diameters and category as they were decided, in a new read"
    made.selected, made.confidence = True, _SURE
    return made


def register() -> None:
    """Offer it to the module DICOM, which may not have made its list yet."""
    if not hasattr(slicer.modules, "dicomPlugins"):
        slicer.modules.dicomPlugins = {}
    slicer.modules.dicomPlugins[NAME] = DICOMHCCResponsePluginClass
