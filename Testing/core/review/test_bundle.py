"""The audit bundle is checked by a script that has nothing of this software: it holds, and forgeries do not."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from committees import FIRST, PD, SECOND, SmallCommittee
from forgery import forge
from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.review.people.keys import new_key
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.signing.audit import verify
from HCCResponseLib.review.signing.bundle import export_bundle
from HCCResponseLib.review.store import ReadStore

# The only packages besides the standard library that the script may find.
ALONE = """
import runpy, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("cryptography", "_cffi_backend"):
            raise ImportError(f"{name} is not for this script")
sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def check(*arguments):
    """Run the shipped script where our software cannot be imported."""
    script = resource_path("Audit/verify_bundle.py")
    command = [sys.executable, "-I", "-c", ALONE, str(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """A subject read twice and adjudicated, a changed and a reset password, an amendment."""
    committee = SmallCommittee(tmp_path_factory.mktemp("trial") / "trial.sqlite")
    committee.assign("ann", FIRST)
    committee.assign("bob", SECOND)
    committee.read("ann", "S1-1")
    committee.read("bob", "S1-2", PD)
    committee.people.reset_password(committee.person("boss"), "bob", "given by the boss")
    yield committee
    committee.store.close()


@pytest.fixture
def bundle(trial, tmp_path):
    path = tmp_path / "bundle.sqlite"
    export_bundle(trial.person("eve"), trial.store, trial.people, path)
    return path


def test_a_third_party_checks_the_bundle_without_our_software(bundle, trial):
    done = check(bundle)
    assert (done.returncode, done.stderr) == (0, "")
    with sqlite3.connect(bundle) as connection:
        (count,) = connection.execute("SELECT count(*) FROM events").fetchone()
        (noted,) = connection.execute("SELECT hash FROM events WHERE position = 1").fetchone()
    assert done.stdout.startswith(f"{count} events fit, 4 signatures (0 without key).")
    assert check(bundle, noted).returncode == 0
    assert "the noted hash" in check(bundle, "f" * 64).stderr


def test_no_password_hash_and_no_locked_key_is_in_the_bundle(bundle):
    content = bundle.read_bytes()
    assert b"argon2id" not in content
    assert b"chacha20" not in content
    assert b'"public_key"' in content


@pytest.mark.parametrize("column", ["payload", "utc", "actor", "new", "previous", "role", "contours"])
def test_a_changed_byte_is_named(bundle, column):
    with sqlite3.connect(bundle) as connection:
        where = "WHERE action = 'signed' AND read_id = 'S1-1'"
        connection.execute(f"UPDATE events SET {column} = replace({column} || ' ', 'P', 'Q') || 'x' {where}")
    done = check(bundle)
    assert done.returncode != 0
    if column != "payload":
        assert "of read 'S1-1'" in done.stderr


def test_a_changed_contour_is_named(bundle):
    with sqlite3.connect(bundle) as connection:
        connection.execute("UPDATE blobs SET data = CAST(data || x'00' AS BLOB)")
    assert "a contour is missing or changed" in check(bundle).stderr


@pytest.mark.parametrize("keyed", [False, True])
def test_a_forged_event_is_named(trial, tmp_path, keyed):
    path = tmp_path / "forged.sqlite"
    with closing(sqlite3.connect(trial.store.path)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
    genuine = next(e.payload for e in trial.store.other("S1-1").events() if e.action == "signed")
    own = new_key()
    payload = {**genuine, "category": "PD", "key": own.key, "signature": own.sign(b"anything")}
    if not keyed:
        payload = {k: v for k, v in payload.items() if k not in ("key", "signature")}
    number = forge(path, "S1-1", "ann", "signed", payload)
    store, target = ReadStore(path), tmp_path / "bundle.sqlite"
    export_bundle(trial.person("eve"), store, People(store), target)
    assert f"event {number} of read 'S1-1'" in verify(store).problem
    store.close()
    assert check(target).stderr == (
        f"NOT AS IT WAS WRITTEN: event {number} of read 'S1-1': no key of 'ann' signed it\n"
    )


def test_only_managers_and_auditors_get_it_and_never_over_the_store(trial, tmp_path):
    with pytest.raises(AccessError, match="Only a manager or an auditor"):
        export_bundle(trial.person("ann"), trial.store, trial.people, tmp_path / "mine.sqlite")
    with pytest.raises(InputError, match="the store itself"):
        export_bundle(trial.person("boss"), trial.store, trial.people, trial.store.path)
