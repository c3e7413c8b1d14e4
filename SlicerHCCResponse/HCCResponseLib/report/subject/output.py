"""Everything that leaves a read as files: contours, result and report."""

from typing import Any

from HCCResponseLib.report.subject.exports import write_contours, write_result
from HCCResponseLib.report.subject.html import write_report
from HCCResponseLib.response.profiles.load import Profile
from HCCResponseLib.response.types import ReadEvaluation
from HCCResponseLib.review.read.category import category, missing
from HCCResponseLib.review.read.session import Session


def write_outputs(session: Session, profile: Profile, with_category: bool = True) -> dict[str, Any]:
    """Write contours, result and report into the read's folder.

    Args:
        with_category: also the category, if nothing is missing; without it only proposals are told.

    Returns:
        the result as written, with the report's path.

    Raises:
        StorageError: a file cannot be written.
    """
    gaps = missing(session.state)
    complete = with_category and not gaps
    evaluation: ReadEvaluation | None = category(session.state, profile) if complete else None
    images = {p.name: p for p in session.study.timepoints}
    write_contours(session.folder, session.state, lambda name: session.image(images[name]))
    report = session.folder / "report.html"
    write_report(report, session.state, profile, evaluation, gaps, lambda name: session.image(images[name]))
    result = write_result(session.folder, session.state, profile, evaluation)
    session.store.append("software", "result", result)
    return {**result, "report": str(report.resolve())}
