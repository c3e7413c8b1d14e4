"""The accepted contours of a read as DICOM SEG, one for each time point."""

import hashlib
from pathlib import Path

from HCCResponseLib import __version__
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.identity import uid_of
from HCCResponseLib.dicom.seg import Segment, write_dicom_seg
from HCCResponseLib.imaging.dicom_seg import segments_of
from HCCResponseLib.imaging.series import series_files
from HCCResponseLib.imaging.study import ContourEntry, TimePointEntry, contour_names
from HCCResponseLib.lesions.proposal import ADDED_BY
from HCCResponseLib.report.subject.output import file_stems
from HCCResponseLib.review.read.lifecycle import is_signed
from HCCResponseLib.review.read.session import Session
from HCCResponseLib.review.read.state import Row, RowStatus


def write_segmentations(session: Session, folder: Path, include_unsigned: bool = False) -> list[Path]:
    """Write the contours of a read that a reader has accepted or drawn.

    Args:
        include_unsigned: also of a read that is not signed to its end.

    Returns:
        the files, for each time point that has a contour.

    Raises:
        InputError: not signed, no contour at all, or an image is no DICOM series.
        ExportError: a file does not read back as what was decided.
        StorageError: a file cannot be written.
    """
    if not include_unsigned and not is_signed(session.state):
        raise InputError(
            "The read is not signed. Sign it first, or write it all the same: --include-unsigned."
        )
    stems = file_stems([point.name for point in session.study.timepoints])
    identities = tracking_uids(session)
    written = []
    for point in session.study.timepoints:
        segments = _segments(session, point, identities)
        if segments:
            path = folder / f"{stems[point.name]}-seg.dcm"
            readers = session.state.readers()
            creator = readers[0] if readers else ""
            write_dicom_seg(path, session.image(point), series_files(point.image), segments, creator)
            written.append(path)
    if not written:
        raise InputError("No contour of this read was accepted: there is nothing to write as DICOM SEG.")
    return written


def tracking_uids(session: Session) -> dict[str, str]:
    """The tracking UID of each lesion: the same at every time point and in all reads that begin with one contour.

    A lesion of a given DICOM Segmentation keeps the UID that it has there. One of another given contour has a UID of
    that contour's; one that was found in the read has one of the read's.
    """
    found: dict[str, str] = {}
    for rows in session.state.rows.values():
        for name in rows:
            found.setdefault(name, uid_of("read", session.store.read_id, name))
    for point in reversed(session.study.timepoints):
        if point.contour is not None:
            found |= _given(point, point.contour, session.study.subject)
    return found


def _given(point: TimePointEntry, contour: ContourEntry, subject: str) -> dict[str, str]:
    names = contour_names(point)
    if contour.dicom_seg is not None:
        kept = {segment.number: segment.tracking_uid for segment in segments_of(contour.dicom_seg)}
        named = contour.lesions or dict(zip(kept, names, strict=True))
        found = {name: kept.get(number, "") for number, name in named.items()}
        if all(found.values()):
            return found
    content = hashlib.sha256(contour.file.read_bytes()).hexdigest()
    return {name: uid_of("contour", subject, content, name) for name in names}


def _segments(session: Session, point: TimePointEntry, identities: dict[str, str]) -> list[Segment]:
    found = []
    for name, row in session.state.rows.get(point.name, {}).items():
        if row.contour and row.status in (RowStatus.ACCEPTED, RowStatus.EDITED):
            algorithm = None if _by_hand(row, point) else (row.proposal.origin, __version__)
            edited = row.status is RowStatus.EDITED or row.prompt is not None
            found.append(Segment(name, identities[name], row.contour, algorithm, edited))
    return found


def _by_hand(row: Row, point: TimePointEntry) -> bool:
    """Whether no network has drawn the contour, or what it was edited from."""
    if row.prompt is not None:
        return False
    given = point.contour is not None and row.proposal.origin == point.contour.drawn_by
    return given or row.proposal.origin.startswith(ADDED_BY)
