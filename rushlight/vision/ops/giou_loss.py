"""The generalized IoU loss."""

from rushlight.vision.ops._pairs import hull, inter_union
from rushlight.vision.ops._upcast import reduced, upcast


def generalized_box_iou_loss(boxes1, boxes2, reduction: str = "none", eps: float = 1e-7):
    """1 - generalized IoU of each pair of boxes (N, 4) (Rezatofighi et al., 2019); `reduction` none, mean or sum."""
    boxes1, boxes2 = upcast(boxes1), upcast(boxes2)
    inter, union = inter_union(boxes1, boxes2)
    width, height = hull(boxes1, boxes2)
    area = width * height
    return reduced(1 - (inter / (union + eps) - (area - union) / (area + eps)), reduction)
