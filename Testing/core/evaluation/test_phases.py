"""``hcc-response evaluate phases``: what it counts, and what list of scans it refuses."""

import numpy as np
import pytest

from commands import answer, run
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.evaluation.phases import KnownScan, PhaseResult, read_known_scans, summary
from HCCResponseLib.imaging.phase.phases import Phase, PhaseFinding
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.synth.anatomy import draw_anatomy
from HCCResponseLib.synth.render import centred_geometry, render


def result(true, found):
    return PhaseResult(KnownScan("ct.nii.gz", true), PhaseFinding(found, "by the picture"))


def test_right_wrong_and_unknown_are_counted_apart():
    figures = summary(
        [
            result(Phase.PORTAL, Phase.PORTAL),
            result(Phase.PORTAL, Phase.UNKNOWN),
            result(Phase.ARTERIAL, Phase.PORTAL),
            result(Phase.NATIVE, Phase.NATIVE),
        ]
    )
    assert [figures[k] for k in ("scans", "right", "wrong", "unknown")] == [4, 2, 1, 1]
    assert figures["right_95_percent"] == pytest.approx([0.0676, 0.9324], abs=1e-3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image,phase,hospital\na,portal,x\n", "unknown column 'hospital'"),
        ("image\na\n", "needs the columns image and phase"),
        ("image,phase\n", "a line for each scan"),
        ("image,phase\na.nii.gz,blue\n", "phase 'blue' of 'a.nii.gz'"),
    ],
)
def test_a_list_that_is_not_understood_is_refused(tmp_path, text, said):
    (tmp_path / "scans.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        read_known_scans(tmp_path / "scans.csv")


def test_the_command_says_each_scan_and_the_sum(tmp_path):
    geometry = centred_geometry((40, 80, 112), (5.0, 3.0, 3.0))
    scan = render(draw_anatomy(np.random.default_rng(1)), (), geometry, np.random.default_rng(1)).volume
    write_volume(scan, tmp_path / "ct.nii.gz")
    air = Volume(np.where(scan.hu > 0, 40, scan.hu).astype(np.int16), geometry)
    write_volume(air, tmp_path / "grey.nii.gz")
    (tmp_path / "scans.csv").write_text("image,phase\nct.nii.gz,portal venous\ngrey.nii.gz,arterial\n")
    found = answer("evaluate", "phases", tmp_path / "scans.csv")
    assert [row["found"] for row in found["rows"]] == ["portal venous", "unenhanced"]
    assert (found["right"], found["wrong"]) == (1, 1)
    told = run("evaluate", "phases", tmp_path / "scans.csv").stdout.splitlines()
    assert told[0].startswith("right   portal venous")
    assert told[1].startswith("WRONG   arterial")
    assert told[2].startswith("1 of 2 right (95 % 1 to 99 %), 1 wrong, 0 unknown")
