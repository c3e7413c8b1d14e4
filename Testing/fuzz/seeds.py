"""Valid inputs of every kind, from which the fuzzer makes damaged ones."""

import json
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from dicom_series import write_series
from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.review.decisions.decide import accept_all
from reads import BASELINE, FOLLOW_UP, candidate, lesion, make_read

STUDY = """subject: S-1
patient_id: "850101/1234"
profile: recist-1.1
timepoints:
  - name: baseline
    date: 2026-01-12
    image: image.nii
    phase: portal venous
    contour: {path: contour.nii, drawn_by: Dr A, lesions: {1: L1, 2: L2}}
  - name: follow-up 1
    date: 2026-03-16
    image: image.nii
"""
DECISIONS = f"""reader: Dr A
decisions:
  - {{time_point: {FOLLOW_UP}, name: L1, action: edit, long_axis_mm: 27.5}}
  - {{time_point: {FOLLOW_UP}, name: L2, action: reject, reason: vessel}}
  - {{time_point: {FOLLOW_UP}, name: L3, action: edit, state: too-small}}
non_target:
  - {{time_point: {FOLLOW_UP}, response: NON-CR/NON-PD}}
answers:
  - {{time_point: {FOLLOW_UP}, choice: cr-was-pr}}
"""
CASES = (
    {"id": 1, "question": "best-response", "criterion": "RECIST 1.1", "given": {
        "reference_date": "2023-01-01", "first_pd_date": "2023-02-01",
        "visits": [{"date": "2023-02-12", "response": "SD"}, {"date": "2023-04-12", "response": "PR"}]}},
    {"id": 2, "question": "target-response", "profile": {"pd_percent": 20}, "given": {
        "baseline_sum": 100, "nadir_sum": 80.5, "current_sum": "96.6"}},
    {"id": 3, "question": "irecist-sequence", "criterion": "iRECIST", "given": {
        "baseline_date": "2023-01-01", "visits": [{"date": "2023-02-12", "target": "iUPD"}]}},
)  # fmt: skip


def texts() -> dict[str, list[bytes]]:
    """Seeds of the text formats by kind."""
    profiles = [
        resource_path(f"Profiles/{n}.yaml").read_bytes() for n in ("recist-1.1", "mrecist", "irecist")
    ]
    return {
        "study": [STUDY.encode()],
        "decisions": [DECISIONS.encode()],
        "profile": profiles,
        "rules": [json.dumps(case).encode() for case in CASES],
    }


def images() -> dict[str, list[bytes]]:
    """Small images and contours by suffix; a DICOM slice under ``.dcm``."""
    values = np.random.default_rng(0).integers(-1000, 300, (5, 9, 8)).astype(np.int16)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((0.8, 0.8, 2.5))
    with tempfile.TemporaryDirectory() as folder:
        out = {}
        for suffix in (".nii", ".nii.gz", ".nrrd", ".mha"):
            path = Path(folder) / f"image{suffix}"
            sitk.WriteImage(image, str(path))
            label = Path(folder) / f"label{suffix}"
            sitk.WriteImage(sitk.Cast(image > 0, sitk.sitkUInt8), str(label))
            out[suffix] = [path.read_bytes(), label.read_bytes()]
        series = write_series(Path(folder) / "s", count=3)
        out[".dcm"] = [file.read_bytes() for file in sorted(series.iterdir())]
        return out


def store() -> bytes:
    """A small store with proposals and decisions."""
    rows = [lesion(BASELINE, "L1", 30), lesion(BASELINE, "L2", 20), lesion(FOLLOW_UP, "L1", 20)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "read.sqlite"
        opened, state = make_read(path, [*rows, lesion(FOLLOW_UP, "L2", None), candidate()])
        accept_all(opened, state, "Dr A")
        opened.close()
        return path.read_bytes()
