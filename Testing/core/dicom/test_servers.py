"""Finding, fetching and storing in real archives (Orthanc, DCMTK), with their faults."""

import hashlib

import pytest
import yaml

from archives import (
    HERE,
    PASSWORD,
    QR_HERE,
    USER,
    Archive,
    answering,
    behind_tls,
    query_retrieve,
    running,
    self_signed,
)  # fmt: skip
from dicom_corpus import Series, uid_of, write
from full_disk import full_disk
from HCCResponseLib.base.errors import InputError, ServerError, StorageError
from HCCResponseLib.dicom.servers.archive import archive_of
from HCCResponseLib.dicom.servers.classic import ClassicArchive
from HCCResponseLib.dicom.servers.config import Server, load_servers, server_named
from HCCResponseLib.dicom.servers.web import WebArchive

real = pytest.mark.skipif(not HERE, reason="Orthanc (Debian's orthanc and orthanc-dicomweb) is not installed")


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("PACS_PASSWORD", PASSWORD)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    with running(tmp_path_factory.mktemp("orthanc")) as one:
        yield one


def _client(archive, **more):
    given = {"url": archive.url, "user": USER, "password_env": "PACS_PASSWORD", "timeout_s": 5.0, **more}
    return WebArchive("hospital", Server.model_validate(given))


def _classic(archive, **more):
    given = {
        "host": "127.0.0.1",
        "port": archive.dicom_port,
        "ae_title": "ARCHIVE",
        "our_port": archive.our_port,
    }
    return ClassicArchive("hospital", Server.model_validate({**given, "timeout_s": 5.0, **more}))


def _files(folder):
    return sorted(p for p in folder.rglob("*.dcm"))


def _pixels(files):
    from pydicom import dcmread

    return sorted(hashlib.sha256(dcmread(f).PixelData).hexdigest() for f in files)


@real
def test_what_is_stored_is_found_and_fetched_as_it_was(archive, tmp_path):
    folder = write(tmp_path / "ct", Series(patient="A", count=8))
    files = _files(folder)
    client = _client(archive)
    told = []
    done = client.store(files, lambda number, of: told.append((number, of)))
    assert (len(done.done), done.before) == (8, 0)
    assert told[-1] == (8, 8)
    (study,) = client.find(patient_id="A")
    assert (study.patient_id, study.day, study.modalities, study.images) == ("A", "20240131", ("CT",), 8)
    got = client.fetch(study.uid, tmp_path / "back")
    assert len(got.done) == 8
    assert _pixels(_files(tmp_path / "back")) == _pixels(files)


@real
def test_nothing_is_transferred_twice(archive, tmp_path):
    files = _files(write(tmp_path / "ct", Series(patient="B", count=4)))
    client = _client(archive)
    assert len(client.store(files[:2]).done) == 2
    again = client.store(files)
    assert (len(again.done), again.before) == (2, 2)
    study = uid_of("B", "20240131")
    assert len(client.fetch(study, tmp_path / "back").done) == 4
    lost = _files(tmp_path / "back")[1]
    lost.unlink()
    more = client.fetch(study, tmp_path / "back")
    assert (more.done, more.before) == ((str(lost),), 3)


@real
def test_compressed_images_come_as_they_were_stored(archive, tmp_path):
    from pydicom import dcmread
    from pydicom.uid import JPEGLSLossless

    files = _files(write(tmp_path / "ct", Series(patient="C", count=3, syntax=JPEGLSLossless)))
    client = _client(archive)
    client.store(files)
    client.fetch(uid_of("C", "20240131"), tmp_path / "back")
    assert {dcmread(f).file_meta.TransferSyntaxUID for f in _files(tmp_path / "back")} == {JPEGLSLossless}


@real
def test_a_server_that_goes_in_the_middle_loses_nothing(tmp_path):
    (tmp_path / "o").mkdir()
    archive = Archive(tmp_path / "o").start()
    try:
        files = _files(write(tmp_path / "ct", Series(patient="D", count=8)))
        client = _client(archive)

        def gone_after_three(number, _):
            if number == 3:
                archive.stop(at_once=True)

        with pytest.raises(ServerError, match="'hospital' could not be .*give the same command again"):
            client.store(files, gone_after_three)
        archive.start()
        rest = client.store(files)
        assert rest.before + len(rest.done) == 8 and rest.before >= 1
        assert archive.count() == 8

        with pytest.raises(ServerError, match="'hospital' could not be read from"):
            client.fetch(uid_of("D", "20240131"), tmp_path / "back", gone_after_three)
        kept = _files(tmp_path / "back")
        assert len(kept) == 3
        assert not [p for p in (tmp_path / "back").rglob("*") if p.name.startswith(".writing")]
        archive.start()
        more = client.fetch(uid_of("D", "20240131"), tmp_path / "back")
        assert (len(more.done), more.before) == (5, 3)
        assert _pixels(_files(tmp_path / "back")) == _pixels(files)
    finally:
        archive.stop()


@real
def test_a_wrong_password_is_said(archive, monkeypatch):
    monkeypatch.setenv("PACS_PASSWORD", "wrong")
    with pytest.raises(ServerError, match=r"'hospital' refuses user and password \(401\)"):
        _client(archive).find(patient_id="A")


@real
def test_a_certificate_that_nobody_signed_is_not_trusted_unless_named(archive, tmp_path):
    both, public = self_signed(tmp_path)
    with behind_tls(archive, both) as url:
        with pytest.raises(ServerError, match="cannot be trusted: its certificate is not valid here"):
            _client(archive, url=url).find(patient_id="nobody")
        assert _client(archive, url=url, certificates=public).find(patient_id="nobody") == []


@real
def test_what_the_archive_refuses_is_named_and_the_rest_is_stored(archive, tmp_path):
    from pydicom import dcmread

    files = _files(write(tmp_path / "ct", Series(patient="E", count=3)))
    broken = dcmread(files[1])
    broken.StudyInstanceUID = "1.2.3"
    del broken.SeriesInstanceUID
    broken.save_as(files[1])
    with pytest.raises(
        ServerError, match=r"did not take 1 of 3 objects: '.*001\.dcm': refused|001\.dcm': taken, but"
    ):
        _client(archive).store(files)
    (study,) = _client(archive).find(patient_id="E")
    assert study.images == 2


@real
def test_a_study_that_is_not_there_is_said(archive, tmp_path):
    with pytest.raises(ServerError, match="has no study 1.2.9"):
        _client(archive).fetch("1.2.9", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_nobody_answers(tmp_path):
    client = WebArchive("hospital", Server(url="http://127.0.0.1:9/dicom-web"))
    with pytest.raises(
        ServerError, match="'hospital' could not be searched: the connection failed or was lost"
    ):
        client.find(patient_id="A")


def test_what_is_no_dicom_object_is_not_sent(tmp_path):
    (tmp_path / "x.txt").write_text("no")
    with pytest.raises(InputError, match="is no DICOM object that can be stored"):
        WebArchive("hospital", Server(url="http://127.0.0.1:9/dicom-web")).store([tmp_path / "x.txt"])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"url": "http://pacs.example/dicom-web"}, "not encrypted"),
        ({"url": "https://me:secret@pacs.example"}, "do not belong into the url"),
        ({"url": "https://pacs.example", "user": "a", "token_env": "B"}, "not both"),
        ({"url": "https://pacs.example", "pasword": "x"}, "pasword"),
        ({"url": "ftp://pacs.example"}, "url"),
        ({"url": "https://"}, "names no computer"),
        ({"url": "https://pacs.example", "timeout_s": float("inf")}, "timeout_s"),
        ({"url": "https://pacs.example", "user": ""}, "user"),
        ({}, "name a url"),
        ({"url": "https://pacs.example", "host": "a"}, "name a url"),
        ({"host": "pacs.example", "port": 104}, "its port and its ae_title"),
        ({"host": "pacs.example", "port": 104, "ae_title": "A"}, "say unencrypted: true"),
        ({"host": "pacs.example", "port": 104, "ae_title": "A", "user": "b", "unencrypted": True}, "belong to a url"),
        ({"host": "pacs.example", "port": 70000, "ae_title": "A"}, "port"),
    ],
)  # fmt: skip
def test_servers_that_are_impossible_are_refused(tmp_path, given, why):
    (tmp_path / "servers.yaml").write_text(yaml.safe_dump({"hospital": given}))
    with pytest.raises(InputError, match=why):
        load_servers(tmp_path / "servers.yaml")


def test_servers_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path))
    with pytest.raises(InputError, match=r"No server is known: '.*servers\.yaml' does not exist"):
        server_named("hospital")
    (tmp_path / "servers.yaml").write_text("hospital: {url: 'https://pacs.example/dicom-web'}\n")
    assert server_named("hospital").url == "https://pacs.example/dicom-web"
    with pytest.raises(InputError, match="There is no server 'trial'; known are hospital"):
        server_named("trial")


def test_a_password_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("PACS_PASSWORD")
    with pytest.raises(
        InputError, match="The environment variable PACS_PASSWORD, which server 'hospital' needs"
    ):
        WebArchive("hospital", Server(url="https://p.example", user="a", password_env="PACS_PASSWORD"))


@real
def test_the_older_services_find_fetch_and_store_too(archive, tmp_path):
    from pydicom.uid import JPEGLSLossless

    files = _files(write(tmp_path / "ct", Series(patient="F", count=6)))
    packed = _files(
        write(
            tmp_path / "packed", Series(patient="F", name="packed", number=2, count=3, syntax=JPEGLSLossless)
        )
    )
    client = _classic(archive)
    assert len(client.store(files[:4]).done) == 4
    again = client.store([*files, *packed])
    assert (len(again.done), again.before) == (5, 4)
    (study,) = client.find(patient_id="F")
    assert (study.patient_id, study.day, study.modalities, study.images) == ("F", "20240131", ("CT",), 9)
    told = []
    got = client.fetch(study.uid, tmp_path / "back", lambda number, of: told.append((number, of)))
    assert len(got.done) == 9 and told[-1] == (9, 9)
    assert _pixels(_files(tmp_path / "back")) == _pixels([*files, *packed])
    _files(tmp_path / "back")[0].unlink()
    more = client.fetch(study.uid, tmp_path / "back")
    assert (len(more.done), more.before) == (1, 8)


@real
@pytest.mark.parametrize("client", [_client, _classic])
def test_a_full_disk_keeps_what_is_whole_and_says_so(archive, tmp_path, client):
    patient = f"FULL-{client.__name__}"
    files = _files(write(tmp_path / "ct", Series(patient=patient, count=4)))
    _client(archive).store(files)
    study = uid_of(patient, "20240131")
    with full_disk(1500), pytest.raises((StorageError, ServerError), match="full|did not send|was lost"):
        client(archive).fetch(study, tmp_path / "back")
    assert _files(tmp_path / "back") == [] and list((tmp_path / "back").rglob(".writing*")) == []
    assert len(client(archive).fetch(study, tmp_path / "back").done) == 4
    assert _pixels(_files(tmp_path / "back")) == _pixels(files)


@pytest.mark.skipif(not QR_HERE, reason="DCMTK (Debian's dcmtk) is not installed")
def test_another_archive_finds_fetches_and_stores_by_the_same_services(tmp_path):
    files = _files(write(tmp_path / "ct", Series(patient="Q", count=6)))
    with query_retrieve(tmp_path / "qr") as (port, ours):
        server = Server(host="127.0.0.1", port=port, ae_title="ARCHIVE", our_port=ours, timeout_s=10.0)
        client = ClassicArchive("dcmtk", server)
        assert len(client.store(files[:4]).done) == 4
        again = client.store(files)
        assert (len(again.done), again.before) == (2, 4)
        (study,) = client.find(patient_id="Q")
        assert (study.patient_id, study.day) == ("Q", "20240131")
        got = client.fetch(study.uid, tmp_path / "back")
        assert len(got.done) == 6
        assert _pixels(_files(tmp_path / "back")) == _pixels(files)
        stranger = ClassicArchive("dcmtk", server.model_copy(update={"our_ae_title": "STRANGER"}))
        with pytest.raises(ServerError, match="'dcmtk' (refuses|did not send|was lost)"):
            stranger.fetch(study.uid, tmp_path / "nothing")


@real
def test_an_archive_that_does_not_know_this_computer_says_so(archive, tmp_path):
    files = _files(write(tmp_path / "ct", Series(patient="G", count=3)))
    _classic(archive).store(files)
    stranger = _classic(archive, our_ae_title="STRANGER")
    with pytest.raises(ServerError, match="'hospital' (refuses|did not send|was lost)"):
        stranger.fetch(uid_of("G", "20240131"), tmp_path / "back")


# pynetdicom leaves the socket of a connection that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_host_that_does_not_answer_is_named():
    client = ClassicArchive("hospital", Server(host="127.0.0.1", port=9, ae_title="NOBODY"))
    with pytest.raises(
        ServerError, match=r"'hospital' could not be reached \(127\.0\.0\.1:9, ae_title NOBODY"
    ):
        client.find(patient_id="A")


def test_a_server_is_of_one_kind():
    assert isinstance(archive_of("a", Server(url="https://p.example")), WebArchive)
    assert isinstance(archive_of("a", Server(host="127.0.0.1", port=104, ae_title="A")), ClassicArchive)


@real
def test_a_star_stands_for_anything(archive, tmp_path):
    _client(archive).store(_files(write(tmp_path / "ct", Series(patient="STAR-1", count=3))))
    assert [s.patient_id for s in _client(archive).find(patient_id="STAR-*")] == ["STAR-1"]
    assert [s.patient_id for s in _classic(archive).find(patient_id="STAR-?")] == ["STAR-1"]


@real
def test_an_image_that_was_cut_afterwards_is_fetched_again(archive, tmp_path):
    _client(archive).store(_files(write(tmp_path / "ct", Series(patient="CUT", count=3))))
    study = uid_of("CUT", "20240131")
    _client(archive).fetch(study, tmp_path / "back")
    cut = _files(tmp_path / "back")[0]
    cut.write_bytes(cut.read_bytes()[:-200])
    assert _client(archive).fetch(study, tmp_path / "back").done == (str(cut),)
    cut.write_bytes(b"")
    assert _classic(archive).fetch(study, tmp_path / "back").done == (str(cut),)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html></html>",
        b"{}",
        b'{"a": 1}',
        b'["text"]',
        b'[{"0020000D": "x"}]',
        b'[{"0020000D": {"Value": 3}}]',
        b"\xff",
    ],
)
def test_a_server_that_answers_nonsense_is_said_and_ends(answer):
    with (
        answering(answer, "application/dicom+json") as url,
        pytest.raises(ServerError, match="answers something that is no DICOMweb"),
    ):
        WebArchive("hospital", Server(url=url)).find(patient_id="A")


def test_a_server_without_pages_is_asked_once_more_only():
    study = (
        b'[{"0020000D": {"vr": "UI", "Value": ["1.2.3"]}, "00100010": {"Value": [{"Alphabetic": "A\\nB"}]}}]'
    )
    with answering(study, "application/dicom+json") as url:
        (found,) = WebArchive("hospital", Server(url=url)).find(patient_id="A")
    assert (found.uid, found.patient_name) == ("1.2.3", "A?B")


@pytest.mark.parametrize("study", ["../x", "1.2.x", "", "1..2", "9" * 70])
def test_what_is_no_study_is_not_asked_for(study, tmp_path):
    for archive in (
        WebArchive("hospital", Server(url="http://127.0.0.1:9/x")),
        ClassicArchive("hospital", Server(host="127.0.0.1", port=9, ae_title="A")),
    ):
        with pytest.raises(InputError, match="is no study UID"):
            archive.fetch(study, tmp_path)
