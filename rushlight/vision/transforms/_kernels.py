"""Arithmetic on the colours of an image (..., C, H, W), over arrays or tensors (see vision/_arrays)."""


def blend(ops, image, other, ratio: float):
    """ratio * image + (1 - ratio) * other, clipped to the image's range and in its type."""
    top = ops.top_value(image)
    mixed = ratio * ops.as_float(image) + (1.0 - ratio) * ops.as_float(other)
    return ops.like(ops.clip(mixed, 0, top), image)


def gray(ops, image):
    """The luma of an RGB image (ITU-R 601), one channel, in the image's type."""
    red, green, blue = (ops.as_float(image[..., c, :, :]) for c in range(3))
    return ops.like(0.2989 * red + 0.587 * green + 0.114 * blue, image)[..., None, :, :]


def grayscale(ops, image, channels: int):
    """The image in grey; with 3 channels, in as many as it has (so an image of one stays of one, as in torchvision)."""
    one = gray(ops, image) if image.shape[-3] == 3 else image
    if channels == 3:
        return ops.copy(ops.expand(one, image.shape))
    return ops.copy(one) if one is image else one


def brightness(ops, image, factor: float):
    return blend(ops, image, image * 0, factor)


def contrast(ops, image, factor: float):
    source = gray(ops, image) if image.shape[-3] == 3 else image
    return blend(ops, image, ops.mean(ops.as_float(source), (-3, -2, -1)), factor)


def saturation(ops, image, factor: float):
    return blend(ops, image, gray(ops, image), factor)


def invert(ops, image):
    return ops.top_value(image) - image


def posterize(ops, image, bits: int):
    return image & (255 - (2 ** (8 - bits) - 1))


def solarize(ops, image, threshold: float):
    return ops.where(image >= threshold, invert(ops, image), image)


def autocontrast(ops, image, by_steps: bool = False):
    """Each channel stretched from its own darkest and brightest value to the whole range.

    `by_steps` divides by a step of the result, as transforms.v2 does, instead of multiplying: other roundings.
    """
    top = ops.top_value(image)
    values = ops.as_float(image)
    low, high = ops.least(values, (-2, -1)), ops.greatest(values, (-2, -1))
    flat = high == low
    span = ops.where(flat, high * 0 + 1, high - low)
    low = ops.where(flat, low * 0, low)  # a channel of one value stays: scale 1, shift 0
    if by_steps:
        return ops.like(ops.clip((values - low) / ops.where(flat, span, span * (1.0 / top)), 0, top), image)
    scale = ops.where(flat, span, top / span)
    return ops.like(ops.clip((values - low) * scale, 0, top), image)


def sharpness(ops, image, factor: float):
    """Blend with the image smoothed by [[1 1 1] [1 5 1] [1 1 1]] / 13, whose border is left as it was."""
    height, width = image.shape[-2:]
    if height <= 2 or width <= 2:
        return ops.copy(image)
    values = ops.as_float(image)
    total = 5.0 * values[..., 1:-1, 1:-1]
    for i in range(3):
        for j in range(3):
            if (i, j) != (1, 1):
                total = total + values[..., i : height - 2 + i, j : width - 2 + j]
    smooth = total / 13.0
    if not ops.is_float(image):
        smooth = ops.round(smooth)
    blurred = ops.copy(values)
    blurred[..., 1:-1, 1:-1] = smooth
    return blend(ops, image, blurred, factor)


def gamma(ops, image, power: float, gain: float):
    """(gain * image ** power), clipped, of a float image."""
    return ops.clip(gain * image**power, 0, 1)


def hue(ops, image, factor: float):
    """The hue of a float RGB image turned by `factor` of the circle."""
    h, s, v = to_hsv(ops, image)
    return from_hsv(ops, (h + factor) % 1.0, s, v)


def to_hsv(ops, image):
    """(hue, saturation, value) planes, each in [0, 1], of a float RGB image (..., 3, H, W)."""
    r, g, b = image[..., 0, :, :], image[..., 1, :, :], image[..., 2, :, :]
    high = ops.greatest(image, -3)[..., 0, :, :]
    low = ops.least(image, -3)[..., 0, :, :]
    flat = high == low
    spread = high - low
    one = high * 0 + 1
    saturation = spread / ops.where(flat, one, high)
    divisor = ops.where(flat, one, spread)
    rc, gc, bc = (high - r) / divisor, (high - g) / divisor, (high - b) / divisor
    red, green = high == r, (high == g) & (high != r)
    neither = (high != g) & (high != r)
    zero = high * 0
    h = (
        ops.where(red, bc - gc, zero)
        + ops.where(green, 2.0 + rc - bc, zero)
        + ops.where(neither, 4.0 + gc - rc, zero)
    )
    return (h / 6.0 + 1.0) % 1.0, saturation, high


def from_hsv(ops, h, s, v):
    """The RGB image of hue, saturation and value planes."""
    sector = ops.floor(h * 6.0)
    f = h * 6.0 - sector
    p = ops.clip(v * (1.0 - s), 0.0, 1.0)
    q = ops.clip(v * (1.0 - s * f), 0.0, 1.0)
    t = ops.clip(v * (1.0 - s * (1.0 - f)), 0.0, 1.0)
    sector = sector % 6

    def choose(*planes):
        chosen = planes[5]
        for number in range(5):
            chosen = ops.where(sector == number, planes[number], chosen)
        return chosen

    return ops.stack([choose(v, q, p, p, t, v), choose(t, v, v, q, p, p), choose(p, p, t, v, v, q)], -3)


def equalize(image):
    """Each channel of a uint8 array (..., H, W) with its histogram made flat."""
    import numpy as np

    flat = image.reshape(-1, image.shape[-2] * image.shape[-1])
    out = np.empty_like(flat)
    for k, plane in enumerate(flat):
        counts = np.bincount(plane, minlength=256)
        present = counts[counts != 0]
        step = present[:-1].sum() // 255
        if step == 0:
            out[k] = plane
            continue
        table = (np.cumsum(counts) + step // 2) // step
        table = np.clip(np.concatenate([[0], table[:-1]]), 0, 255).astype(np.uint8)
        out[k] = table[plane]
    return out.reshape(image.shape)
