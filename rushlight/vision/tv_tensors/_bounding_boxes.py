"""Bounding boxes, upright and rotated."""

from enum import Enum

import rushlight as torch
from rushlight.vision.tv_tensors._tv_tensor import TVTensor


class BoundingBoxFormat(Enum):
    """What the numbers of a box are: corners (X, Y), width and height (W, H), centre (CX, CY), angle in degrees (R)."""

    XYXY = "XYXY"
    XYWH = "XYWH"
    CXCYWH = "CXCYWH"
    XYWHR = "XYWHR"
    CXCYWHR = "CXCYWHR"
    XYXYXYXY = "XYXYXYXY"


_ROTATED = (BoundingBoxFormat.XYWHR, BoundingBoxFormat.CXCYWHR, BoundingBoxFormat.XYXYXYXY)


def is_rotated_bounding_format(format) -> bool:
    """Whether boxes of this format (or, in capitals, of this name) may be turned."""
    return format in _ROTATED or format in [rotated.value for rotated in _ROTATED]


def check_clamping_mode(mode) -> None:
    if mode is not None and mode not in ("soft", "hard"):
        raise ValueError(f"clamping_mode must be None, hard or soft, got {mode}.")


class BoundingBoxes(TVTensor):
    """Boxes (N, K) in a `format` (K = 4, 5 or 8 numbers), on a picture of `canvas_size` (height, width).

    `clamping_mode` says how transforms treat what they move out of the picture: "soft", "hard", or None.
    """

    def __new__(
        cls, data, *, format, canvas_size, clamping_mode="soft", dtype=None, device=None, requires_grad=None
    ):
        tensor = cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)
        if is_rotated_bounding_format(format) and not tensor.is_floating_point():
            raise ValueError(f"Rotated bounding boxes should be floating point tensors, got {tensor.dtype}.")
        return cls._wrap(tensor, format=format, canvas_size=canvas_size, clamping_mode=clamping_mode)

    @classmethod
    def _wrap(cls, tensor, *, format, canvas_size, clamping_mode="soft", check_dims=True):
        if check_dims:
            if tensor.ndim == 1:
                tensor = torch.Tensor.unsqueeze(tensor, 0)
            elif tensor.ndim != 2:
                raise ValueError(f"Expected a 1D or 2D tensor, got {tensor.ndim}D")
        check_clamping_mode(clamping_mode)
        if isinstance(format, str):
            format = BoundingBoxFormat[format.upper()]
        boxes = tensor.as_subclass(cls)
        boxes.format = format
        boxes.canvas_size = canvas_size
        boxes.clamping_mode = clamping_mode
        return boxes

    @classmethod
    def wrap(cls, tensor, like, *, format=None, canvas_size=None, clamping_mode=None, check_dims=True):
        return cls._wrap(
            tensor,
            format=like.format if format is None else format,
            canvas_size=like.canvas_size if canvas_size is None else canvas_size,
            clamping_mode=like.clamping_mode if clamping_mode is None else clamping_mode,
            check_dims=check_dims,
        )

    @classmethod
    def _wrapped(cls, tensor, args, kwargs):
        # Any result at all: a row, a sum, ...
        like = next(a for a in (*args, *kwargs.values()) if isinstance(a, BoundingBoxes))
        return cls.wrap(tensor, like, check_dims=False)

    def __repr__(self, *, tensor_contents=None) -> str:
        return self._make_repr(
            format=self.format, canvas_size=self.canvas_size, clamping_mode=self.clamping_mode
        )
