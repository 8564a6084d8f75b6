"""What the box losses share: overlaps of boxes pair by pair, (N, 4) with (N, 4)."""

import rushlight as torch


def sides(boxes):
    return boxes.unbind(dim=-1)


def inter_union(boxes1, boxes2):
    """(intersection, union) of each pair."""
    x1, y1, x2, y2 = sides(boxes1)
    u1, v1, u2, v2 = sides(boxes2)
    left, top = torch.max(x1, u1), torch.max(y1, v1)
    right, bottom = torch.min(x2, u2), torch.min(y2, v2)
    meet = (bottom > top) & (right > left)
    inter = torch.where(meet, (right - left) * (bottom - top), torch.zeros_like(left))
    union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - inter
    return inter, union


def hull(boxes1, boxes2):
    """(width, height) of the smallest box around each pair."""
    x1, y1, x2, y2 = sides(boxes1)
    u1, v1, u2, v2 = sides(boxes2)
    return torch.max(x2, u2) - torch.min(x1, u1), torch.max(y2, v2) - torch.min(y1, v1)


def diou_loss(boxes1, boxes2, eps: float):
    """(distance IoU loss, IoU) of each pair."""
    inter, union = inter_union(boxes1, boxes2)
    iou = inter / (union + eps)
    width, height = hull(boxes1, boxes2)
    x1, y1, x2, y2 = sides(boxes1)
    u1, v1, u2, v2 = sides(boxes2)
    apart = ((x2 + x1) / 2 - (u1 + u2) / 2) ** 2 + ((y2 + y1) / 2 - (v1 + v2) / 2) ** 2
    return 1 - iou + apart / (width**2 + height**2 + eps), iou
