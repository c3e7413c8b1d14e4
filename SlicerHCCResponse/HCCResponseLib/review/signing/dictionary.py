"""What the columns and actions of a copy of the log mean, for somebody without this software (ICH E6(R3), 4.2.2)."""

from HCCResponseLib.base.csv_files import csv_text

#: Columns of the copy in their order.
COLUMNS = {
    "read_id": "which read; 'store' for what concerns no single read: accounts, assignments, sign-ins, copies",
    "sequence": "number of the event within its read, from 1 and without a gap",
    "utc": "date and time in UTC, by the clock of the computer that wrote the event",
    "local": "the same moment in that computer's local time, with its offset from UTC; empty before it was noted",
    "actor": "who did it: a sign-in name, a name that a reader alone typed, 'software', or the computer's account",
    "role": "as what this person acted; empty where no role was needed",
    "action": "short name of what was done; the list of actions says what each one is",
    "what": "what was done, in words",
    "item": "to what it was done, such as 'follow-up 1 / L2' (time point / lesion), 'read S1-1' or 'account ann'",
    "old": "value before, in words; empty where there was none",
    "new": "value after, in words",
    "reason": "why, as the person gave it; empty where no reason was asked for",
    "details": "everything else that was stored with the event, as JSON",
    "software": "name and version of the software that wrote the event",
    "profile": "SHA-256 of the values of the trial's profile in force; empty where none is",
    "previous": "hash of the event before it in the same read; 64 zeros for the first one",
    "hash": "SHA-256 over all of the event; what comes after rests on it",
    "login": "on a server, who was connected to the database, by its own word; the hash does not cover it",
}

#: Every action that the log can hold.
ACTIONS = {
    "study": "the read was begun: its study, the hashes of its images, its profile",
    "profile-changed": "a read goes on under another profile than the one it was begun with",
    "assigned": "a read was given to a reader",
    "proposal": "the software proposed a lesion, or a reader added one",
    "proposed": "the proposals of a time point are complete",
    "links": "it was said which part of a time point is which lesion",
    "decision": "a reader decided on a lesion: accepted, edited, rejected, called it new, equivocal or no lesion",
    "undo": "a reader took the latest decision back",
    "non-target": "a reader judged the non-target disease of a time point",
    "answer": "a reader answered a question on which the category depends",
    "site": "a reader said where a lesion lies and what is known of it",
    "visit": "a reader said what is known of a time point: tumour markers, course of non-target disease",
    "result": "the software noted what the decisions came to; a draft until it is signed",
    "signed": "a person signed a time point; the author's signature locks it",
    "amended": "a locked time point was opened again as a new version of the read",
    "closed": "a read was locked for good",
    "adjudicated": "an adjudicator chose the read that counts",
    "opened": "a read was opened to be looked at or worked on",
    "compared": "the reads of a subject were looked at side by side",
    "report-written": "contours, result and report were written as files, to be shown or printed",
    "exported": "reads were written out as tables or figures",
    "log-copied": "a readable copy of the log was written",
    "bundle-exported": "the whole store was copied for an audit",
    "unblinded": "it was shown who read which stream of a subject",
    "account-added": "an account was made",
    "account-roles": "the roles of an account were changed",
    "account-disabled": "an account was closed",
    "account-enabled": "a closed account was opened again",
    "account-password": "a password was changed or reset",
    "account-key": "an account of an earlier version got its key",
    "account-rules": "other rules for passwords and lock-outs came into force",
    "signed-in": "a person showed name and password",
    "signed-out": "a person's session ended",
    "sign-in-failed": "name and password were not accepted",
    "sign-in-refused": "somebody tried to sign in to an account that is closed or locked out",
    "locked-out": "an account was locked out after too many failed sign-ins",
    "let-in-again": "a manager ended a lock-out",
}


def dictionary_csv() -> str:
    """The dictionary as the file that lies beside a copy of the log."""
    rows = [("column", *one) for one in COLUMNS.items()] + [("action", *one) for one in ACTIONS.items()]
    return csv_text(("kind", "name", "meaning"), rows)
