"""``hcc-response amend``: a radiologist alone opens a signed time point again, with a reason."""

from typing import TYPE_CHECKING, Annotated

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import JsonOption, errors_as_one_line, say, say_json
from HCCResponseLib.cli.own_read.session import ReadFolder, own_read
from HCCResponseLib.cli.own_read.sign import OwnName, known_account
from HCCResponseLib.cli.sign_in import PasswordFile

if TYPE_CHECKING:
    from HCCResponseLib.review.people.people import People
    from HCCResponseLib.review.read.session import Session


def amend(
    read: ReadFolder,
    time_point: Annotated[str, typer.Argument(metavar="TIMEPOINT", help="Signed time point to open again.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the report and in the log.")],
    as_name: OwnName = None,
    password_file: PasswordFile = None,
    as_json: JsonOption = False,
) -> None:
    """Open a signed time point of your own read again as a new version; the signed one stays in the record.

    Time points after it have to be signed again.
    """
    with errors_as_one_line(), own_read(read, "amend") as session:
        from HCCResponseLib.report.subject.output import write_outputs
        from HCCResponseLib.review.people.people import people_of
        from HCCResponseLib.review.read.lifecycle import amend as reopen
        from HCCResponseLib.review.read.lifecycle import points
        from HCCResponseLib.review.read.state import read_state

        people = people_of(session.store)
        _require_signed(session, people, time_point)
        account, credentials = known_account(people, as_name, (password_file, None))
        version = reopen(session.store, session.state, people, credentials, time_point, reason)
        session.state = read_state(session.store)
        write_outputs(session, by=account.name)
        waits = [name for name in points(session.state) if name not in session.state.locked]
        if as_json:
            say_json({"time_point": time_point, "version": version, "to_be_signed": waits})
            return
        say(f"'{time_point}' is open again: version {version}. To be signed again: {', '.join(waits)}.")
        say(f"To change rows: hcc-response review {session.folder}; then: hcc-response sign {session.folder}")


def _require_signed(session: "Session", people: "People", time_point: str) -> None:
    """Refuse what cannot be opened again before anybody is asked for a password.

    Raises:
        InputError: no such time point, it is not signed, or nobody has an account here.
    """
    from HCCResponseLib.review.read.lifecycle import points

    names = points(session.state)
    if time_point not in names:
        raise InputError(f"There is no time point '{time_point}' in this read; it has {', '.join(names)}.")
    if time_point not in session.state.locked:
        raise InputError(
            f"'{time_point}' is not signed, so there is nothing to open again. "
            f"To change its rows: hcc-response review {session.folder}"
        )
    if not any(account.active for account in people.accounts()):
        raise InputError(
            "There is no account on this computer, and a signed time point is opened again by somebody who signs in. "
            f"Give this command on the computer where '{time_point}' was signed."
        )
