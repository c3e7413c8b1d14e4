"""The method ``line``: one line a lesion at the follow-up, nothing for a lesion that is gone."""

import json

import pytest
import torch

from HCCResponseLib.base.errors import ModelError
from HCCResponseLib.evaluation.adaptation.lines import contours_by_lines, prompt_model
from HCCResponseLib.evaluation.adaptation.methods import METHODS
from HCCResponseLib.evaluation.adaptation.run import prepare
from HCCResponseLib.nets.prompts.network import load_prompt_model
from prompt_weights import NAME, dark_things
from small import small_subject


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / NAME
    dark_things(path)
    return load_prompt_model(path)


def test_every_lesion_that_is_there_is_contoured_from_its_line(network):
    torch.set_num_threads(2)
    pair = prepare(small_subject())
    image = pair.subject.timepoints[1].volume
    truth = {**pair.truth, "gone": None}
    found = contours_by_lines(network, image, truth, 3)
    assert set(found) == set(truth)
    assert found["gone"] is None
    shown = [n for n, t in pair.truth.items() if t is not None]
    assert shown
    for name in shown:
        assert found[name].shape == image.geometry.size
        assert found[name].overlap(truth[name]) > 0
    again = contours_by_lines(network, image, truth, 3)
    assert again == found


def test_it_is_a_method_of_its_own_and_older_results_stay_good():
    assert METHODS["line"].as_dict()["line"] is True
    assert "line" not in json.dumps(METHODS["base"].as_dict())


def test_without_a_prompt_network_it_is_refused_in_words(monkeypatch):
    monkeypatch.setattr("HCCResponseLib.engines.environments.weights_at_hand", lambda info: None)
    with pytest.raises(ModelError, match="name one with --prompt-model"):
        prompt_model(None)
