"""What a sample holds, given as the flat list of its parts: kinds, sizes, boxes, points and labels."""

import rushlight as torch
from rushlight.vision import tv_tensors
from rushlight.vision._pillow import is_pil
from rushlight.vision.transforms.v2.functional._meta import get_dimensions, get_size
from rushlight.vision.transforms.v2.functional._registry import is_pure_tensor

PICTURES = (is_pure_tensor, tv_tensors.Image, is_pil, tv_tensors.Video)
PLACED = (tv_tensors.Mask, tv_tensors.BoundingBoxes, tv_tensors.KeyPoints)


def check_type(obj, types_or_checks) -> bool:
    """Whether `obj` is of one of these classes, or one of these functions says yes to it."""
    return any(
        isinstance(obj, kind) if isinstance(kind, type) else kind(obj) for kind in types_or_checks
    )


def has_any(flat_inputs, *types_or_checks) -> bool:
    """Whether some part is of one of these kinds."""
    return any(check_type(part, types_or_checks) for part in flat_inputs)


def has_all(flat_inputs, *types_or_checks) -> bool:
    """Whether there is a part of each of these kinds."""
    return all(has_any(flat_inputs, kind) for kind in types_or_checks)


def query_chw(flat_inputs) -> tuple[int, int, int]:
    """(channels, height, width) of the images and videos: TypeError if there are none, ValueError if they differ."""
    sizes = {tuple(get_dimensions(part)) for part in flat_inputs if check_type(part, PICTURES)}
    return _only_one(sizes, "CxHxW", "No image or video was found in the sample")


def query_size(flat_inputs) -> tuple[int, int]:
    """(height, width) of the images, videos and masks, and of the canvas of boxes and points; errors as `query_chw`."""
    sizes = {tuple(get_size(part)) for part in flat_inputs if check_type(part, PICTURES + PLACED)}
    nothing = "No image, video, mask, bounding box of keypoint was found in the sample"
    return _only_one(sizes, "HxW", nothing)


def _only_one(sizes, what: str, nothing: str):
    if not sizes:
        raise TypeError(nothing)
    if len(sizes) > 1:
        shown = ", ".join(f"'{size}'" for size in sorted(sizes))
        raise ValueError(f"Found multiple {what} dimensions in the sample: {shown}")
    return sizes.pop()


def get_bounding_boxes(flat_inputs):
    """The first boxes of the sample; ValueError if there are none."""
    return _first(flat_inputs, tv_tensors.BoundingBoxes, "bounding boxes")


def get_keypoints(flat_inputs):
    """The first key points of the sample; ValueError if there are none."""
    return _first(flat_inputs, tv_tensors.KeyPoints, "keypoints")


def _first(flat_inputs, kind, words: str):
    for part in flat_inputs:
        if isinstance(part, kind):
            return part
    raise ValueError(f"No {words} were found in the sample")


# ---------------------------------------------------------------- labels
def parse_labels_getter(labels_getter):
    """The function that finds the labels in a sample: the usual one, one of the user's, or one that finds None."""
    if labels_getter == "default":
        return find_labels
    if callable(labels_getter):
        return labels_getter
    if labels_getter is None:
        return _no_labels
    raise ValueError(f"labels_getter should either be 'default', a callable, or None, but got {labels_getter}.")


def _no_labels(inputs):
    return None


def find_labels(inputs):
    """The labels of a dict, or of the second of two inputs: a tensor, or what a key like "labels" names."""
    from collections.abc import Mapping

    if isinstance(inputs, (tuple, list)):
        inputs = inputs[1]
    if is_pure_tensor(inputs):
        return inputs
    if not isinstance(inputs, Mapping):
        raise ValueError(
            "When using the default labels_getter, the input passed to forward must be a dictionary or a two-tuple "
            f"whose second item is a dictionary or a tensor, but got {inputs} instead."
        )
    exact = [key for key in inputs if key.lower() == "labels"]
    similar = [key for key in inputs if "label" in key.lower()]
    if not similar:
        raise ValueError(
            "Could not infer where the labels are in the sample. Try passing a callable as the labels_getter parameter?"
            "If there are no labels in the sample by design, pass labels_getter=None."
        )
    return inputs[(exact or similar)[0]]


def labels_as_tuple(labels):
    """The tensors that a labels getter found, as a tuple, or None."""
    if labels is None:
        return None
    labels = tuple(labels) if isinstance(labels, (tuple, list)) else (labels,)
    for label in labels:
        if not isinstance(label, torch.Tensor):
            raise ValueError(
                f"The labels in the input to forward() must be a tensor or None, got {type(label)} instead."
            )
    return labels
