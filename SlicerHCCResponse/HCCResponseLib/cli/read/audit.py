"""``hcc-response read`` for who looks after the trail: unblind, copy of the log, audit bundle."""

from pathlib import Path
from typing import Annotated

import typer

from HCCResponseLib.cli.sign_in import CommandAnswer, Reason, SignedIn, signed_command


@signed_command
def unblind(
    signed: SignedIn,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="The subject's name.")],
    reason: Reason,
) -> CommandAnswer:
    """Show who read which stream of a subject (unblinder, with a reason); nobody else's view changes.

    This software knows no treatment arms, so that there is nothing of them to unblind.
    """
    from HCCResponseLib.review.committee.unblinding import unblind as show

    rows = [
        {
            "read": a.read_id,
            "stream": a.stream,
            "kind": a.kind.value,
            "reader": a.reader,
            "printed_name": name,
        }
        for a, name in show(signed.store, signed.people, signed.person, subject, reason)
    ]
    words = (
        f"{r['read']}: {r['stream']} ({r['kind']}) is {r['printed_name']}, account '{r['reader']}'"
        for r in rows
    )
    return CommandAnswer(rows, "\n".join(words))


@signed_command
def log(
    signed: SignedIn,
    output: Annotated[Path, typer.Argument(help="File to write, .csv or .json.")],
    read_id: Annotated[str | None, typer.Option("--read", help="Only this read.")] = None,
) -> CommandAnswer:
    """Write a readable copy of the audit trail (manager, auditor): who, when, what, old, new, why, hashes.

    A second file beside it says what its columns and actions mean."""
    from HCCResponseLib.review.signing.audit import export_log

    count = export_log(signed.person, signed.store, output, read_id)
    values = {"events": count, "file": str(output.resolve())}
    return CommandAnswer(values, f"{count} events written to {output}.")


@signed_command
def bundle(
    signed: SignedIn,
    output: Annotated[Path, typer.Option("--output", "-o", help="SQLite file to write.")],
) -> CommandAnswer:
    """Write the audit bundle of the whole store (manager, auditor), for a third party to check without this software.

    All events, contours, signatures and public keys, no passwords. The script that checks it needs only Python and the
    package 'cryptography'; the answer says where it is.
    """
    from HCCResponseLib.base.resources import resource_path
    from HCCResponseLib.review.signing.bundle import export_bundle

    count = export_bundle(signed.person, signed.store, signed.people, output)
    script = resource_path("Audit/verify_bundle.py")
    values = {"events": count, "file": str(output.resolve()), "script": str(script)}
    return CommandAnswer(values, f"{count} events written to {output}. Check: python {script} {output}")
