"""The complete IoU loss."""

import math

import rushlight as torch
from rushlight.vision.ops import _pairs
from rushlight.vision.ops._upcast import reduced, upcast


def complete_box_iou_loss(boxes1, boxes2, reduction: str = "none", eps: float = 1e-7):
    """1 - complete IoU of each pair of boxes (N, 4) (Zheng et al., 2020); `reduction` none, mean or sum."""
    boxes1, boxes2 = upcast(boxes1), upcast(boxes2)
    diou, iou = _pairs.diou_loss(boxes1, boxes2, eps)
    x1, y1, x2, y2 = _pairs.sides(boxes1)
    u1, v1, u2, v2 = _pairs.sides(boxes2)
    v = (4 / math.pi**2) * torch.pow(torch.atan((u2 - u1) / (v2 - v1)) - torch.atan((x2 - x1) / (y2 - y1)), 2)
    with torch.no_grad():
        alpha = v / (1 - iou + v + eps)
    return reduced(diou + alpha * v, reduction)
