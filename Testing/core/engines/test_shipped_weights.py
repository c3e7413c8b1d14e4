"""Weights that come with the software: found where they lie, and said to be missing where they are not."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from HCCResponseLib.base.resources import resource_path
from HCCResponseLib.cli.main import app
from HCCResponseLib.engines import environments
from HCCResponseLib.engines.domain import domain_of
from HCCResponseLib.engines.environments import weights_at_hand, weights_folder, weights_words
from HCCResponseLib.engines.registry import engine_named
from HCCResponseLib.engines.run import check_engine
from HCCResponseLib.imaging.geometry import Geometry
from HCCResponseLib.imaging.read import read_label_map
from HCCResponseLib.imaging.volumes import Volume
from HCCResponseLib.imaging.write import write_volume
from HCCResponseLib.nets.prompts.network import load_prompt_model
from prompt_weights import NAME, dark_things

PROMPT = engine_named("prompt")
CARD = "---\ndomain: {modality: CT, phases: [arterial], slice_thickness_mm: [1.0, 5.0]}\n---\n# card\n"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty data folder, and an installation with its own resources."""
    monkeypatch.setenv("HCC_RESPONSE_HOME", str(tmp_path / "home"))
    resources = tmp_path / "Resources"
    monkeypatch.setattr(
        environments, "shipped", lambda name: found if (found := resources / name).exists() else None
    )
    return resources


def test_where_none_are_shipped_it_is_said_and_where_they_belong():
    assert weights_at_hand(PROMPT) is None
    words = weights_words(PROMPT)
    assert "none is shipped yet" in words
    assert f"put into {weights_folder('prompt')} as '{NAME}'" in words
    assert domain_of(PROMPT, None) is None


def test_the_weights_that_come_with_the_software_load_and_say_what_they_are(monkeypatch):
    monkeypatch.undo()
    file = resource_path(PROMPT.shipped)
    card = yaml.safe_load(file.with_suffix(".md").read_text(encoding="utf-8").split("---")[1])
    model = load_prompt_model(file)
    assert card["sha256"] == model.sha256
    assert card["patients"] == model.notes["patients"]
    assert file.stat().st_size < 8e6
    assert "NC" not in card["training_data_licence"]
    assert set(check_engine("prompt", None)) >= {"sha256"}


def test_shipped_weights_are_used_with_their_card_and_the_user_s_own_go_before_them(home):
    dark_things(home / "Models" / NAME)
    (home / "Models" / "prompt-compact.md").write_text(CARD, encoding="utf-8")
    assert weights_at_hand(PROMPT) == home / "Models" / NAME
    assert domain_of(PROMPT, None).slice_thickness_mm == (1.0, 5.0)
    own = weights_folder("prompt") / NAME
    dark_things(own)
    assert weights_at_hand(PROMPT) == own


def test_a_line_needs_no_named_weights_where_some_are_at_hand(tmp_path):
    digest = dark_things(weights_folder("prompt") / NAME)
    grid = Geometry((24, 60, 60), (2.5, 1.0, 1.0))
    z, y, x = np.ogrid[0:24, 0:60, 0:60]
    ball = ((z - 12) * 2.5) ** 2 + (y - 30) ** 2 + (x - 30) ** 2 < 100
    hu = np.full(grid.size, -1000, np.int16)
    hu[:, 4:-4, 4:-4] = 100
    hu[ball] = 40
    write_volume(Volume(hu, grid), tmp_path / "ct.nii.gz")
    out = tmp_path / "lesion.nrrd"
    words = ["segment", str(tmp_path / "ct.nii.gz"), "-o", str(out), "--line", "20,30,30,40,30,30"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    found = read_label_map(out).labels == 2
    assert 2 * (found & ball).sum() / (found.sum() + ball.sum()) > 0.85
    assert digest in Path(f"{out}.json").read_text(encoding="utf-8")
