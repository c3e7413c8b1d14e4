"""``slicer.dicomDatabase`` and ``DICOMLib``: the part of them that a panel may use, on files that pydicom reads."""

import shutil
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

import slicer
from PySide6 import QtCore

from .classes import stand_in


@stand_in
class ctkDICOMDatabase(QtCore.QObject):
    """Patients, studies, series and files by their identifiers; lists come as tuples, as from PythonQt."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.__dict__["_state"] = types.SimpleNamespace(folder=folder, is_open=True, files={})

    # A property, as in the application: ``isOpen()`` would call a truth value there.
    isOpen = QtCore.Property(bool, lambda self: self._state.is_open)

    def closeDatabase(self) -> None:
        """No database is open any more."""
        self._state.is_open = False

    def _named(self, key: str, **wanted: str) -> tuple[str, ...]:
        rows = self._state.files.values()
        found = [r[key] for r in rows if all(r[k] == v for k, v in wanted.items())]
        return tuple(dict.fromkeys(found))

    def patients(self) -> tuple[str, ...]:
        """Keys of the database's own: whole numbers as texts."""
        return self._named("patient")

    def nameForPatient(self, patient: str) -> str:
        """(0010,0010)."""
        return next(iter(self._named("name", patient=patient)), "")

    def studiesForPatient(self, patient: str) -> tuple[str, ...]:
        """Study UIDs."""
        return self._named("study", patient=patient)

    def seriesForStudy(self, study: str) -> tuple[str, ...]:
        """Series UIDs."""
        return self._named("series", study=study)

    def filesForSeries(self, series: str, hits: int = -1) -> tuple[str, ...]:
        """Paths."""
        return self._named("file", series=series)[: None if hits < 0 else hits]

    def seriesForFile(self, file: str) -> str:
        """Series UID of a file that is known."""
        return next(iter(self._named("series", file=file)), "")

    def studyForSeries(self, series: str) -> str:
        """Study UID of a series."""
        return next(iter(self._named("study", series=series)), "")

    def patientForStudy(self, study: str) -> str:
        """Key of a study's patient."""
        return next(iter(self._named("patient", study=study)), "")

    def fileValue(self, file: str, tag: str) -> str:
        """An element as text, empty where it is missing."""
        from pydicom import dcmread

        group, element = (int(part, 16) for part in tag.split(","))
        return str(
            dcmread(file, stop_before_pixels=True)
            .get((group, element), types.SimpleNamespace(value=""))
            .value
        )

    def insert_for_tests(self, file: Path) -> None:
        """Index a file where it lies."""
        from pydicom import dcmread

        header = dcmread(file, stop_before_pixels=True)
        state = self._state
        identity = (str(header.get("PatientID", "")), str(header.get("PatientName", "")))
        keys = {(r["id"], r["name"]): r["patient"] for r in state.files.values()}
        state.files[str(header.SOPInstanceUID)] = {
            "patient": keys.get(identity, str(len(keys) + 1)),
            "id": identity[0],
            "name": identity[1],
            "study": str(header.StudyInstanceUID),
            "series": str(header.SeriesInstanceUID),
            "file": str(file),
        }


def import_dicom(folder: str, database: Any = None, copyFiles: bool = False) -> bool:
    """``DICOMUtils.importDicom``: index what lies below a folder, with copies of its own or without."""
    from pydicom import dcmread

    database = database or slicer.dicomDatabase
    for file in sorted(Path(folder).rglob("*.dcm")):
        target = file
        if copyFiles:
            name = str(dcmread(file, stop_before_pixels=True).SOPInstanceUID)
            target = database._state.folder / f"{name}.dcm"
            shutil.copyfile(file, target)
        database.insert_for_tests(target)
    return True


class DICOMPlugin:
    """What plugins of the DICOM module derive from."""

    def __init__(self) -> None:
        self.loadType = "Generic DICOM"
        self.tags: dict[str, str] = {}

    def getCachedLoadables(self, files: Any) -> Any:
        """Nothing is kept here."""
        return None

    def cacheLoadables(self, files: Any, loadables: Any) -> None:
        """Nothing is kept here."""


class DICOMLoadable:
    """Something that can be loaded."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.name, self.tooltip, self.warning = "Unknown", "", ""
        self.selected, self.confidence = False, 0.5


def add_dicom() -> None:
    """Put ``DICOMLib`` among the modules."""
    module, utils = types.ModuleType("DICOMLib"), types.ModuleType("DICOMLib.DICOMUtils")
    utils.importDicom = import_dicom
    utils.openTemporaryDatabase, utils.closeTemporaryDatabase = _open_temporary, _close_temporary
    module.DICOMUtils, module.DICOMPlugin, module.DICOMLoadable = utils, DICOMPlugin, DICOMLoadable
    sys.modules["DICOMLib"], sys.modules["DICOMLib.DICOMUtils"] = module, utils


def _open_temporary(directory: str) -> str:
    """``DICOMUtils.openTemporaryDatabase``: an empty one; gives the folder of the one that was open."""
    before = str(slicer.dicomDatabase._state.folder)
    Path(directory).mkdir(parents=True, exist_ok=True)
    slicer.dicomDatabase = ctkDICOMDatabase(Path(directory))
    return before


def _close_temporary(original: str) -> bool:
    """``DICOMUtils.closeTemporaryDatabase``: opens the other one again, which is empty here."""
    slicer.dicomDatabase = ctkDICOMDatabase(Path(original))
    return True


def open_database() -> ctkDICOMDatabase:
    """An empty database, as after the start of the application."""
    folder = Path(tempfile.mkdtemp(prefix="dicom-database-", dir=slicer.app.temporaryPath))
    slicer.dicomDatabase = ctkDICOMDatabase(folder)
    return slicer.dicomDatabase
