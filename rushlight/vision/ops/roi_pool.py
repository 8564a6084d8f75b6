"""RoIPool (Girshick, 2015): the maxima of a region's bins."""

import math

import rushlight as torch
from rushlight.vision.ops._rois import as_rows, pair


def roi_pool(input, boxes, output_size, spatial_scale: float = 1.0):
    """(K, C, *output_size) from features (N, C, H, W): the greatest value of each bin, 0 of an empty one.

    `boxes` is (K, 5) with the image's number first, or a list of (L, 4), in coordinates that `spatial_scale` brings to
    those of the features, where they are rounded. Differentiable in `input`.
    """
    out_height, out_width = pair(output_size)
    height, width = input.shape[-2:]
    regions = []
    for number, *box in as_rows(boxes).detach().tolist():
        x1, y1, x2, y2 = (_round(v * spatial_scale) for v in box)
        rows = _bins(y1, y2, out_height, height)
        columns = _bins(x1, x2, out_width, width)
        features = input[int(number)]
        regions.append(torch.stack([torch.stack([_greatest(features[:, r, c]) for c in columns], -1) for r in rows], -2))
    if not regions:
        return input.new_zeros((0, input.shape[1], out_height, out_width))
    return torch.stack(regions)


def _round(value: float) -> int:
    """Half away from zero, as C rounds."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def _bins(start: int, end: int, count: int, extent: int) -> list[slice]:
    size = max(end - start + 1, 1) / count
    edges = [(math.floor(k * size) + start, math.ceil((k + 1) * size) + start) for k in range(count)]
    return [slice(min(max(a, 0), extent), min(max(b, 0), extent)) for a, b in edges]


def _greatest(values):
    """The maximum over the last two axes, 0 where they are empty."""
    if values.shape[-1] == 0 or values.shape[-2] == 0:
        return values.new_zeros(values.shape[0])
    return values.flatten(1).max(dim=1).values


class RoIPool(torch.nn.Module):
    """roi_pool as a module."""

    def __init__(self, output_size, spatial_scale: float) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale

    def forward(self, input, rois):
        return roi_pool(input, rois, self.output_size, self.spatial_scale)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(output_size={self.output_size}, spatial_scale={self.spatial_scale})"
