"""Formats of boxes, as arrays: conversions, and clamping to the picture."""

import numpy as np

from rushlight.vision.tv_tensors import BoundingBoxFormat, is_rotated_bounding_format


def convert(boxes: np.ndarray, old: BoundingBoxFormat, new: BoundingBoxFormat) -> np.ndarray:
    """The boxes (..., K) in another format and their own type; integers lose their fractions."""
    if old is new:
        return boxes
    rotated = is_rotated_bounding_format(old)
    if rotated != is_rotated_bounding_format(new):
        raise ValueError("Cannot convert between rotated and unrotated bounding boxes.")
    if rotated:
        if BoundingBoxFormat.XYXYXYXY not in (old, new):
            return _placed_by(boxes, new)
        return from_corners(corners(boxes, old), new).astype(boxes.dtype, copy=False)
    return from_xyxy(to_xyxy(boxes, old), new)


def as_floats(boxes: np.ndarray) -> np.ndarray:
    return boxes if boxes.dtype.kind == "f" else boxes.astype(np.float32)


# ---------------------------------------------------------------- upright boxes
def to_xyxy(boxes: np.ndarray, format: BoundingBoxFormat) -> np.ndarray:
    """Left, top, right, bottom; a copy."""
    out = boxes.copy()
    size = boxes[..., 2:]
    if format is BoundingBoxFormat.XYWH:
        out[..., 2:] += boxes[..., :2]
    elif format is BoundingBoxFormat.CXCYWH:
        half = size / np.asarray(2, boxes.dtype)
        out[..., :2] = boxes[..., :2] - half
        out[..., 2:] = boxes[..., :2] + half
    return out


def from_xyxy(boxes: np.ndarray, format: BoundingBoxFormat) -> np.ndarray:
    out = boxes.copy()
    if format is not BoundingBoxFormat.XYXY:
        out[..., 2:] -= boxes[..., :2]
    if format is BoundingBoxFormat.CXCYWH:
        total = boxes[..., :2] + boxes[..., 2:]
        out[..., :2] = total / 2 if boxes.dtype.kind == "f" else total // 2
    return out


# ---------------------------------------------------------------- rotated boxes
def corners(boxes: np.ndarray, format: BoundingBoxFormat) -> np.ndarray:
    """(..., 4, 2): where the top left, top right, bottom right and bottom left corners of rotated boxes lie."""
    if format is BoundingBoxFormat.XYXYXYXY:
        return boxes.reshape(*boxes.shape[:-1], 4, 2)
    along, down = _sides(boxes)
    first = boxes[..., :2] if format is BoundingBoxFormat.XYWHR else boxes[..., :2] - along / 2 - down / 2
    return np.stack([first, first + along, first + along + down, first + down], -2)


def _sides(boxes: np.ndarray):
    """(the upper side, the left side) of boxes (..., w, h, angle), as vectors."""
    angle = np.deg2rad(boxes[..., 4:])
    along = np.concatenate([np.cos(angle), -np.sin(angle)], -1) * boxes[..., 2:3]
    down = np.concatenate([np.sin(angle), np.cos(angle)], -1) * boxes[..., 3:4]
    return along, down


def _placed_by(boxes: np.ndarray, format: BoundingBoxFormat) -> np.ndarray:
    """Boxes placed by their corner as boxes placed by their centre, or the other way."""
    along, down = _sides(boxes)
    half = (along + down) / 2
    out = boxes.copy()
    out[..., :2] += half if format is BoundingBoxFormat.CXCYWHR else -half
    return out


def from_corners(points: np.ndarray, format: BoundingBoxFormat) -> np.ndarray:
    """Boxes of their corners (..., 4, 2), a rectangle."""
    if format is BoundingBoxFormat.XYXYXYXY:
        return points.reshape(*points.shape[:-2], 8)
    along = points[..., 1, :] - points[..., 0, :]
    down = points[..., 2, :] - points[..., 1, :]
    angle = np.rad2deg(np.arctan2(points[..., 0, 1] - points[..., 1, 1], along[..., 0]))
    width, height = (np.hypot(side[..., 0], side[..., 1]) for side in (along, down))
    boxes = np.concatenate([points[..., 0, :], np.stack([width, height, angle], -1)], -1)
    return boxes if format is BoundingBoxFormat.XYWHR else _placed_by(boxes, format)


def rectangle_of(points: np.ndarray) -> np.ndarray:
    """The smallest rectangle (..., 4, 2) along the longer sides of parallelograms (..., 4, 2) that holds them.

    As in torchvision, it is too small by twice the overhang where the upper side points left (an angle below -90) and
    the left side leans outwards: the two angles are compared as they are, not round the circle.
    """
    along = points[..., 1, :] - points[..., 0, :]
    down = points[..., 3, :] - points[..., 0, :]
    turn, slope = (np.arctan2(-side[..., 1], side[..., 0]) for side in (along, down))
    sign = np.where(turn - slope < np.pi / 2, 1, -1).astype(points.dtype)
    lengths = [np.hypot(side[..., 0], side[..., 1]) for side in (along, down)]
    wide = lengths[0] >= lengths[1]
    length = np.maximum(*lengths)
    # Unit vectors along the longer side, and square to it.
    longer, other = (np.where(wide[..., None], a, b) for a, b in ((along, down), (down, along)))
    axis = longer / np.where(length == 0, 1, length)[..., None]
    axis = np.where(length[..., None] == 0, np.array([1.0, 0.0], points.dtype), axis)
    square = np.stack([-axis[..., 1], axis[..., 0]], -1)
    reach = length + sign * (other * axis).sum(-1)
    rise = np.abs((other * square).sum(-1))
    # Half of the upper side and half of the left side, as vectors.
    half_along = np.where(wide[..., None], axis * reach[..., None], -square * rise[..., None]) / 2
    half_down = np.where(wide[..., None], square * rise[..., None], axis * reach[..., None]) / 2
    centre = (points[..., 0, :] + points[..., 2, :]) / 2
    places = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return np.stack([centre + a * half_along + b * half_down for a, b in places], -2)


def _around(points: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """The smallest rectangle around points (..., n, 2) whose upper side runs along the unit vector `axis` (..., 2)."""
    normal = np.stack([-axis[..., 1], axis[..., 0]], -1)
    u = (points * axis[..., None, :]).sum(-1)
    v = (points * normal[..., None, :]).sum(-1)
    low_u, high_u = u.min(-1)[..., None], u.max(-1)[..., None]
    low_v, high_v = v.min(-1)[..., None], v.max(-1)[..., None]
    places = ((low_u, low_v), (high_u, low_v), (high_u, high_v), (low_u, high_v))
    return np.stack([axis * a + normal * b for a, b in places], -2)


# ---------------------------------------------------------------- clamping
def clamp(boxes: np.ndarray, format: BoundingBoxFormat, canvas_size, mode) -> np.ndarray:
    """The boxes cut off at the borders of a canvas (height, width); as they are with mode None."""
    if mode is None:
        return boxes.copy()
    height, width = canvas_size
    if is_rotated_bounding_format(format):
        if mode == "hard":
            raise NotImplementedError(
                "clamp_bounding_boxes: clamping_mode='hard' of rotated boxes is not part of Rushlight's vision package; "
                "'soft' and None are"
            )
        return _clamp_rotated(boxes, format, height, width)
    edges = to_xyxy(as_floats(boxes), format)
    edges[..., 0::2] = edges[..., 0::2].clip(0, width)
    edges[..., 1::2] = edges[..., 1::2].clip(0, height)
    return from_xyxy(edges, format).astype(boxes.dtype, copy=False)


def _clamp_rotated(boxes: np.ndarray, format: BoundingBoxFormat, height: int, width: int) -> np.ndarray:
    """Of each box the smallest box at the same angle that holds what of it lies in the picture."""
    points = corners(boxes, format).astype(np.float64)
    flat = points.reshape(-1, 4, 2)
    out = boxes.reshape(-1, boxes.shape[-1]).copy()
    for k, box in enumerate(flat):
        if (box >= 0).all() and (box <= (width, height)).all():
            continue
        seen = _cut(_cut(box, 0, width), 1, height)
        along = box[1] - box[0]
        length = np.hypot(*along)
        if len(seen) == 0 or length == 0:
            clamped = np.broadcast_to(np.array([0.0, height]), (4, 2))
        else:
            clamped = _around(np.array(seen), along / length)
        out[k] = from_corners(clamped[None], format)[0]
    return out.reshape(boxes.shape)


def _cut(polygon, axis: int, top: float) -> list:
    """The part of a convex polygon between 0 and `top` along an axis (Sutherland and Hodgman, 1974)."""
    for sign, bound in ((1.0, 0.0), (-1.0, -top)):
        kept = []
        for k, point in enumerate(polygon):
            before = polygon[k - 1]
            inside, was_inside = (sign * p[axis] >= bound for p in (point, before))
            if inside != was_inside:
                share = (bound - sign * before[axis]) / (sign * point[axis] - sign * before[axis])
                kept.append(before + share * (point - before))
            if inside:
                kept.append(point)
        polygon = kept
        if not polygon:
            break
    return polygon
