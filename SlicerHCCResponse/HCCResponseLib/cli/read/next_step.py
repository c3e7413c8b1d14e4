"""What follows a signature: the proposals of the time points that it has opened are made at once."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from HCCResponseLib.base.errors import HCCResponseError
from HCCResponseLib.cli.common import console, working_in
from HCCResponseLib.cli.sign_in import CommandAnswer

if TYPE_CHECKING:
    from HCCResponseLib.pipeline.request import Options
    from HCCResponseLib.review.read.session import Session
    from HCCResponseLib.review.read.state import ReadState
    from HCCResponseLib.review.store import ReadStore

CANCELLED = 130


@dataclass(frozen=True)
class NextStep:
    """The proposals that can be made now that something was signed.

    Attributes:
        read: its store, and the read as its reader may see it.
        due: time points that are open and have no proposals.
        study: of the subject; ``folder``: for contours and report. ``None`` where it is not known.
    """

    read: tuple[ReadStore, ReadState]
    due: tuple[str, ...]
    study: Path | None
    folder: Path | None

    @property
    def possible(self) -> bool:
        """Whether everything is at hand."""
        return self.study is not None and self.folder is not None

    @property
    def command(self) -> str:
        """The command that makes these proposals later."""
        store, state = self.read
        study = str(self.study) if self.study else "STUDY"
        folder = str(self.folder) if self.folder else "FOLDER"
        words = ("hcc-response", "read", "open", store.store.name, store.read_id, study)
        return shlex.join((*words, "--as", state.locks.reader or "NAME", "-o", folder))

    def take(self, options: Options) -> CommandAnswer:
        """Make the proposals and say what waits for the reader; whatever goes wrong, what was signed stands."""
        from HCCResponseLib.cli.study import result_lines
        from HCCResponseLib.report.subject.output import write_outputs

        assert self.study is not None
        assert self.folder is not None
        names = ", ".join(self.due)
        console.print(f"Signed and kept. Proposing {names} now; Ctrl+C stops it.", markup=False)
        try:
            with working_in(self.folder, "read"):
                session = open_proposed(self.read, self.study, self.folder, options)
                result = write_outputs(session)
                file, then = _to_do(session, self.study)
        except KeyboardInterrupt:
            return self._stopped("cancelled", CANCELLED)
        except (HCCResponseError, OSError) as problem:
            return self._stopped(str(problem), 1)
        waiting = undecided(session.state)
        lines = result_lines(result)
        lines += [
            f"Waiting for your decision at {point}: {', '.join(rows)}" for point, rows in waiting.items()
        ]
        lines += [f"Decisions to fill in: {file}", f"Next: {then}"] if file else []
        values = {**result, "waiting": waiting, "decisions": file and str(file), "problem": None}
        return CommandAnswer({"next": values}, "\n".join(lines))

    def _stopped(self, why: str, status: int) -> CommandAnswer:
        words = (
            f"What you have signed is kept, but {', '.join(self.due)} could not be proposed: {why.rstrip('.')}. "
            f"To go on: {self.command}"
        )
        return CommandAnswer(
            {"next": {"problem": why, "command": self.command}}, "", problem=words, status=status
        )


def step_after(read: tuple[ReadStore, ReadState], study: Path | None, folder: Path | None) -> NextStep | None:
    """What can be proposed in an assigned read now; ``None`` where nothing is due.

    Args:
        folder: for contours and report; ``None``: where the read's report lies on this computer.
    """
    from HCCResponseLib.report.subject.rewriting import report_folder
    from HCCResponseLib.review.read.access import Stage
    from HCCResponseLib.review.read.lifecycle import is_decided, points, stage

    state = read[1]
    if state.locks.reader is None or not is_decided(state, points(state)[0]):
        return None
    due = [n for n in points(state) if n not in state.provenance and stage(state, n) is Stage.OPEN]
    return NextStep(read, tuple(due), study, folder or report_folder(*read)) if due else None


def open_proposed(read: tuple[ReadStore, ReadState], study: Path, folder: Path, options: Options) -> Session:
    """An assigned read with the proposals of all time points that are open.

    Raises:
        HCCResponseError: an image cannot be used, or a proposal cannot be made.
    """
    from HCCResponseLib.cli.study import make_proposals
    from HCCResponseLib.imaging.study import load_study
    from HCCResponseLib.review.committee.assignments import blinded
    from HCCResponseLib.review.read.session import open_session

    session = open_session(blinded(load_study(study)), folder, read)
    make_proposals(session, options)
    return session


def tell_what_follows(session: Session, study: Path) -> None:
    """Say on standard error what the reader of an assigned read does now that its proposals are there."""
    from HCCResponseLib.review.read.lifecycle import nothing_found, points

    file, then = _to_do(session, study)
    if file is not None:
        console.print(f"Decisions to fill in: {file}", soft_wrap=True, markup=False)
    nothing = nothing_found(session.state)
    when = f", if there is no lesion at {points(session.state)[0]}" if nothing else ""
    if then:
        console.print(f"Next{when}: {then}", soft_wrap=True, markup=False)


def _to_do(session: Session, study: Path) -> tuple[Path | None, str]:
    """The file of decisions to fill in and the command that takes it in; without open rows, the command that signs."""
    from HCCResponseLib.review.decisions.template import Place, write_template
    from HCCResponseLib.review.read.access import Act, Relation, allowed
    from HCCResponseLib.review.read.lifecycle import points, stage

    state, store = session.state, session.store
    place = Place(store.store.name, store.read_id, study, state.locks.reader or "")
    file = write_template(session.folder, state, place)
    if file is not None:
        return file, place.command("decide", file, "--sign")
    for point in points(state):
        if point in state.provenance and allowed(Relation.OWN_READER, Act.SIGN, stage(state, point)):
            return None, place.command("sign", point)
    return None, ""


def undecided(state: ReadState) -> dict[str, list[str]]:
    """Names of the rows that wait for the reader, by time point."""
    found: dict[str, list[str]] = {}
    for point, rows in state.rows.items():
        names = [name for name, row in rows.items() if row.decision is None]
        if names:
            found[point] = names
    return found


def answer_with(signed: CommandAnswer, step: NextStep | None, options: Options, go_on: bool) -> CommandAnswer:
    """What a command that has signed answers: with the next step, or with the command for it."""
    if step is None:
        return signed
    if go_on and step.possible:
        return CommandAnswer(signed.values, signed.words, then=lambda: step.take(options))
    values: dict[str, Any] = {**signed.values, "next": {"due": step.due, "command": step.command}}
    return CommandAnswer(values, f"{signed.words}\nNext, to propose {', '.join(step.due)}: {step.command}")
