"""Time by ICH E6(R3), 4.2.2: UTC and the local time of the computer that wrote it, with its offset."""

import json
import time
from datetime import datetime

import pytest
from typer.testing import CliRunner

from committees import FIRST, password
from HCCResponseLib.cli.main import app
from HCCResponseLib.cli.read.work import _signed_words
from HCCResponseLib.review.signing.audit import export_log
from HCCResponseLib.review.signing.signatures import moment
from HCCResponseLib.review.signing.signing import sign_and_lock
from HCCResponseLib.review.store import ReadStore
from reads import BASELINE


@pytest.fixture
def berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of a process cannot be set here")
def test_an_event_holds_utc_and_the_local_time_with_its_offset(tmp_path, berlin):
    store = ReadStore(tmp_path / "r.sqlite")
    written = store.append("Dr A", "note", {"n": 1})
    (event,) = store.events()
    assert event == written
    assert event.payload == {"n": 1}
    local = datetime.fromisoformat(event.local)
    assert local.utcoffset() in {
        datetime.fromisoformat(f"2026-01-01T00:00+0{h}:00").utcoffset() for h in (1, 2)
    }
    assert local == datetime.fromisoformat(event.utc).replace(microsecond=0)
    assert event.utc.endswith("+00:00")
    store.close()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the time zone of a process cannot be set here")
def test_the_local_time_stands_in_the_copy_and_under_the_signature(committee, tmp_path, berlin):
    changed = committee
    changed.assign("ann", FIRST)
    store, state = changed.draft()
    sign_and_lock(store, state, changed.people, changed.credentials("ann"), BASELINE)
    (signature,) = changed.open("ann", "S1-1")[1].signatures
    event = next(e for e in changed.store.other("S1-1").events() if e.action == "signed")
    assert signature.local == event.local
    words = ["read", "show", str(changed.store.path), "S1-1", "--as", "ann"]
    shown = CliRunner().invoke(app, words, env={"HCC_RESPONSE_PASSWORD": password("ann")})
    assert f"(local {event.local[:16].replace('T', ' ')}{event.local[19:]})" in shown.stdout
    export_log(changed.person("eve"), changed.store, tmp_path / "log.json", "S1-1")
    rows = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))
    assert [r["local"] for r in rows if r["action"] == "signed"] == [event.local]


@pytest.mark.parametrize(
    ("utc", "local", "says"),
    [
        ("2026-11-27T19:17:06.066+00:00", "", "2026-11-27 19:17 UTC"),
        ("2026-11-27T19:17:06.066+00:00", "2026-11-27T19:17:06+00:00", "2026-11-27 19:17 UTC"),
        (
            "2026-11-27T23:17:06.066+00:00",
            "2026-11-28T00:17:06+01:00",
            "2026-11-27 23:17 UTC (local 2026-11-28 00:17+01:00)",
        ),
    ],
)
def test_a_sentence_says_the_time_once_where_local_time_is_utc(utc, local, says):
    assert moment(utc, local) == says


def test_a_signing_command_says_the_time_in_words(committee):
    committee.assign("ann", FIRST)
    store, state = committee.draft()
    done = sign_and_lock(store, state, committee.people, committee.credentials("ann"), BASELINE)
    said = _signed_words(done)
    assert f" at {done.utc[:10]} {done.utc[11:16]} UTC" in said
    assert done.utc not in said
