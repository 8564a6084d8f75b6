"""RoIAlign (He et al., 2017): regions of a feature map sampled into a fixed size.

Bilinear reading and averaging both work along one axis at a time, so a region is `rows @ features @ columns.T`, with
two small matrices of shares that depend on the region alone.
"""

import math

import numpy as np

import rushlight as torch
from rushlight.vision.ops._rois import as_rows, pair

CHUNK = 64  # regions worked on at once, to bound the memory


def roi_align(
    input, boxes, output_size, spatial_scale: float = 1.0, sampling_ratio: int = -1, aligned: bool = False
):
    """(K, C, *output_size) from features (N, C, H, W).

    `boxes` is (K, 5) with the image's number first, or a list of (L, 4), in coordinates that `spatial_scale` brings to
    those of the features. A bin averages `sampling_ratio`^2 points, by default as many as it has pixels. `aligned`
    moves the boxes by half a pixel. Differentiable in `input`.
    """
    out_height, out_width = pair(output_size)
    rois = as_rows(boxes).detach().cpu().numpy().astype(np.float64)
    height, width = input.shape[-2:]
    images = rois[:, 0].astype(np.int64)
    scaled = rois[:, 1:] * spatial_scale - (0.5 if aligned else 0.0)
    dtype = np.float64 if input.dtype == torch.float64 else np.float32
    rows = np.zeros((len(rois), out_height, height), dtype)
    columns = np.zeros((len(rois), out_width, width), dtype)
    for k, (x1, y1, x2, y2) in enumerate(scaled):
        rows[k] = _shares(y1, y2, out_height, height, sampling_ratio, aligned)
        columns[k] = _shares(x1, x2, out_width, width, sampling_ratio, aligned)
    pieces = []
    for start in range(0, len(rois), CHUNK):
        part = slice(start, start + CHUNK)
        down, across = (
            torch.from_numpy(m[part]).to(dtype=input.dtype, device=input.device).unsqueeze(1) for m in (rows, columns)
        )
        features = input[torch.from_numpy(images[part]).to(input.device)]
        pieces.append(down @ features @ across.transpose(-1, -2))
    if not pieces:
        return input.new_zeros((0, input.shape[1], out_height, out_width))
    return torch.cat(pieces)


def _shares(start: float, end: float, bins: int, extent: int, ratio: int, aligned: bool) -> np.ndarray:
    """(bins, extent): the share of each pixel of an axis in each bin of a region from `start` to `end`."""
    length = end - start if aligned else max(end - start, 1.0)
    size = length / bins
    count = ratio if ratio > 0 else max(math.ceil(size), 1)
    at = start + (np.arange(bins)[:, None] + (np.arange(count) + 0.5) / count) * size
    inside = (at >= -1.0) & (at <= extent)  # beyond that lies nothing; nearer, the border's pixel
    at = np.clip(at, 0.0, extent - 1)
    low = np.floor(at).astype(np.intp)
    high = np.minimum(low + 1, extent - 1)
    over = at - low
    shares = np.zeros((bins, extent))
    which = np.broadcast_to(np.arange(bins)[:, None], at.shape)
    np.add.at(shares, (which, low), np.where(inside, 1 - over, 0) / count)
    np.add.at(shares, (which, high), np.where(inside, over, 0) / count)
    return shares


class RoIAlign(torch.nn.Module):
    """roi_align as a module."""

    def __init__(self, output_size, spatial_scale: float, sampling_ratio: int, aligned: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.aligned = aligned

    def forward(self, input, rois):
        return roi_align(input, rois, self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(output_size={self.output_size}, spatial_scale={self.spatial_scale}, "
            f"sampling_ratio={self.sampling_ratio}, aligned={self.aligned})"
        )
