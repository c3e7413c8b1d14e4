"""Check an audit bundle: python verify_bundle.py BUNDLE [NOTED HASH]. Needs Python 3.9 and the package cryptography."""

import base64
import hashlib
import json
import re
import sqlite3
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FIELDS = "format position read_id sequence previous previous_in_store utc actor role action item old new reason payload"
FIELDS = [*FIELDS.split(), "contours", "software", "profile"]
OLD_FIELDS = ["previous", "utc", "actor", "action", "payload", "software"]
SIGNED = ["signed", "adjudicated", "amended", "closed", "assigned", "unblinded"]
USAGE = "Usage: python verify_bundle.py BUNDLE [HASH]. It checks an audit bundle; HASH is one that was noted earlier."
SECRET = ["account-added", "account-password", "account-key"]
MANAGED = [*SECRET, "account-roles", "account-disabled", "account-enabled", "account-rules", "let-in-again"]


def need(fits, event, why):
    if not fits:
        sys.exit(f"NOT AS IT WAS WRITTEN: event {event['sequence']} of read '{event['read_id']}': {why}")


def digest(value):
    return hashlib.sha256(value if isinstance(value, bytes) else json.dumps(value).encode()).hexdigest()


def check_chain(event, said, position, whole, number, before, blobs):
    old = [event[name] for name in OLD_FIELDS]
    right = digest(old if event["format"] == 1 else ["hcc-response event", *(event[name] for name in FIELDS)])
    left_out = event["action"] in SECRET and event["format"] < 3 and said.get("hash") == "left out"
    need(event["hash"] == right or left_out, event, "it was changed")
    follows = [event["position"], event["previous_in_store"]] == [position, whole]
    need(
        follows and [event["sequence"], event["previous"]] == [number, before],
        event,
        "it does not follow the last",
    )
    stored = all(blobs.get(key, event["action"] in SECRET) for key in event["contours"].split())
    in_place = event["action"] not in SIGNED or said.get("chain_head", before) == before
    need(stored and in_place, event, "a contour is missing or changed, or a signature was moved")


def check_seal(event, said, public):
    raw = base64.b64decode(public or "")
    need(public and said.get("key") == digest(raw), event, f"no key of '{event['actor']}' signed it")
    bare = json.dumps({name: value for name, value in said.items() if name != "signature"}, sort_keys=True)
    content = ["hcc-response signature", *({**event, "payload": bare}[name] for name in FIELDS)]
    try:
        key = Ed25519PublicKey.from_public_bytes(raw)
        key.verify(base64.b64decode(said["signature"]), json.dumps(content).encode())
    except (InvalidSignature, KeyError, ValueError):
        need(False, event, "the signature does not fit what was signed")


def key_for(event, said, people, local):
    """The public key that must have signed; ``local``: (since when, name, account) of accounts kept elsewhere."""
    name, actor, action = said.get("name"), event["actor"], event["action"]
    me = people.get(actor, {"active": False})
    if action in SIGNED:
        then = [account for since, who, account in local if who == actor and since <= event["utc"]]
        me = me if people or not then else then[-1]
        return me["active"] and not me["temporary"] and me["public_key"]
    first = not people if action == "account-added" else action == "account-key" and not me["public_key"]
    if name == actor and first:
        return said["public_key"]
    own = name == actor and action == "account-password"
    return me["active"] and (own or ("manager" in me["roles"] and not me["temporary"])) and me["public_key"]


def check(file, table, local):
    blobs = {key: digest(data) == key for key, data in file.execute("SELECT sha256, data FROM blobs")}
    whole, ends, people, history, keyed, seen = "0" * 64, {}, {}, [], False, [0, 0, 0, 0]
    for event in map(dict, file.execute(f"SELECT * FROM {table} ORDER BY position")):
        said, (number, before) = json.loads(event["payload"]), ends.get(event["read_id"], (0, "0" * 64))
        seen[0] += 1
        check_chain(event, said, seen[0], whole, number + 1, before, blobs)
        whole, keyed = event["hash"], keyed or event["format"] >= 3
        ends[event["read_id"]] = (number + 1, whole)
        if keyed and event["action"] in SIGNED + MANAGED:
            check_seal(event, said, key_for(event, said, people, local))
        chosen = (
            event["action"] == "adjudicated" and event["read_id"] != "store"
        )  # once in each read of the subject
        seen[1] += event["action"] == "signed" or chosen
        seen[2] += (event["action"] == "signed" or chosen) and not keyed
        seen[3] += chosen
        if event["action"] in MANAGED and "name" in said:
            account = {
                "active": True,
                "temporary": False,
                "public_key": "",
                **people.get(said["name"], {}),
                **said,
            }
            turned = {"account-enabled": True, "account-disabled": False}
            account["active"] = turned.get(event["action"], account["active"])
            people[said["name"]] = account
            history.append((event["utc"], said["name"], account))
    return seen, whole, history


def main(path, noted=None):
    noted = noted and noted.strip().lower()
    if noted is not None and not re.fullmatch("[0-9a-f]{64}", noted):
        sys.exit(
            f"'{noted}' is no whole hash: one has 64 characters, 0 to 9 and a to f. Nothing was checked."
        )
    try:
        file = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        file.row_factory = sqlite3.Row
        seen, last, _ = check(file, "events", check(file, "accounts", [])[2])
        found = file.execute("SELECT 1 FROM events WHERE hash = ?", (noted,)).fetchone()
    except sqlite3.Error as problem:
        sys.exit(f"'{path}' cannot be read as an audit bundle: {problem}.")
    if noted and not found:
        sys.exit(f"NOT AS IT WAS WRITTEN: the noted hash {noted} is not in it")
    events, signatures, keyless, chosen = seen
    parts = (
        f" ({signatures - chosen} under time points, {chosen} of adjudications, one in each read)"
        if chosen
        else ""
    )
    words = (
        f"{events} events fit, {signatures} signatures fit{parts} ({keyless} without key). Last hash: {last}"
    )
    sys.stdout.write(words + ("\nThe noted hash was found in it." if noted else "") + "\n")


if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
    sys.exit(USAGE)
main(*sys.argv[1:])
