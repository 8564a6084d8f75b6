"""Boxes: areas, overlaps, conversions, and non-maximum suppression. A box is (x1, y1, x2, y2) unless said otherwise."""

import math

import numpy as np

import rushlight as torch
from rushlight.vision.ops._upcast import upcast

_ALIGNED = ("xyxy", "xywh", "cxcywh")
_ROTATED = ("cxcywhr", "xywhr", "xyxyxyxy")


# ---------------------------------------------------------------- suppression
def nms(boxes, scores, iou_threshold: float):
    """Indices (int64, by falling score) of the boxes that overlap no better one by more than `iou_threshold`.

    `boxes` is (N, 4), `scores` (N,).
    """
    if boxes.dim() != 2:
        raise RuntimeError(f"boxes should be a 2d tensor, got {boxes.dim()}D")
    if boxes.shape[1] != 4:
        raise RuntimeError(f"boxes should have 4 elements in dimension 1, got {boxes.shape[1]}")
    if scores.dim() != 1:
        raise RuntimeError(f"scores should be a 1d tensor, got {scores.dim()}D")
    if boxes.shape[0] != scores.shape[0]:
        raise RuntimeError(
            "boxes and scores should have same number of elements in dimension 0, "
            f"got {boxes.shape[0]} and {scores.shape[0]}"
        )
    corners, values = (upcast(t.detach().cpu()).numpy() for t in (boxes, scores))
    keep = _greedy(corners, np.argsort(-values, kind="stable"), iou_threshold)
    return torch.from_numpy(np.array(keep, np.int64)).to(boxes.device)


def _greedy(boxes: np.ndarray, order: np.ndarray, threshold: float) -> list[int]:
    x1, y1, x2, y2 = boxes.T
    areas = (x2 - x1) * (y2 - y1)
    keep = []
    while order.size:
        best, rest = order[0], order[1:]
        keep.append(int(best))
        across = np.minimum(x2[best], x2[rest]) - np.maximum(x1[best], x1[rest])
        down = np.minimum(y2[best], y2[rest]) - np.maximum(y1[best], y1[rest])
        shared = np.maximum(across, 0) * np.maximum(down, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            overlap = shared / (areas[best] + areas[rest] - shared)
        order = rest[~(overlap > threshold)]
    return keep


def batched_nms(boxes, scores, idxs, iou_threshold: float):
    """`nms` within each category: boxes of different `idxs` (N,) do not suppress each other."""
    if boxes.numel() == 0:
        return torch.empty((0,), dtype=torch.int64, device=boxes.device)
    kept = torch.zeros_like(scores, dtype=torch.bool)
    for category in set(idxs.tolist()):
        members = torch.where(idxs == category)[0]
        kept[members[nms(boxes[members], scores[members], iou_threshold)]] = True
    chosen = torch.where(kept)[0]
    return chosen[scores[chosen].sort(descending=True)[1]]


# ---------------------------------------------------------------- filters
def remove_small_boxes(boxes, min_size: float):
    """Indices of the boxes whose sides are both at least `min_size`."""
    widths, heights = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return torch.where((widths >= min_size) & (heights >= min_size))[0]


def clip_boxes_to_image(boxes, size):
    """The boxes (..., 4) cut at the borders of an image of `size` (height, width)."""
    height, width = size
    x = boxes[..., 0::2].clamp(min=0, max=width)
    y = boxes[..., 1::2].clamp(min=0, max=height)
    return torch.stack((x, y), dim=boxes.dim()).reshape(boxes.shape)


# ---------------------------------------------------------------- formats
def box_convert(boxes, in_fmt: str, out_fmt: str):
    """Boxes (..., 4) in another format: 'xyxy' corners, 'xywh' corner and size, 'cxcywh' centre and size."""
    known = _ALIGNED + _ROTATED
    if in_fmt not in known or out_fmt not in known:
        raise ValueError(f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}")
    if in_fmt == out_fmt:
        return boxes.clone()
    if in_fmt in _ROTATED or out_fmt in _ROTATED:
        raise NotImplementedError(f"box_convert of rotated boxes ({in_fmt} to {out_fmt}) is not in Rushlight yet")
    if in_fmt != "xyxy":
        boxes = _xywh_to_xyxy(boxes) if in_fmt == "xywh" else _cxcywh_to_xyxy(boxes)
    if out_fmt == "xyxy":
        return boxes
    return _xyxy_to_xywh(boxes) if out_fmt == "xywh" else _xyxy_to_cxcywh(boxes)


def _xywh_to_xyxy(boxes):
    x, y, w, h = boxes.unbind(-1)
    return torch.stack([x, y, x + w, y + h], dim=-1)


def _xyxy_to_xywh(boxes):
    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack((x1, y1, x2 - x1, y2 - y1), dim=-1)


def _cxcywh_to_xyxy(boxes):
    cx, cy, w, h = boxes.unbind(-1)
    return torch.stack((cx - 0.5 * w, cy - 0.5 * h, cx + 0.5 * w, cy + 0.5 * h), dim=-1)


def _xyxy_to_cxcywh(boxes):
    x1, y1, x2, y2 = boxes.unbind(-1)
    return torch.stack(((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1), dim=-1)


def _aligned_only(fmt: str, what: str) -> None:
    if fmt in _ROTATED:
        raise NotImplementedError(f"{what} of rotated boxes ({fmt}) is not in Rushlight yet")


# ---------------------------------------------------------------- areas and overlaps
def box_area(boxes, fmt: str = "xyxy"):
    """The areas (...,) of boxes (..., 4)."""
    _aligned_only(fmt, "box_area")
    if fmt not in _ALIGNED:
        raise ValueError(f"Unsupported Bounding Box area for given format {fmt}")
    boxes = upcast(boxes)
    if fmt == "xyxy":
        return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    return boxes[..., 2] * boxes[..., 3]


def _inter_union(boxes1, boxes2):
    """(N, M) areas shared by, and covered by, each pair of boxes."""
    area1, area2 = box_area(boxes1), box_area(boxes2)
    low = torch.max(boxes1[..., None, :2], boxes2[..., None, :, :2])
    high = torch.min(boxes1[..., None, 2:], boxes2[..., None, :, 2:])
    sides = upcast(high - low).clamp(min=0)
    inter = sides[..., 0] * sides[..., 1]
    return inter, area1[..., None] + area2[..., None, :] - inter


def box_iou(boxes1, boxes2, fmt: str = "xyxy"):
    """(N, M): the share that each pair of boxes has in common, intersection over union."""
    _aligned_only(fmt, "box_iou")
    if fmt not in _ALIGNED:
        raise ValueError(
            f"Unsupported format '{fmt}'. Supported axis-aligned formats: {_ALIGNED}. "
            f"Supported rotated formats: {_ROTATED}."
        )
    if fmt != "xyxy":
        boxes1, boxes2 = (box_convert(boxes, fmt, "xyxy") for boxes in (boxes1, boxes2))
    inter, union = _inter_union(boxes1, boxes2)
    return inter / union


def generalized_box_iou(boxes1, boxes2):
    """(N, M): box_iou less the share of the common hull that neither covers (Rezatofighi et al., 2019)."""
    inter, union = _inter_union(boxes1, boxes2)
    low = torch.min(boxes1[:, None, :2], boxes2[:, :2])
    high = torch.max(boxes1[:, None, 2:], boxes2[:, 2:])
    sides = upcast(high - low).clamp(min=0)
    hull = sides[:, :, 0] * sides[:, :, 1]
    return inter / union - (hull - union) / hull


def _diou_iou(boxes1, boxes2, eps: float):
    iou = box_iou(boxes1, boxes2)
    low = torch.min(boxes1[:, None, :2], boxes2[:, :2])
    high = torch.max(boxes1[:, None, 2:], boxes2[:, 2:])
    sides = upcast(high - low).clamp(min=0)
    diagonal = sides[:, :, 0] ** 2 + sides[:, :, 1] ** 2 + eps
    x1, y1 = ((boxes1[:, k] + boxes1[:, k + 2]) / 2 for k in (0, 1))
    x2, y2 = ((boxes2[:, k] + boxes2[:, k + 2]) / 2 for k in (0, 1))
    apart = upcast(x1[:, None] - x2[None, :]) ** 2 + upcast(y1[:, None] - y2[None, :]) ** 2
    return iou - apart / diagonal, iou


def distance_box_iou(boxes1, boxes2, eps: float = 1e-7):
    """(N, M): box_iou less the squared distance of the centres by that of the hull's corners (Zheng et al., 2020)."""
    return _diou_iou(upcast(boxes1), upcast(boxes2), eps)[0]


def complete_box_iou(boxes1, boxes2, eps: float = 1e-7):
    """(N, M): distance_box_iou less a term for unlike proportions (Zheng et al., 2020)."""
    boxes1, boxes2 = upcast(boxes1), upcast(boxes2)
    diou, iou = _diou_iou(boxes1, boxes2, eps)
    slope1, slope2 = (torch.atan((b[:, 2] - b[:, 0]) / (b[:, 3] - b[:, 1])) for b in (boxes1, boxes2))
    v = (4 / math.pi**2) * torch.pow(slope1[:, None] - slope2, 2)
    with torch.no_grad():
        alpha = v / (1 - iou + v + eps)
    return diou - alpha * v


def masks_to_boxes(masks):
    """The boxes (N, 4) around the masks (N, H, W); float, their last pixels included."""
    if masks.numel() == 0:
        return torch.zeros((0, 4), device=masks.device, dtype=torch.float)
    array = masks.detach().cpu().numpy()
    boxes = np.zeros((len(array), 4), np.float32)
    for box, mask in zip(boxes, array):
        y, x = np.where(mask != 0)
        box[:] = x.min(), y.min(), x.max(), y.max()
    return torch.from_numpy(boxes).to(masks.device)
