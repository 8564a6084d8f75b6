"""The focal loss of RetinaNet."""

import rushlight as torch
from rushlight.vision.ops._upcast import reduced


def sigmoid_focal_loss(inputs, targets, alpha: float = 0.25, gamma: float = 2, reduction: str = "none"):
    """Cross entropy of logits and targets in [0, 1], times (1 - p)^gamma of the true class (Lin et al., 2017).

    `alpha` weighs the positives, 1 - alpha the negatives; -1 for neither. `reduction` none, mean or sum.
    """
    if not (0 <= alpha <= 1) and alpha != -1:
        raise ValueError(f"Invalid alpha value: {alpha}. alpha must be in the range [0,1] or -1 for ignore.")
    p = torch.sigmoid(inputs)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    p_true = p * targets + (1 - p) * (1 - targets)
    loss = entropy * ((1 - p_true) ** gamma)
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return reduced(loss, reduction)
