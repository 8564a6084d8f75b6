"""Resizing 8-bit images in whole numbers, as Pillow does: across, then down, each rounded to 8 bits."""

import numpy as np

from rushlight.vision.transforms._sampling import _weights


def resize_bytes(pixels: np.ndarray, size, mode: str, antialias: bool) -> np.ndarray:
    """The uint8 image (..., H, W) in `size` (height, width); `mode` is bilinear or bicubic."""
    height, width = pixels.shape[-2:]
    if width != size[1]:
        pixels = _along_rows(pixels, _weights(width, size[1], mode, antialias))
    if height != size[0]:
        turned = _along_rows(np.swapaxes(pixels, -1, -2), _weights(height, size[0], mode, antialias))
        pixels = np.ascontiguousarray(np.swapaxes(turned, -1, -2))
    return pixels


def _along_rows(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Each row times weights (out, n) that are rounded to as many bits as 16 hold."""
    bits = 0
    while bits < 22 and int(0.5 + weights.max() * 2 ** (bits + 1)) < 2**15:
        bits += 1
    scaled = weights * 2**bits
    whole = np.trunc(scaled + np.copysign(0.5, scaled))
    # The sums are whole and below 2**24: exact in float32, whose products are the quickest.
    total = pixels.astype(np.float32) @ whole.T.astype(np.float32)
    return np.floor((total + 2 ** (bits - 1)) / 2**bits).clip(0, 255).astype(np.uint8)
