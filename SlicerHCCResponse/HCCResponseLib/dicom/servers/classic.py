"""The older services of DICOM: C-FIND to find, C-MOVE to fetch, C-STORE to store. By pynetdicom.

Fetching: the archive is asked, series by series, to send images to this computer, which listens for them meanwhile.
What arrives is written as it comes; what is there already is not asked for again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import HCCResponseError, InputError, ServerError
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.dicom.servers.archive import (
    FoundStudy,
    Report,
    Transfer,
    asked_uid,
    identity_of,
    is_whole,
    no_report,
    place_of,
    refusals,
    save_whole,
)
from HCCResponseLib.dicom.servers.config import Server
from HCCResponseLib.imaging.dicom_headers import header_text

# Study Root Query/Retrieve Information Model (PS3.4, C.6.2).
_FIND, _MOVE = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.1.2.2.2"
_PENDING = (0xFF00, 0xFF01)
_SUCCESS = 0x0000
_WARNINGS = (0xB000, 0xB006, 0xB007)


class ClassicArchive:
    """An archive that is reached by C-FIND, C-MOVE and C-STORE."""

    def __init__(self, name: str, server: Server) -> None:
        """Args:
        name: for messages.

        Raises:
            InputError: the library for it is not installed.
        """
        try:
            import pynetdicom
        except ImportError as problem:
            raise InputError("C-FIND, C-MOVE and C-STORE need: pip install 'hcc-response[pacs]'") from problem
        self._net, self._name, self._server = pynetdicom, name, server

    def find(self, patient_id: str = "", name: str = "", days: str = "") -> list[FoundStudy]:
        """As :meth:`.Archive.find`."""
        wanted = {"PatientID": patient_id, "PatientName": name, "StudyDate": days}
        asked = ("StudyInstanceUID", "StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedInstances")
        found = [_study(one) for one in self._ask("STUDY", {**dict.fromkeys(asked, ""), **wanted})]
        return sorted(found, key=lambda one: (one.patient_id, one.day, one.uid))

    def fetch(self, study: str, folder: Path, report: Report = no_report) -> Transfer:
        """As :meth:`.Archive.fetch`; what arrived before an error stays, and the same call goes on from there."""
        images = {
            image: place_of(folder, study, series, image) for series, image in self._images(asked_uid(study))
        }
        if not images:
            raise ServerError(f"'{self._name}' has no study {study}.")
        there = {image for image, path in images.items() if is_whole(path)}
        arrived: list[str] = []

        def keep(image: str, whole: Any) -> None:
            if image in images and image not in there:
                write_atomically(images[image], partial(save_whole, whole, self._name))
                arrived.append(str(images[image]))
                report(len(there) + len(arrived), len(images))

        with self._listening(keep):
            for series in sorted({path.parent.name for image, path in images.items() if image not in there}):
                self._move(study, series)
        missing = len(images) - len(there) - len(arrived)
        if missing:
            raise ServerError(
                f"'{self._name}' did not send {missing} of {len(images)} images. What arrived is kept; give the same "
                "command again to go on."
            )
        return Transfer(tuple(arrived), len(there))

    def store(self, files: Sequence[Path], report: Report = no_report) -> Transfer:
        """As :meth:`.Archive.store`; if some are refused, the others are stored."""
        identities = [(file, *identity_of(file)) for file in files]
        known = {
            study: {image for _, image in self._images(study)} for study in {one[1] for one in identities}
        }
        new = [one for one in identities if one[2] not in known[one[1]]]
        refused = []
        for number, (file, _, _) in enumerate(new, start=1):
            if why := self._store_one(file):
                refused.append(f"'{file}': {why}")
            report(len(files) - len(new) + number, len(files))
        after = {study: {image for _, image in self._images(study)} for study in known}
        named = {line.split("'")[1] for line in refused}
        refused += [
            f"'{file}': taken, but not listed afterwards"
            for file, study, image in new
            if str(file) not in named and image not in after[study]
        ]
        if refused:
            raise refusals(self._name, refused, len(files))
        return Transfer(tuple(image for _, _, image in new), len(files) - len(new))

    def _images(self, study: str) -> list[tuple[str, str]]:
        """Series and identifier of every image of a study."""
        found = []
        for one in self._ask("SERIES", {"StudyInstanceUID": study, "SeriesInstanceUID": ""}):
            series = header_text(one, "SeriesInstanceUID")
            asked = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "SOPInstanceUID": ""}
            found += [(series, header_text(image, "SOPInstanceUID")) for image in self._ask("IMAGE", asked)]
        return found

    def _ask(self, level: str, keys: dict[str, str]) -> list[Any]:
        from pydicom.dataset import Dataset

        query = Dataset()
        query.QueryRetrieveLevel = level
        for name, value in keys.items():
            setattr(query, name, value)
        with self._talking(_FIND) as association:
            return [
                one for status, one in self._answers(association.send_c_find(query, _FIND)) if one is not None
            ]

    def _answers(self, answers: Any) -> Iterator[tuple[int, Any]]:
        for status, one in answers:
            if not status:
                raise self._lost()
            if status.Status not in (*_PENDING, _SUCCESS, *_WARNINGS):
                raise ServerError(
                    f"'{self._name}' refuses ({status.Status:04X}) {header_text(status, 'ErrorComment')}".rstrip()
                    + "."
                )
            yield status.Status, one

    def _move(self, study: str, series: str) -> None:
        from pydicom.dataset import Dataset

        query = Dataset()
        query.QueryRetrieveLevel, query.StudyInstanceUID, query.SeriesInstanceUID = "SERIES", study, series
        with self._talking(_MOVE) as association:
            for _ in self._answers(association.send_c_move(query, self._server.our_ae_title, _MOVE)):
                pass

    def _store_one(self, file: Path) -> str:
        """Store a file as it is, compressed or not; why it was refused, empty where it was taken."""
        from pydicom import dcmread

        whole = dcmread(BytesIO(file.read_bytes()))
        entity = self._entity()
        entity.add_requested_context(whole.SOPClassUID, whole.file_meta.TransferSyntaxUID)
        with self._associated(entity) as association:
            status = association.send_c_store(whole)
        if not status:
            raise self._lost()
        return "" if status.Status in (_SUCCESS, *_WARNINGS) else f"refused ({status.Status:04X})"

    def _entity(self) -> Any:
        entity = self._net.AE(ae_title=self._server.our_ae_title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = self._server.timeout_s
        return entity

    @contextmanager
    def _talking(self, service: str) -> Iterator[Any]:
        entity = self._entity()
        entity.add_requested_context(service)
        with self._associated(entity) as association:
            yield association

    @contextmanager
    def _associated(self, entity: Any) -> Iterator[Any]:
        server = self._server
        association = entity.associate(server.host, server.port, ae_title=server.ae_title)
        if not association.is_established:
            why = "refuses this computer" if association.is_rejected else "could not be reached"
            raise ServerError(
                f"'{self._name}' {why} ({server.host}:{server.port}, ae_title {server.ae_title}; we are "
                f"{server.our_ae_title}). What was transferred before is kept; give the same command again to go on."
            )
        try:
            yield association
        finally:
            association.release()

    @contextmanager
    def _listening(self, keep: Any) -> Iterator[None]:
        """Take in what the archive sends, while it is asked to."""
        entity = self._entity()
        entity.supported_contexts = self._net.AllStoragePresentationContexts
        every = self._net.ALL_TRANSFER_SYNTAXES
        for context in list(entity.supported_contexts):
            entity.add_supported_context(context.abstract_syntax, every)
        problems: list[HCCResponseError] = []

        def arrived(event: Any) -> int:
            whole = event.dataset
            whole.file_meta = event.file_meta
            try:
                keep(str(event.request.AffectedSOPInstanceUID), whole)
            except HCCResponseError as problem:
                problems.append(problem)
                return 0xA700  # out of resources
            return _SUCCESS

        port = self._server.our_port
        try:
            listener = entity.start_server(
                ("", port), block=False, evt_handlers=[(self._net.evt.EVT_C_STORE, arrived)]
            )
        except OSError as problem:
            raise InputError(
                f"Port {port}, at which '{self._name}' sends images, is in use here."
            ) from problem
        try:
            yield
        except HCCResponseError as problem:
            # What could not be written is the reason for what the archive then says.
            raise (problems or [problem])[0] from problem
        finally:
            listener.shutdown()
            listener.server_close()
        if problems:
            raise problems[0]

    def _lost(self) -> ServerError:
        return ServerError(
            f"The connection to '{self._name}' was lost, or it did not answer in time. What was transferred before is "
            "kept; give the same command again to go on."
        )


def _study(one: Any) -> FoundStudy:
    modalities = one.get("ModalitiesInStudy") or ()
    images = header_text(one, "NumberOfStudyRelatedInstances")
    return FoundStudy(
        uid=header_text(one, "StudyInstanceUID"),
        patient_id=header_text(one, "PatientID"),
        patient_name=header_text(one, "PatientName"),
        day=header_text(one, "StudyDate"),
        description=header_text(one, "StudyDescription"),
        modalities=(modalities,)
        if isinstance(modalities, str)
        else tuple(str(value) for value in modalities),
        images=int(images) if images.isdecimal() else None,
    )
