"""A decided read as DICOM: for each time point contours, a structured report and key images, and the printed report."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pydicom import dcmread

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.dicom.key_images import measured_on, write_key_images
from HCCResponseLib.dicom.measurements import write_report
from HCCResponseLib.dicom.printed import write_printed
from HCCResponseLib.dicom.seg import write_dicom_seg
from HCCResponseLib.dicom.written import source_headers
from HCCResponseLib.imaging.series import series_files
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.report.dicom.contents import segments_at, visit_report
from HCCResponseLib.report.dicom.identities import tracking_uids
from HCCResponseLib.report.subject.content import report_content
from HCCResponseLib.report.subject.output import file_stems
from HCCResponseLib.review.read.category import category, missing
from HCCResponseLib.review.read.changes import changes
from HCCResponseLib.review.read.lifecycle import is_signed
from HCCResponseLib.review.read.profile import profile_of
from HCCResponseLib.review.read.session import Session


def write_dicom_objects(session: Session, folder: Path, include_unsigned: bool = False) -> list[Path]:
    """Write what was decided: for each time point ``NAME-seg.dcm``, ``NAME-sr.dcm``, ``NAME-keys.dcm``; and the report.

    Args:
        include_unsigned: also of a read that is not signed to its end; its reports are preliminary.

    Returns:
        the files. A time point without an accepted contour has no segmentation.

    Raises:
        InputError: not signed, something is not decided, or an image is no DICOM series.
        ExportError: a file does not read back as what was decided.
        StorageError: a file cannot be written.
    """
    state, study = session.state, session.study
    if not include_unsigned and not is_signed(state):
        raise InputError(
            "The read is not signed. Sign it first, or write it all the same: --include-unsigned."
        )
    if open_ones := missing(state):
        raise InputError(f"The read has no category yet, so there is nothing to write: {open_ones[0]}")
    folder.mkdir(parents=True, exist_ok=True)
    # All or nothing: a file that fails leaves none of the others behind.
    with TemporaryDirectory(dir=folder, prefix=".writing-") as beside:
        made = [
            one for order in range(1, len(study.timepoints) + 1) for one in _at(session, order, Path(beside))
        ]
        made.append(_printed(session, Path(beside)))
        written = [one.replace(folder / one.name) for one in made]
    # Of an earlier writing: what a time point no longer has must not lie beside what it has now.
    for stem in file_stems([one.name for one in study.timepoints]).values():
        for kind in ("seg", "sr", "keys"):
            old = folder / f"{stem}-{kind}.dcm"
            if old not in written:
                old.unlink(missing_ok=True)
    return written


def _at(session: Session, order: int, folder: Path) -> list[Path]:
    """Write the objects of the time point of this number, from 1."""
    points, state = session.study.timepoints, session.state
    point = points[order - 1]
    stem = file_stems([one.name for one in points])[point.name]
    files, identities = series_files(point.image), tracking_uids(session)
    readers = state.readers()
    reader = readers[0] if readers else "unknown"
    segments, written, contours = segments_at(session, point, identities), [], None
    if segments:
        path = folder / f"{stem}-seg.dcm"
        write_dicom_seg(path, session.image(point), files, segments, reader)
        written, contours = [path], dcmread(path)
    names = [one.name for one in segments]
    report = visit_report(session, point, order, identities, names, reader, is_signed(state))
    headers = source_headers(files)
    path = folder / f"{stem}-sr.dcm"
    write_report(path, report, headers, contours)
    written.append(path)
    if keys := measured_on(headers, report.lesions):
        path = folder / f"{stem}-keys.dcm"
        write_key_images(path, keys, reader)
        written.append(path)
    return written


def _printed(session: Session, folder: Path) -> Path:
    """The report as PDF, in the study of the last time point."""
    from HCCResponseLib.report.subject.pdf import write_pdf

    store, state, study = session.store, session.state, session.study
    points = {point.name: point for point in study.timepoints}
    profile = profile_of(store, state)

    def images(name: str) -> Volume:
        return session.image(points[name])

    content = report_content(
        state, profile, category(state, profile), images, changes(store, state), store.read_id
    )
    draft, path = folder / "report.pdf", folder / "report-pdf.dcm"
    write_pdf(draft, content)
    header = source_headers(series_files(study.timepoints[-1].image)[:1])[0]
    write_printed(path, draft.read_bytes(), f"Response of {study.subject}", header, datetime.now())
    return path
