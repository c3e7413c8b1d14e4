"""``hcc-response amend``: a radiologist alone opens a signed time point again, with a reason."""

from typing import Annotated

import typer

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.common import JsonOption, errors_as_one_line, say, say_json
from HCCResponseLib.cli.own_read.session import ReadFolder, open_own
from HCCResponseLib.cli.own_read.sign import OwnName, account_of
from HCCResponseLib.cli.sign_in import PasswordFile


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
    with errors_as_one_line():
        from HCCResponseLib.report.subject.output import write_outputs
        from HCCResponseLib.review.people.people import people_of
        from HCCResponseLib.review.read.lifecycle import amend as reopen
        from HCCResponseLib.review.read.lifecycle import points
        from HCCResponseLib.review.read.state import read_state

        session = open_own(read)
        if time_point not in points(session.state):
            names = ", ".join(points(session.state))
            raise InputError(f"There is no time point '{time_point}' in this read; it has {names}.")
        people = people_of(session.store)
        account, credentials = account_of(people, session, (as_name, None), (password_file, None))
        version = reopen(session.store, session.state, people, credentials, time_point, reason)
        session.state = read_state(session.store)
        write_outputs(session, by=account.name)
        waits = [name for name in points(session.state) if name not in session.state.locked]
        if as_json:
            say_json({"time_point": time_point, "version": version, "to_be_signed": waits})
            return
        say(f"'{time_point}' is open again: version {version}. To be signed again: {', '.join(waits)}.")
        say(f"To change rows: hcc-response review {session.folder}; then: hcc-response sign {session.folder}")
