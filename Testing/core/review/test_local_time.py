"""Time by ICH E6(R3), 4.2.2: UTC and the local time of the computer that wrote it, with its offset."""

import json
import time
from datetime import datetime

import pytest
from typer.testing import CliRunner

from committees import FIRST, password
from HCCResponseLib.cli.main import app
from HCCResponseLib.review.signing.audit import export_log
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


def test_the_local_time_stands_in_the_copy_and_under_the_signature(committee, tmp_path):
    changed = committee
    changed.assign("ann", FIRST)
    store, state = changed.draft()
    sign_and_lock(store, state, changed.people, changed.credentials("ann"), BASELINE)
    (signature,) = changed.open("ann", "S1-1")[1].signatures
    event = next(e for e in changed.store.other("S1-1").events() if e.action == "signed")
    assert signature.local == event.local
    words = ["read", "show", str(changed.store.path), "S1-1", "--as", "ann"]
    shown = CliRunner().invoke(app, words, env={"HCC_RESPONSE_PASSWORD": password("ann")})
    assert f"(local {event.local.replace('T', ' ')})" in shown.stdout
    export_log(changed.person("eve"), changed.store, tmp_path / "log.json", "S1-1")
    rows = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))
    assert [r["local"] for r in rows if r["action"] == "signed"] == [event.local]
