"""The other Pythons that pyenv has: the quick tests on 3.12, which Slicer 5.12 runs; installation and smoke on 3.13.

Run by ``.ci/run``. A Python that pyenv does not have is named in one line. Where torch's wheel would bring gigabytes of
CUDA packages, torch and what stands on it stay out; the tests that need it are skipped, and the last line counts them.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from support.without_torch import NETWORKS, REASON

from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.volumes import LabelMap
from HCCResponseLib.imaging.write import write_label_map

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"
QUICK = ("-m", "not slow")
# What Slicer 5.12 brings along and must not be upgraded there, where the pinned version is newer.
OF_SLICER = {"3.12": ("highdicom==0.27.0",)}
RULES = (
    '{"id": "pr", "question": "target-response", "given": {"baseline_sum": "100.0", "current_sum": "70.0"}}\n'
)


def python_of(version: str) -> Path | None:
    """pyenv's newest interpreter of this version."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = (root / "versions").glob(f"{version}.*/bin/python")
    return max(found, key=lambda p: [int(n) for n in re.findall(r"\d+", p.parts[-3])], default=None)


def call(*words: object, **more: object) -> subprocess.CompletedProcess[str]:
    """Run a program at the root of the repository; it must succeed."""
    return subprocess.run([str(w) for w in words], cwd=ROOT, check=True, encoding="utf-8", **more)


def pip(python: Path, *words: object, **more: object) -> subprocess.CompletedProcess[str]:
    """pip, quiet but for errors, with the pinned versions."""
    quiet = ("--disable-pip-version-check", "-qq", "-c", CONSTRAINTS)
    return call(python, "-m", "pip", "install", *quiet, *words, **more)


def torch_is_small(python: Path) -> bool:
    """Whether torch is there for this Python without CUDA packages; only descriptions are downloaded."""
    words = ("--dry-run", "--ignore-installed", "--no-deps", "--report", "-", "torch")
    try:
        report = json.loads(pip(python, *words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    except subprocess.CalledProcessError:
        return False
    requires = report["install"][0]["metadata"].get("requires_dist", [])
    return sys.platform != "linux" or not any(r.startswith(("nvidia", "cuda")) for r in requires)


def requirements(extras: tuple[str, ...], leave_out: tuple[str, ...]) -> list[str]:
    """What ``pyproject.toml`` asks for, with the extras that an extra names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        for requirement in project["optional-dependencies"][extra]:
            own = re.fullmatch(re.escape(project["name"]) + r"\[(.*)\]", requirement)
            wanted += requirements(tuple(own[1].split(",")), leave_out) if own else [requirement]
    return [r for r in dict.fromkeys(wanted) if re.split(r"[^\w-]", r)[0] not in leave_out]


def environment(version: str, base: Path, extras: tuple[str, ...], *install: str) -> Path:
    """Its interpreter in an environment with this project; made anew when what it is made from has changed."""
    folder = ROOT / f".venv-{version}"
    python, stamp = folder / "bin" / "python", folder / "stamp"
    given = [
        CONSTRAINTS.read_bytes(),
        (ROOT / "pyproject.toml").read_bytes(),
        f"{base} {install} {OF_SLICER.get(version)}".encode(),
    ]
    made_from = hashlib.sha256(b"".join(given)).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != made_from:
        call(base, "-m", "venv", "--clear", folder)
        small = torch_is_small(python)
        if small:
            pip(python, "torch")
        else:
            print(
                f"Python {version}: torch would bring CUDA packages of gigabytes; left out with monai.",
                flush=True,
            )
        # The build's own needs are in the extra "test"; without isolation they are not downloaded a second time.
        pip(python, "hatchling", "editables", *requirements(extras, () if small else NETWORKS))
        pip(python, "--no-deps", "--no-build-isolation", *install)
        if version in OF_SLICER:
            call(
                python,
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "-qq",
                "--no-deps",
                *OF_SLICER[version],
            )
        stamp.write_text(made_from, encoding="utf-8")
    return python


def collected() -> int:
    """How many quick tests there are, as this Python, which has everything, counts them."""
    words = (sys.executable, "-m", "pytest", "--collect-only", "-qq", *QUICK)
    lines = call(*words, stdout=subprocess.PIPE).stdout.splitlines()
    return sum(int(line.rpartition(": ")[2]) for line in lines if re.search(r"\.py: \d+$", line))


def counted(report: Path, everything: int) -> str:
    """How many tests ran and how many did not; files that need torch are not even read, so they are counted there."""
    cases = ElementTree.parse(report).getroot().iter("testcase")
    skips = [[s.get("message", "") for s in case.iter("skipped")] for case in cases]
    ran = sum(not why for why in skips)
    others = sum(bool(why) and REASON not in why[0] for why in skips)
    for_torch = everything - ran - others
    return f"{ran} of {everything} quick tests ran; {for_torch} need torch, {others} were skipped as on any Python."


def quick_tests(version: str) -> None:
    """The quick tests; says how many of them ran."""
    base = python_of(version)
    if base is None:
        print(f"Python {version}: pyenv has none here; its tests are left out.", flush=True)
        return
    python = environment(version, base, ("test",), "-e", ".")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        workers = ("-n", os.environ.get("WORKERS", "2"), "--dist", "loadfile", "--no-loadscope-reorder")
        call(python, "-m", "pytest", *QUICK, *workers, f"--junit-xml={report}")
        print(f"Python {version}: {counted(report, collected())}", flush=True)


def smoke(version: str) -> None:
    """Installation as a wheel, help, one question to the rules, one measurement."""
    base = python_of(version)
    if base is None:
        print(f"Python {version}: pyenv has none here; installation and smoke are left out.", flush=True)
        return
    program = environment(version, base, (), ".").with_name("hcc-response")
    with tempfile.TemporaryDirectory() as folder:
        cases, contour = Path(folder) / "cases.jsonl", Path(folder) / "contour.nrrd"
        cases.write_text(RULES, encoding="utf-8")
        labels = np.zeros((5, 40, 40), np.uint8)
        labels[1:4, 10:30, 10:30] = 1
        write_label_map(LabelMap(labels, Geometry(labels.shape, (2.5, 1.0, 1.0))), contour)
        out = [call(program, *words, stdout=subprocess.PIPE).stdout for words in
               (["--help"], ["rules", cases], ["measure", contour, "--json"])]  # fmt: skip
    response = json.loads(out[1])["answer"]["response"]
    length = json.loads(out[2])["1"]["long_axis"]["length_mm"]
    assert "not cleared for clinical use" in " ".join(out[0].split())
    assert response == "PR"
    print(
        f"Python {version}: installed; help, rules (-30 % is {response}) and a measurement ({length} mm) work."
    )


if __name__ == "__main__":
    quick_tests("3.12")
    smoke("3.13")
