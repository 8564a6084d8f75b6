"""For object detection: zooming out, crops that keep enough of a box, and dropping boxes that make no sense."""

import rushlight as torch
from rushlight.utils._pytree import tree_unflatten
from rushlight.vision import tv_tensors
from rushlight.vision._pillow import is_pil
from rushlight.vision.transforms._arguments import _check_sequence_input, whole
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2._arguments import draw, fill_for_part, fills_of
from rushlight.vision.transforms.v2._samples import (
    get_bounding_boxes,
    get_keypoints,
    has_all,
    has_any,
    labels_as_tuple,
    parse_labels_getter,
    query_size,
)
from rushlight.vision.transforms.v2._transform import RandomApplyTransform, Transform, flattened
from rushlight.vision.transforms.v2.functional._registry import is_pure_tensor


class RandomZoomOut(RandomApplyTransform):
    """With probability p, the picture somewhere on a canvas larger by a factor drawn from `side_range` (SSD's)."""

    def __init__(self, fill=0, side_range=(1.0, 4.0), p: float = 0.5) -> None:
        super().__init__(p=p)
        self.fill = fill
        self._fill = fills_of(fill)
        _check_sequence_input(side_range, "side_range", req_sizes=(2,))
        self.side_range = side_range
        if side_range[0] < 1.0 or side_range[0] > side_range[1]:
            raise ValueError(f"Invalid side range provided {side_range}.")

    def make_params(self, flat_inputs):
        height, width = query_size(flat_inputs)
        low, high = self.side_range
        factor = low + torch.rand(1) * (high - low)
        more_width = int(width * factor) - width
        more_height = int(height * factor) - height
        across, down = draw(2)
        left, top = int(more_width * across), int(more_height * down)
        return {"padding": [left, top, more_width - left, more_height - top]}

    def transform(self, inpt, params):
        return self._call_kernel(F.pad, inpt, **params, fill=fill_for_part(self._fill, inpt))


class RandomIoUCrop(Transform):
    """A crop that overlaps some box by at least an IoU drawn from `sampler_options` (SSD's; Liu et al., 2016).

    Options of 1 or more leave the sample whole. Boxes whose centre is cut off become zeros: SanitizeBoundingBoxes drops
    them.
    """

    def __init__(
        self,
        min_scale: float = 0.3,
        max_scale: float = 1.0,
        min_aspect_ratio: float = 0.5,
        max_aspect_ratio: float = 2.0,
        sampler_options=None,
        trials: int = 40,
    ) -> None:
        super().__init__()
        self.min_scale = min_scale
        self.max_scale = max_scale
        self.min_aspect_ratio = min_aspect_ratio
        self.max_aspect_ratio = max_aspect_ratio
        if sampler_options is None:
            sampler_options = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0]
        self.options = sampler_options
        self.trials = trials

    def check_inputs(self, flat_inputs) -> None:
        pictured = has_any(flat_inputs, is_pil, tv_tensors.Image, is_pure_tensor)
        if not (pictured and has_all(flat_inputs, tv_tensors.BoundingBoxes)):
            raise TypeError(
                f"{type(self).__name__}() requires input sample to contain tensor or PIL images and bounding boxes. "
                "Sample can also contain masks."
            )

    def make_params(self, flat_inputs):
        canvas = query_size(flat_inputs)
        boxes = get_bounding_boxes(flat_inputs)
        edges = F.convert_bounding_box_format(
            boxes.as_subclass(torch.Tensor), boxes.format, tv_tensors.BoundingBoxFormat.XYXY
        )
        while True:
            overlap = self.options[whole(0, len(self.options))]
            if overlap >= 1.0:
                return {}
            for _ in range(self.trials):
                window = self._window(*canvas)
                if window is None:
                    continue
                kept = _centres_within(edges, window)
                if kept.any() and _best_overlap(edges[kept], window) >= overlap:
                    left, top, right, bottom = window
                    crop = {"top": top, "left": left, "height": bottom - top, "width": right - left}
                    return {"crop": crop, "kept": kept}

    def _window(self, height: int, width: int):
        """(left, top, right, bottom) of a window drawn, or None where it has no place or is too long."""
        spread = self.max_scale - self.min_scale
        across, down = (self.min_scale + spread * share for share in draw(2))
        new_width, new_height = int(width * across), int(height * down)
        if not self.min_aspect_ratio <= new_width / new_height <= self.max_aspect_ratio:
            return None
        across, down = draw(2)
        left, top = int((width - new_width) * across), int((height - new_height) * down)
        right, bottom = left + new_width, top + new_height
        return None if left == right or top == bottom else (left, top, right, bottom)

    def transform(self, inpt, params):
        if not params:
            return inpt
        out = self._call_kernel(F.crop, inpt, **params["crop"])
        if isinstance(out, tv_tensors.BoundingBoxes):
            out[~params["kept"]] = 0
        return out


def _centres_within(edges, window):
    left, top, right, bottom = window
    x = 0.5 * (edges[..., 0] + edges[..., 2])
    y = 0.5 * (edges[..., 1] + edges[..., 3])
    return (left < x) & (x < right) & (top < y) & (y < bottom)


def _best_overlap(edges, window) -> float:
    from rushlight.vision.ops import box_iou

    crop = torch.tensor([window], dtype=edges.dtype, device=edges.device)
    return box_iou(edges, crop).max()


class _Sanitize(Transform):
    """Dropping of what makes no sense, and of the labels that belong to it."""

    _followers = ()  # what else loses the same rows, where it has as many

    def _find_labels_by(self, labels_getter) -> None:
        self.labels_getter = labels_getter
        self._labels_getter = parse_labels_getter(labels_getter)

    def forward(self, *inputs):
        labels = labels_as_tuple(self._labels_getter(inputs if len(inputs) > 1 else inputs[0]))
        flat_inputs, spec = flattened(inputs)
        kept, words = self._kept(flat_inputs)
        for label in labels or ():
            if label.shape[0] != kept.shape[0]:
                raise ValueError(
                    f"Number of {words} must match the number of labels."
                    f"Found labels with shape={label.shape})."
                )
        params = {"kept": kept, "labels": labels or ()}
        return tree_unflatten([self.transform(part, params) for part in flat_inputs], spec)

    def _kept(self, flat_inputs):
        """(which are kept, the words for them)."""
        raise NotImplementedError

    def transform(self, inpt, params):
        kept = params["kept"]
        if any(inpt is label for label in params["labels"]):
            return inpt[kept]
        if not isinstance(inpt, self._followers) or inpt.shape[0] != kept.shape[0]:
            return inpt
        return tv_tensors.wrap(inpt.as_subclass(torch.Tensor)[kept], like=inpt)


class SanitizeBoundingBoxes(_Sanitize):
    """Without boxes that are too small or not wholly in the picture, nor their masks and labels.

    `labels_getter` finds the labels in the sample: "default" looks for a key like "labels", None leaves labels alone.
    """

    _followers = (tv_tensors.BoundingBoxes, tv_tensors.Mask)

    def __init__(self, min_size: float = 1.0, min_area: float = 1.0, labels_getter="default") -> None:
        if min_size < 1:
            raise ValueError(f"min_size must be >= 1, got {min_size}.")
        if min_area < 1:
            raise ValueError(f"min_area must be >= 1, got {min_area}.")
        super().__init__()
        self.min_size = min_size
        self.min_area = min_area
        self._find_labels_by(labels_getter)

    def _kept(self, flat_inputs):
        boxes = get_bounding_boxes(flat_inputs)
        _, kept = F.sanitize_bounding_boxes(boxes, min_size=self.min_size, min_area=self.min_area)
        return kept, f"boxes (shape={boxes.shape}) and"  # torchvision's words


class SanitizeKeyPoints(_Sanitize):
    """Without points, or groups of points, that do not lie in the picture, nor the labels that `labels_getter` finds."""

    _followers = (tv_tensors.KeyPoints,)

    def __init__(self, labels_getter=None) -> None:
        super().__init__()
        self._find_labels_by(labels_getter)

    def _kept(self, flat_inputs):
        points = get_keypoints(flat_inputs)
        _, kept = F.sanitize_keypoints(points)
        return kept, f"kepyoints (shape={points.shape})"  # torchvision's spelling
