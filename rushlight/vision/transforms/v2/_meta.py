"""Boxes and points: other formats, and clamping."""

from rushlight.vision import tv_tensors
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2._transform import Transform


class ConvertBoundingBoxFormat(Transform):
    """Boxes in another format, a BoundingBoxFormat or its name."""

    _transformed_types = (tv_tensors.BoundingBoxes,)

    def __init__(self, format) -> None:
        super().__init__()
        self.format = format

    def transform(self, inpt, params):
        return F.convert_bounding_box_format(inpt, new_format=self.format)


class ClampBoundingBoxes(Transform):
    """Boxes cut off at the borders of their canvas; `clamping_mode` "auto" is each one's own."""

    _transformed_types = (tv_tensors.BoundingBoxes,)

    def __init__(self, clamping_mode="auto") -> None:
        super().__init__()
        self.clamping_mode = clamping_mode

    def transform(self, inpt, params):
        return F.clamp_bounding_boxes(inpt, clamping_mode=self.clamping_mode)


class ClampKeyPoints(Transform):
    """Points moved to the nearest pixel of their canvas."""

    _transformed_types = (tv_tensors.KeyPoints,)

    def transform(self, inpt, params):
        return F.clamp_keypoints(inpt)


class SetClampingMode(Transform):
    """How later transforms treat boxes that they move out of the picture: "soft", "hard", or None."""

    _transformed_types = (tv_tensors.BoundingBoxes,)

    def __init__(self, clamping_mode) -> None:
        super().__init__()
        if clamping_mode is not None and clamping_mode not in ("soft", "hard"):
            raise ValueError(f"clamping_mode must be soft, hard or None, got {clamping_mode}")
        self.clamping_mode = clamping_mode

    def transform(self, inpt, params):
        boxes = tv_tensors.wrap(inpt.clone(), like=inpt)
        boxes.clamping_mode = self.clamping_mode
        return boxes
