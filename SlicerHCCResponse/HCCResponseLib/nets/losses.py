"""The loss of FCD: cross-entropy, dual cross-entropy and Dice, added (Moon et al. 2026)."""

import torch
from torch.nn import functional

_DUAL_OFFSET = 1.0


def dual_cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Penalty on probability given to the wrong outputs: mean of log(1 + p_k) over k other than the truth.

    Source: Li et al., IEEE Trans Veh Technol 68 (2019), the regularising term of the dual cross-entropy, offset 1.

    Args:
        logits: (n, c, z, y, x).
        target: (n, z, y, x), integer channel of the truth.
    """
    wrong = torch.log(_DUAL_OFFSET + logits.softmax(1))
    at_truth = wrong.gather(1, target[:, None]).squeeze(1)
    return (wrong.sum(1) - at_truth).mean()


def soft_dice_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """One minus the soft Dice coefficient, mean over all outputs but the first.

    Pooled over the batch, one added above and below (Milletari et al., 3DV 2016, with plain sums below).

    Args:
        logits: (n, c, z, y, x).
        target: (n, z, y, x), integer channel of the truth.
    """
    probability = logits.softmax(1)[:, 1:]
    truth = functional.one_hot(target, logits.shape[1]).movedim(-1, 1)[:, 1:].to(probability.dtype)
    axes = (0, 2, 3, 4)
    overlap = (probability * truth).sum(axes)
    total = probability.sum(axes) + truth.sum(axes)
    dice = (2 * overlap + 1.0) / (total + 1.0)
    return 1 - dice.mean()


def fcd_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross-entropy + dual cross-entropy + Dice; logits (n, c, z, y, x), target (n, z, y, x)."""
    return (
        functional.cross_entropy(logits, target)
        + dual_cross_entropy(logits, target)
        + soft_dice_loss(logits, target)
    )


def tumour_logits(logits: torch.Tensor) -> torch.Tensor:
    """Logits (n, c, z, y, x) with the tumour last to (n, 2, z, y, x): everything else, tumour."""
    if logits.shape[1] == 2:
        return logits
    return torch.stack([logits[:, :-1].logsumexp(1), logits[:, -1]], 1)
