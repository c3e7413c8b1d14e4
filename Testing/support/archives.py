"""A real archive for tests: Debian's Orthanc with DICOMweb, on this computer only, with user and password."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import which

import requests

from waiting import wait_until

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
OUR_TITLE = "HCCRESPONSE"
USER, PASSWORD = "reader", "a-password-of-the-tests"
HERE = which("Orthanc") is not None and PLUGIN.exists()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Archive:
    """One Orthanc with its own storage; it can be stopped and started again."""

    def __init__(self, folder):
        self.folder, self.port, self._process = Path(folder), free_port(), None
        self.dicom_port, self.our_port = free_port(), free_port()
        settings = {
            "StorageDirectory": str(self.folder / "storage"), "IndexDirectory": str(self.folder / "storage"),
            "HttpPort": self.port, "RemoteAccessAllowed": False,
            "DicomServerEnabled": True, "DicomAet": "ARCHIVE", "DicomPort": self.dicom_port,
            "DicomModalities": {"us": [OUR_TITLE, "127.0.0.1", self.our_port]},
            "AuthenticationEnabled": True, "RegisteredUsers": {USER: PASSWORD}, "Plugins": [str(PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"}, "HttpTimeout": 10,
        }  # fmt: skip
        self._settings = self.folder / "orthanc.json"
        self._settings.write_text(json.dumps(settings))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/dicom-web"

    def start(self):
        """Start it; its own log says when it listens."""
        path = self.folder / "orthanc.log"
        before = path.stat().st_size if path.exists() else 0
        with path.open("ab") as log:
            self._process = subprocess.Popen(["Orthanc", str(self._settings)], stdout=log, stderr=log)
        for _ in range(300):
            if b"Orthanc has started" in path.read_bytes()[before:]:
                return self
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(path.read_text()[-2000:])

    def stop(self, at_once=False):
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL if at_once else signal.SIGTERM)
            self._process.wait(30)
            self._process = None

    def count(self):
        """How many images it holds."""
        answer = requests.get(f"http://127.0.0.1:{self.port}/instances", auth=(USER, PASSWORD), timeout=10)
        return len(answer.json())


@contextmanager
def running(folder):
    archive = Archive(folder).start()
    try:
        yield archive
    finally:
        archive.stop()


QR_HERE = which("dcmqrscp") is not None


@contextmanager
def query_retrieve(folder):
    """DCMTK's archive (dcmqrscp), which speaks C-ECHO, C-FIND, C-MOVE and C-STORE; gives its port and ours."""
    folder = Path(folder)
    (folder / "images").mkdir(parents=True)
    port, ours = free_port(), free_port()
    settings = folder / "dcmqrscp.cfg"
    settings.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nus = ({OUR_TITLE}, 127.0.0.1, {ours})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nARCHIVE {folder / 'images'} RW (500, 1024mb) ANY\nAETable END\n"
    )
    words = ["dcmqrscp", "-c", str(settings)]
    with (folder / "dcmqrscp.log").open("wb") as log, subprocess.Popen(words, stdout=log, stderr=log) as one:
        try:
            # A bare connection would end it: it is asked as its peers ask.
            asked = ["echoscu", "-q", "-aec", "ARCHIVE", "127.0.0.1", str(port)]
            wait_until(
                lambda: (
                    one.poll() is not None
                    or not subprocess.run(asked, capture_output=True, check=False).returncode
                )
            )
            yield port, ours
        finally:
            one.terminate()


@contextmanager
def behind_tls(archive, certificate):
    """The URL of an archive behind a door that speaks TLS: Debian's Orthanc crashes when it does so itself."""
    words = [sys.executable, Path(__file__).with_name("tls_door.py"), str(archive.port), certificate]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as door:
        try:
            yield f"https://127.0.0.1:{int(door.stdout.readline())}/dicom-web"
        finally:
            door.terminate()


@contextmanager
def answering(body, kind):
    """The URL of a server that gives one answer to everything."""

    class Same(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Same) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/dicom-web"
        finally:
            server.shutdown()
            thread.join(10)


def self_signed(folder):
    """A certificate that nobody has signed, with its key, for 127.0.0.1."""
    from datetime import UTC, datetime, timedelta
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    form = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    both, public = folder / "both.pem", folder / "public.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    both.write_bytes(public.read_bytes() + key.private_bytes(*form))
    return both, public
