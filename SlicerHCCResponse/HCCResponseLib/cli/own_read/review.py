"""``hcc-response review``: going through the rows of a read one by one, with a picture of each."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import console, errors_as_one_line
from HCCResponseLib.cli.options import ProposalOptions, with_groups
from HCCResponseLib.cli.own_read.session import ReadFolder, how_to_amend, own_read

if TYPE_CHECKING:
    from HCCResponseLib.cli.own_read.walk import Walk
    from HCCResponseLib.pipeline.request import Options
    from HCCResponseLib.review.read.session import Session


@with_groups
def review(
    read: ReadFolder,
    *,
    reader: Annotated[
        str | None,
        typer.Option("--as", help="Your name, as it is to stand below the signature; default: asked for."),
    ] = None,
    proposals: ProposalOptions,
) -> None:
    """Go through a read row by row in the terminal: accept, correct or reject each, with its picture.

    The picture of a follow-up shows the lesion at baseline beside it, to the same scale.

    Every answer is kept at once; stop and go on whenever you like. Follow-ups are proposed after the baseline.
    """
    with errors_as_one_line():
        if not sys.stdin.isatty():
            raise InputError(
                "Reviewing asks for each row and needs a terminal. Without one, fill in the decisions.yaml beside the "
                "report and run: hcc-response assess STUDY --decisions FILE"
            )
        with own_read(read, "review") as session:
            from HCCResponseLib.cli.own_read.walk import Walk

            names = (reader or _reader(session), *_own_names(session))
            if set(session.state.locked) >= {p.name for p in session.study.timepoints}:
                raise InputError(f"Every time point of this read is signed. {how_to_amend(session)}")
            console.print(
                f"You answer as {names[0]}; under another name: --as NAME.", soft_wrap=True, markup=False
            )
            walk = Walk(session, names, _ask, lambda line: console.print(line, soft_wrap=True, markup=False))
            with proposals.at_work() as options:
                _go_through(walk, session, options)
            _tell_end(session, names[0])


def _go_through(walk: "Walk", session: "Session", options: "Options") -> None:
    """Rows, then the proposals that the decisions have made possible, then their rows."""
    from HCCResponseLib.cli.study import make_proposals

    while walk.rows():
        before = set(session.state.provenance)
        if set(session.state.rows) < {p.name for p in session.study.timepoints}:
            make_proposals(session, options)
        if set(session.state.provenance) == before and not walk.waiting():
            walk.questions()
            return


def _tell_end(session: "Session", reader: str) -> None:
    from HCCResponseLib.cli.study import tell
    from HCCResponseLib.report.subject.output import write_outputs
    from HCCResponseLib.review.decisions.template import write_template
    from HCCResponseLib.review.read.category import missing
    from HCCResponseLib.review.read.lifecycle import nothing_found, points

    gaps = missing(session.state)
    tell(write_outputs(session, by=reader), False)
    write_template(session.folder, session.state)
    again = f"hcc-response review {session.folder}"
    if nothing_found(session.state):
        again = f"hcc-response sign {session.folder} {points(session.state)[0]}, then {again}"
    words = f"Still missing: {' '.join(gaps)} To go on: {again}" if gaps else ""
    console.print(words or f"To sign: hcc-response sign {session.folder}", soft_wrap=True, markup=False)


def _own_names(session: "Session") -> list[str]:
    """Names under which the one account of this computer may have decided before."""
    from HCCResponseLib.review.people.people import people_of

    known = [a for a in people_of(session.store).accounts() if a.active]
    return [known[0].name, known[0].printed_name] if len(known) == 1 else []


def _reader(session: "Session") -> str:
    """The name of this computer's one account, else what is typed."""
    own = _own_names(session)
    if own:
        return own[1]
    readers = session.state.readers()
    typed: str = typer.prompt(
        "Your name, as it is to stand below the signature",
        default=readers[0] if len(readers) == 1 else None,
        err=True,
    )
    return typed


def _ask(words: str) -> str:
    answer: str = typer.prompt(words, default="", show_default=False, err=True)
    return answer.strip()
