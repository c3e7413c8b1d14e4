"""Which lesion is which, in every object of a read."""

import hashlib

from HCCResponseLib.dicom.identity import uid_of
from HCCResponseLib.imaging.dicom_seg import segments_of
from HCCResponseLib.imaging.study import ContourEntry, TimePointEntry, contour_names
from HCCResponseLib.review.read.session import Session


def read_identity(session: Session) -> str:
    """What no two reads share, whatever they are called: the hash of the event that began it."""
    return session.store.events()[0].hash


def tracking_uids(session: Session) -> dict[str, str]:
    """The tracking UID of each lesion: the same at every time point and in all reads that begin with one contour.

    A lesion of a given DICOM Segmentation keeps the UID that it has there. One of another given contour has a UID of
    that contour's; one that was found in the read has one of the read's.
    """
    found: dict[str, str] = {}
    own = read_identity(session)
    for rows in session.state.rows.values():
        for name in rows:
            found.setdefault(name, uid_of("read", own, name))
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
