"""A server of made-up weights on the loopback, and a made-up TotalSegmentator in an environment of its own."""

import hashlib
import io
import json
import subprocess
import sys
import sysconfig
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAMES = {
    291: ("Dataset291_TotalSegmentator_part1_organs_1559subj", "v2.0.0-weights"),
    297: ("Dataset297_TotalSegmentator_total_3mm_1559subj", "v2.0.0-weights"),
    298: ("Dataset298_TotalSegmentator_total_6mm_1559subj", "v2.0.0-weights"),
    591: ("Dataset591_ct_liver_lesions_842subj", "v2.5.0-weights"),
}
INSIDE = "nnUNetTrainerNoMirroring__nnUNetPlans__3d_fullres"


def checkpoint(size: int = 0) -> bytes:
    """A file like those of torch: a zip archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("archive/data.pkl", b"weights")
        archive.writestr("archive/data/0", bytes(range(256)) * (size // 256))
    return made.getvalue()


def results(labels: dict | None = None, size: int = 0) -> dict[str, bytes]:
    """Files of a results folder of nnU-Net, by their names in it."""
    description = {
        "channel_names": {"0": "CT"},
        "labels": labels or {"background": 0, "liver": 1, "liver tumor": 2},
    }
    return {
        "dataset.json": json.dumps(description).encode(),
        "plans.json": json.dumps(
            {"plans_name": "nnUNetPlans", "configurations": {"3d_fullres": {}}}
        ).encode(),
        "fold_0/checkpoint_final.pth": checkpoint(size),
    }


def write_results(folder: Path, files: dict[str, bytes]) -> Path:
    """Write such files into a folder."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def packed(files: dict[str, bytes], above: str) -> bytes:
    """A zip archive of such files below a folder."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{above}/{name}" if above else name, content)
    return made.getvalue()


def archives(size: int = 0) -> dict[str, bytes]:
    """What the releases of TotalSegmentator have of what is used here, by path on the server."""
    made = packed(results(size=size), INSIDE)
    found = {}
    for name, version in NAMES.values():
        with zipfile.ZipFile(io.BytesIO(made)) as one:
            files = {inner: one.read(inner) for inner in one.namelist()}
        found[f"/{version}/{name}.zip"] = packed(files, name)
    return found


class WeightsServer:
    """Serves files with tags and parts; may break off, and keeps what it was asked.

    Attributes:
        files: by path.
        asked: (path, ``Range``) of every request; sent: bytes of bodies.
        breaks_after: bytes after which it breaks an answer off; ``None``: never.
        slow: bytes a second; ``None``: as fast as it goes.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.asked, self.sent = files, [], 0
        self.breaks_after: int | None = None
        self.slow: int | None = None
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Nothing to say."""

            def do_GET(self) -> None:
                part = self.headers.get("Range")
                server.asked.append((self.path, part))
                content = server.files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
                start = 0
                if part and self.headers.get("If-Range") == tag:
                    start = int(part.removeprefix("bytes=").removesuffix("-"))
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                else:
                    self.send_response(200)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                self._send(content[start:])

            def _send(self, content: bytes) -> None:
                end = len(content) if server.breaks_after is None else server.breaks_after
                step = (server.slow or (1 << 24)) // 20
                for place in range(0, min(end, len(content)), step):
                    block = content[place : min(place + step, end)]
                    self.wfile.write(block)
                    server.sent += len(block)
                    if server.slow:
                        time.sleep(0.05)

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    """The other side has gone away."""

        return Handler


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[WeightsServer]:
    """A server while the block lasts."""
    server = WeightsServer(files)
    try:
        yield server
    finally:
        server.close()


_LIBS = '''
"""As in TotalSegmentator: it knows the address, looks whether the folder is there, and copies an archive."""
import os
from pathlib import Path
from totalsegmentator.map_tasks_config import TASK_ID_WEIGHTS_CONFIGS

def download_url_and_unpack(url, config_dir):
    raise AssertionError("a break would begin anew, and half an archive would count as whole")

def download_pretrained_weights(task_id):
    print("Downloading model for Task", task_id)
    folder = Path(os.environ["TOTALSEG_WEIGHTS_PATH"])
    info = TASK_ID_WEIGHTS_CONFIGS[task_id]
    url = f"{ADDRESS}/{info['version']}/{info['foldername']}.zip"
    if not (folder / info["foldername"]).exists():
        download_url_and_unpack(url, folder)
'''


def make_environment(folder: Path, address: str = "http://127.0.0.1:9", libs: str = _LIBS) -> Path:
    """A virtual environment with a made-up TotalSegmentator whose own address is ``address``."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    inside = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    package = inside / "totalsegmentator"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    table = {n: {"foldername": name, "version": version} for n, (name, version) in NAMES.items()}
    (package / "map_tasks_config.py").write_text(f"TASK_ID_WEIGHTS_CONFIGS = {table!r}\n")
    (package / "libs.py").write_text(f"ADDRESS = {address!r}\n{libs}")
    # What the tests have is there, too, as in an environment with all of the packages.
    (inside / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def pretend_installed(home: Path, environment: Path) -> Path:
    """Make an environment that of TotalSegmentator in a home of ours; its folder."""
    folder = home / "engines" / "totalsegmentator"
    folder.mkdir(parents=True)
    (folder / "venv").symlink_to(environment, target_is_directory=True)
    (folder / "installed.json").write_text("{}")
    return folder
