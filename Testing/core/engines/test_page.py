"""What docs/engines.md says is so: the engine printed there works, and the table has every engine."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from HCCResponseLib.engines.contract import Request
from HCCResponseLib.engines.registry import engines
from HCCResponseLib.engines.run import check_engine, run_engine
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_label_map
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "engines.md").read_text(encoding="utf-8")


def test_the_engine_on_the_page_works(tmp_path, monkeypatch):
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "bright.py").write_text(example, encoding="utf-8")
    monkeypatch.setenv("HCC_RESPONSE_ENGINES", str(tmp_path / "own"))
    hu = np.full((6, 8, 10), -1000, np.int16)
    hu[2:4, 2:6, 3:7] = 180
    write_volume(Volume(hu, Geometry(hu.shape, (2.0, 1.0, 1.0))), tmp_path / "ct.nrrd")
    (tmp_path / "work").mkdir()
    result = run_engine("bright", Request(tmp_path / "ct.nrrd"), tmp_path / "work").require()
    assert np.array_equal(read_label_map(result.labels).labels == 2, hu == 180)
    assert result.provenance["rule"] == "HU > threshold"
    assert check_engine("bright", None)["weights"] == "none"


def test_every_engine_has_its_row():
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE))
    assert {"fcd", "adapted", "nnunet", "totalsegmentator", "monai-bundle", "command"} == rows
    assert rows <= {info.name for info in engines()}
