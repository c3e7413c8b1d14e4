"""The audit bundle is checked by a script that has nothing of this software: it holds, and forgeries do not."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from typer.testing import CliRunner

from committees import FIRST, PD, SECOND, SmallCommittee
from forgery import forge
from HCCResponseLib.base.errors import AccessError, InputError
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.cli.main import app
from HCCResponseLib.review.committee.adjudication import adjudicate
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
    assert done.stdout.startswith(f"{count} events fit, 4 signatures fit (0 without key).")
    assert check(bundle, noted).returncode == 0
    assert "the noted hash" in check(bundle, "f" * 64).stderr


def test_an_adjudication_is_counted_alike_by_both_programs(tmp_path):
    made = SmallCommittee(tmp_path / "trial.sqlite")
    for name, stream, sizes in (("ann", FIRST, None), ("bob", SECOND, PD)):
        made.read(name, made.assign(name, stream).read_id, sizes)
    adjudicate(made.store, made.people, made.credentials("judge"), "S1", "S1-1", "shrinks")
    export_bundle(made.person("eve"), made.store, made.people, tmp_path / "bundle.sqlite")
    found = verify(made.store)
    made.store.close()
    assert (found.problem, found.signatures, found.adjudications) == ("", 6, 2)
    words = "6 signatures fit (4 under time points, 2 of adjudications, one in each read)"
    assert words in verified(tmp_path / "trial.sqlite").stdout
    assert words in check(tmp_path / "bundle.sqlite").stdout


def verified(*words):
    return CliRunner().invoke(app, ["read", "verify", *map(str, words)])


def test_a_noted_hash_is_told_as_found_and_a_part_of_it_is_a_slip_and_no_alarm(bundle, trial):
    noted, store = trial.store.other("S1-1").head(), trial.store.path
    for hash_ in (noted, f" {noted.upper()}"):
        for done in (verified(store, "--expect", hash_), check(bundle, hash_)):
            assert done.stdout.splitlines()[-1] == "The noted hash was found in it."
    for slip in (f"{noted[:4]}...", noted[:-1], noted + "0", "g" * 64):
        for done in (verified(store, "--expect", slip), check(bundle, slip)):
            said = " ".join(done.stderr.split())
            assert "is no whole hash" in said
            assert "Nothing was checked" in said
            assert "as it was written" not in said.lower()


@pytest.mark.parametrize("words", [(), ("--help",), ("a", "b", "c")])
def test_called_wrongly_the_script_says_how_in_a_sentence(words):
    done = check(*words)
    assert done.returncode == 1
    assert done.stderr.startswith("Usage: python verify_bundle.py BUNDLE [HASH].")
    assert "Traceback" not in done.stderr


def test_what_is_no_bundle_is_said_in_a_sentence(tmp_path):
    (tmp_path / "notes.txt").write_text("no database at all", encoding="utf-8")
    for path in (tmp_path / "notes.txt", tmp_path / "nowhere.sqlite"):
        assert check(path).stderr.startswith(f"'{path}' cannot be read as an audit bundle: ")


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
