"""Boxes and points moved with their picture: the kernels that the geometric functionals have for them."""

import numpy as np

import rushlight as torch
from rushlight.vision._arrays import to_tensor
from rushlight.vision.transforms._geometry_functional import _compute_resized_output_size
from rushlight.vision.transforms.v2.functional import _formats, _maps
from rushlight.vision.transforms.v2.functional._checks import (
    affine_arguments,
    displacement_of,
    pair_of,
    sides_of,
    size_argument,
)
from rushlight.vision.transforms.v2.functional._meta import _format_of, array_of
from rushlight.vision.tv_tensors import BoundingBoxFormat, is_rotated_bounding_format

XYXY = BoundingBoxFormat.XYXY


def _moved(boxes, format, canvas_size, move, mode, whole=()):
    """The boxes after `move`, a map of places, clamped to the new canvas.

    A box stays one: upright boxes become the upright box around their corners, rotated ones the rotated box around
    them. Whole numbers are moved as floats, and lose their fractions at the end. `whole` tells where they
    lose them as left, top, right and bottom: "before" the move, "after" it. (torchvision does so in some transforms.)
    """
    format = _format_of(format)
    array = array_of(boxes)
    if is_rotated_bounding_format(format):
        points = move(_formats.corners(array, format))
        out = _formats.from_corners(_formats.rectangle_of(points), format)
        return to_tensor(_formats.clamp(out, format, canvas_size, mode).astype(array.dtype, copy=False))
    edges = array if "before" in whole else _formats.as_floats(array)
    edges = _formats.as_floats(_formats.to_xyxy(edges, format))
    x, y = edges[..., [0, 2, 2, 0]], edges[..., [1, 1, 3, 3]]
    points = move(np.stack([x, y], -1))
    edges = np.concatenate([points.min(-2), points.max(-2)], -1)
    edges = _formats.clamp(edges, XYXY, canvas_size, mode)
    if "after" in whole:
        edges = edges.astype(array.dtype, copy=False)
    return to_tensor(_formats.from_xyxy(edges, format).astype(array.dtype, copy=False))


def _points_moved(points, move, whole: bool = False):
    """The points after `move`; with `whole`, which keeps integers whole, in their own type throughout."""
    array = array_of(points)
    if whole:
        return to_tensor(move(array))
    return to_tensor(move(_formats.as_floats(array)).astype(array.dtype, copy=False))


# ---------------------------------------------------------------- flips
def _mirrored(boxes, format, axis: int, extent: int):
    format = _format_of(format)
    array = array_of(boxes)
    if is_rotated_bounding_format(format):
        points = _formats.corners(array, format).copy()
        points[..., axis] = extent - points[..., axis]
        # so that the first corner is the top left one again
        out = _formats.from_corners(points[..., [1, 0, 3, 2], :], format)
        if format is not BoundingBoxFormat.XYXYXYXY:
            out[..., 4] = -array[..., 4] if axis == 0 else 180 - array[..., 4]  # nothing lost on the way
        return to_tensor(out.astype(array.dtype, copy=False))
    out = array.copy()
    if format is XYXY:
        out[..., [axis, axis + 2]] = extent - array[..., [axis + 2, axis]]
    else:
        reach = array[..., axis + 2] if format is BoundingBoxFormat.XYWH else 0
        out[..., axis] = extent - (array[..., axis] + reach)
    return to_tensor(out)


def horizontal_flip_bounding_boxes(bounding_boxes, format, canvas_size):
    return _mirrored(bounding_boxes, format, 0, canvas_size[1])


def vertical_flip_bounding_boxes(bounding_boxes, format, canvas_size):
    return _mirrored(bounding_boxes, format, 1, canvas_size[0])


def _mirrored_points(points, axis: int, last: int):
    out = array_of(points).copy()
    out[..., axis] = last - out[..., axis]
    return to_tensor(out)


def horizontal_flip_keypoints(keypoints, canvas_size):
    return _mirrored_points(keypoints, 0, canvas_size[1] - 1)


def vertical_flip_keypoints(keypoints, canvas_size):
    return _mirrored_points(keypoints, 1, canvas_size[0] - 1)


# ---------------------------------------------------------------- resizes, crops, pads
def resize_bounding_boxes(bounding_boxes, canvas_size, size, max_size=None, format=XYXY, clamping_mode="soft"):
    new = tuple(_compute_resized_output_size(canvas_size, size_argument(size, max_size), max_size, True))
    if new == tuple(canvas_size):
        return bounding_boxes, canvas_size
    if is_rotated_bounding_format(_format_of(format)):
        return _moved(bounding_boxes, format, new, _maps.scaling(canvas_size, new), clamping_mode), new
    # The ratios are the same for places and for sizes, whatever the format.
    array = array_of(bounding_boxes)
    values = _formats.as_floats(array)
    ratio = np.array([new[1] / canvas_size[1], new[0] / canvas_size[0]] * 2, values.dtype)
    return to_tensor((values * ratio).astype(array.dtype, copy=False)), new


def resize_keypoints(keypoints, size, canvas_size, max_size=None):
    new = tuple(_compute_resized_output_size(canvas_size, size_argument(size, max_size), max_size, True))
    if new == tuple(canvas_size):
        return keypoints, canvas_size
    return _points_moved(keypoints, _maps.scaling(canvas_size, new)), new


def crop_bounding_boxes(bounding_boxes, format, top, left, height, width, clamping_mode="soft"):
    canvas = (height, width)
    return _moved(bounding_boxes, format, canvas, _maps.shift(-left, -top), clamping_mode), canvas


def crop_keypoints(keypoints, top, left, height, width):
    return _points_moved(keypoints, _maps.shift(-left, -top), whole=True), (height, width)


def _center(canvas_size, output_size):
    height, width = pair_of(output_size)
    top = int(round((canvas_size[0] - height) / 2.0))
    left = int(round((canvas_size[1] - width) / 2.0))
    return top, left, height, width


def center_crop_bounding_boxes(bounding_boxes, format, canvas_size, output_size, clamping_mode="soft"):
    return crop_bounding_boxes(bounding_boxes, format, *_center(canvas_size, output_size), clamping_mode)


def center_crop_keypoints(inpt, canvas_size, output_size):
    return crop_keypoints(inpt, *_center(canvas_size, output_size))


def resized_crop_bounding_boxes(bounding_boxes, format, top, left, height, width, size, clamping_mode="soft"):
    boxes, canvas = crop_bounding_boxes(bounding_boxes, format, top, left, height, width, clamping_mode)
    return resize_bounding_boxes(boxes, canvas, size, format=format, clamping_mode=clamping_mode)


def resized_crop_keypoints(keypoints, top, left, height, width, size):
    points, canvas = crop_keypoints(keypoints, top, left, height, width)
    return resize_keypoints(points, size, canvas)


def _padded(canvas_size, padding):
    """(left, top, the canvas after padding)."""
    left, top, right, bottom = sides_of(padding)
    return left, top, (canvas_size[0] + top + bottom, canvas_size[1] + left + right)


def pad_bounding_boxes(
    bounding_boxes, format, canvas_size, padding, padding_mode="constant", clamping_mode="soft"
):
    if padding_mode != "constant":
        raise ValueError(f"Padding mode '{padding_mode}' is not supported with bounding boxes")
    left, top, canvas = _padded(canvas_size, padding)
    return _moved(bounding_boxes, format, canvas, _maps.shift(left, top), clamping_mode), canvas


def pad_keypoints(keypoints, canvas_size, padding, padding_mode="constant"):
    if padding_mode != "constant":
        raise ValueError(
            f"Padding mode '{padding_mode}' is not supported with KeyPoints (supported modes are constant)"
        )
    left, top, canvas = _padded(canvas_size, padding)
    return _points_moved(keypoints, _maps.shift(left, top), whole=True), canvas


# ---------------------------------------------------------------- warps
def affine_bounding_boxes(
    bounding_boxes, format, canvas_size, angle, translate, scale, shear, center=None, clamping_mode="soft"
):
    arguments = affine_arguments(angle, translate, scale, shear, center)
    move, canvas = _maps.affine(*arguments, canvas_size)
    return _moved(bounding_boxes, format, canvas, move, clamping_mode)


def affine_keypoints(keypoints, canvas_size, angle, translate, scale, shear, center=None):
    move, canvas = _maps.affine(*affine_arguments(angle, translate, scale, shear, center), canvas_size)
    return _points_moved(keypoints, move), canvas


def _turn(angle, center, canvas_size, expand: bool):
    return _maps.affine(-(angle % 360.0), [0.0, 0.0], 1.0, [0.0, 0.0], center, canvas_size, expand)


def rotate_bounding_boxes(
    bounding_boxes, format, canvas_size, angle, expand=False, center=None, clamping_mode="soft"
):
    move, canvas = _turn(angle, center, canvas_size, expand)
    return _moved(bounding_boxes, format, canvas, move, clamping_mode), canvas


def rotate_keypoints(keypoints, canvas_size, angle, expand=False, center=None):
    move, canvas = _turn(angle, center, canvas_size, expand)
    return _points_moved(keypoints, move), canvas


def perspective_bounding_boxes(
    bounding_boxes, format, canvas_size, startpoints, endpoints, coefficients=None, clamping_mode="soft"
):
    move = _maps.perspective(startpoints, endpoints, coefficients)
    return _moved(bounding_boxes, format, canvas_size, move, clamping_mode, whole=("before",))


def perspective_keypoints(keypoints, canvas_size, startpoints, endpoints, coefficients=None):
    return _points_moved(keypoints, _maps.perspective(startpoints, endpoints, coefficients))


def elastic_bounding_boxes(bounding_boxes, format, canvas_size, displacement, clamping_mode="soft"):
    move = _maps.displacement(displacement_of(displacement, canvas_size), canvas_size)
    format = _format_of(format)
    if not is_rotated_bounding_format(format):
        return _moved(bounding_boxes, format, canvas_size, move, clamping_mode, whole=("before", "after"))
    # A rotated box keeps its size and angle; its centre moves.
    centred = _formats.convert(array_of(bounding_boxes), format, BoundingBoxFormat.CXCYWHR).copy()
    centred[..., :2] = move(centred[..., :2])
    out = _formats.convert(centred, BoundingBoxFormat.CXCYWHR, format)
    return to_tensor(_formats.clamp(out, format, canvas_size, clamping_mode))


def elastic_keypoints(keypoints, canvas_size, displacement):
    move = _maps.displacement(displacement_of(displacement, canvas_size), canvas_size)
    return _points_moved(keypoints, lambda points: move(np.trunc(points)))
