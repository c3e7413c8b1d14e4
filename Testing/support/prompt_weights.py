"""Weights of a prompt network for tests: made in a moment, and known in what they draw."""

from pathlib import Path

import torch

from HCCResponseLib.nets.prompts.network import PromptNetwork, save_prompt_model

MAPS, BLOCK = 4, 8
SHAPE = PromptNetwork((MAPS * BLOCK, 8, 8), 32)
NAME = "prompt-compact.safetensors"
# Channels of the network's input.
_WIDE, _NARROW, _PRIOR, _CLICKS = 0, 1, 2, 4


def dark_things(path: Path) -> str:
    """A network that calls lesion what is darker than its surroundings, with a ball about a click inside and without
    one about a click outside; an earlier contour counts too. Returns the file's SHA-256.

    Every convolution on the way from input to output hands four maps across, each for all voxels of a block: dark,
    clicks in, clicks out, earlier.
    """
    network = SHAPE.build()
    first, last, output = network.down[0], network.up[-1], network.head
    for values in network.parameters():
        if values.dim() == 5:  # convolutions
            values.data.zero_()
    output.bias.data.zero_()
    for voxel in range(BLOCK):
        for number, (channel, sign) in enumerate(((_NARROW, -1), (_CLICKS, 1), (_CLICKS, -1), (_PRIOR, 1))):
            here = number * BLOCK + voxel
            first[0].weight.data[here, channel * BLOCK + voxel, 1, 1, 1] = sign
            first[3].weight.data[here, here, 1, 1, 1] = 1
            # The first maps come from below, the others across.
            last[0].weight.data[here, MAPS * BLOCK + here, 1, 1, 1] = 1
            last[3].weight.data[here, here, 1, 1, 1] = 1
        # Air is darker still, and no lesion: as bright as tissue in this sum.
        first[0].weight.data[voxel, _WIDE * BLOCK + voxel, 1, 1, 1] = 0.8
        output.weight.data[BLOCK + voxel, voxel::BLOCK, 0, 0, 0] = torch.tensor([1.0, 1.0, -1.0, 0.5])
        output.bias.data[BLOCK + voxel] = -1.0
    path.parent.mkdir(parents=True, exist_ok=True)
    return save_prompt_model(path, network, SHAPE, {"patients": []})
