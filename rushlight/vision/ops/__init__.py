"""Operations on boxes, regions and features (torchvision.ops)."""

from rushlight.vision._lazy import lazy_names

# Functions that bear the name of their module are bound at once, lest the module take the name's place.
from rushlight.vision.ops.roi_align import RoIAlign, roi_align  # noqa: F401
from rushlight.vision.ops.roi_pool import RoIPool, roi_pool  # noqa: F401
from rushlight.vision.ops.stochastic_depth import StochasticDepth, stochastic_depth  # noqa: F401

_PLACES = {
    "masks_to_boxes": "boxes", "nms": "boxes", "batched_nms": "boxes", "remove_small_boxes": "boxes",
    "clip_boxes_to_image": "boxes", "box_convert": "boxes", "box_area": "boxes", "box_iou": "boxes",
    "generalized_box_iou": "boxes", "distance_box_iou": "boxes", "complete_box_iou": "boxes",
    "sigmoid_focal_loss": "focal_loss",
    "FrozenBatchNorm2d": "misc", "Conv2dNormActivation": "misc", "Conv3dNormActivation": "misc",
    "SqueezeExcitation": "misc", "MLP": "misc", "Permute": "misc",
    "generalized_box_iou_loss": "giou_loss", "distance_box_iou_loss": "diou_loss",
    "complete_box_iou_loss": "ciou_loss",
    "drop_block2d": "drop_block", "DropBlock2d": "drop_block",
    "drop_block3d": "drop_block", "DropBlock3d": "drop_block",
}  # fmt: skip

# What torchvision has and Rushlight does not yet, so that the error can say so.
_MISSING = frozenset(
    "deform_conv2d DeformConv2d ps_roi_align PSRoIAlign ps_roi_pool PSRoIPool MultiScaleRoIAlign "
    "FeaturePyramidNetwork".split()
)

_find, __dir__, __all__ = lazy_names(__name__, _PLACES)
__all__ += ["roi_align", "RoIAlign", "roi_pool", "RoIPool", "stochastic_depth", "StochasticDepth"]


def __getattr__(name):
    if name in _MISSING:
        raise AttributeError(f"torchvision.ops.{name} is not part of Rushlight's vision package yet")
    return _find(name)
