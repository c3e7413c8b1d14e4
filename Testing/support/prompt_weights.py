"""Weights of a prompt network for tests: made in a moment, and known in what they draw."""

from pathlib import Path

import torch

from HCCResponseLib.nets.prompts.network import PromptNetwork, save_prompt_model

SHAPE = PromptNetwork((4, 8, 8), 32)
NAME = "prompt-compact.safetensors"
# Channels of the network's input.
_WIDE, _NARROW, _PRIOR, _CLICKS = 0, 1, 2, 4


def dark_things(path: Path) -> str:
    """A network that calls lesion what is darker than its surroundings, with a ball about a click inside and without
    one about a click outside; an earlier contour counts too. Returns the file's SHA-256.

    Every convolution on the way from input to output hands four maps across: dark, clicks in, clicks out, earlier.
    """
    network = SHAPE.build()
    for name, values in network.named_parameters():
        if name.endswith("conv.weight"):
            values.data.zero_()
    first, last = network.input_block, network.upsamples[1].conv_block
    for number, (channel, sign) in enumerate(((_NARROW, -1), (_CLICKS, 1), (_CLICKS, -1), (_PRIOR, 1))):
        first.conv1.conv.weight.data[number, channel, 1, 1, 1] = sign
        first.conv2.conv.weight.data[number, number, 1, 1, 1] = 1
        # The first four maps come from below, the others across.
        last.conv1.conv.weight.data[number, 4 + number, 1, 1, 1] = 1
        last.conv2.conv.weight.data[number, number, 1, 1, 1] = 1
    # Air is darker still, and no lesion: as bright as tissue in this sum.
    first.conv1.conv.weight.data[0, _WIDE, 1, 1, 1] = 0.8
    network.output_block.conv.conv.weight.data[1, :, 0, 0, 0] = torch.tensor([1.0, 1.0, -1.0, 0.5])
    network.output_block.conv.conv.bias.data = torch.tensor([0.0, -1.0])
    path.parent.mkdir(parents=True, exist_ok=True)
    return save_prompt_model(path, network, SHAPE, {"patients": []})
