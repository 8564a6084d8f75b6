"""The distance IoU loss."""

from rushlight.vision.ops import _pairs
from rushlight.vision.ops._upcast import reduced, upcast


def distance_box_iou_loss(boxes1, boxes2, reduction: str = "none", eps: float = 1e-7):
    """1 - distance IoU of each pair of boxes (N, 4) (Zheng et al., 2020); `reduction` none, mean or sum."""
    return reduced(_pairs.diou_loss(upcast(boxes1), upcast(boxes2), eps)[0], reduction)
