"""The functional transforms of PIL images, by Pillow's own means."""

import numpy as np

from rushlight.vision._pillow import image_from_array, is_pil


def require_pil(image) -> None:
    if not is_pil(image):
        raise TypeError(f"img should be PIL Image. Got {type(image)}")


def dimensions(image) -> list[int]:
    """[channels, height, width]."""
    width, height = image.size
    return [len(image.getbands()), height, width]


# ---------------------------------------------------------------- geometry
def hflip(image):
    from PIL import Image

    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def vflip(image):
    from PIL import Image

    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def crop(image, top: int, left: int, height: int, width: int):
    return image.crop((left, top, left + width, top + height))


def resize(image, size, interpolation: int):
    return image.resize(tuple(size[::-1]), interpolation)


def pad(image, padding, fill=0, mode: str = "constant"):
    """`padding` is [left, top, right, bottom]; negative sides crop."""
    from PIL import ImageOps

    left, top, right, bottom = padding
    if mode == "constant":
        options = fill_option(fill, image, "fill")
        if image.mode == "P":
            palette = image.getpalette()
            image = ImageOps.expand(image, border=(left, top, right, bottom), **options)
            image.putpalette(palette)
            return image
        return ImageOps.expand(image, border=(left, top, right, bottom), **options)
    cut = [max(-side, 0) for side in padding]
    if any(cut):
        image = image.crop((cut[0], cut[1], image.width - cut[2], image.height - cut[3]))
        left, top, right, bottom = (max(side, 0) for side in padding)
    sides = ((top, bottom), (left, right))
    array = np.asarray(image)
    padded = np.pad(array, sides + ((0, 0),) * (array.ndim - 2), mode)
    if image.mode == "P":
        palette = image.getpalette()
        image = image_from_array(padded)
        image.putpalette(palette)
        return image
    return image_from_array(padded)


def fill_option(fill, image, name: str = "fillcolor") -> dict:
    """`fill` as Pillow takes it for this image, under the name of the argument."""
    channels = len(image.getbands())
    if fill is None:
        fill = 0
    if isinstance(fill, (int, float)) and channels > 1:
        fill = (fill,) * channels
    if isinstance(fill, (list, tuple)):
        if len(fill) == 1:
            fill = tuple(fill) * channels
        elif len(fill) != channels:
            raise ValueError(
                "The number of elements in 'fill' does not match the number of channels of the image "
                f"({len(fill)} != {channels})"
            )
        fill = tuple(fill)
    if image.mode != "F":
        fill = tuple(int(v) for v in fill) if isinstance(fill, tuple) else int(fill)
    return {name: fill}


def affine(image, matrix, interpolation: int, fill=None):
    from PIL import Image

    return image.transform(image.size, Image.Transform.AFFINE, matrix, interpolation, **fill_option(fill, image))


def rotate(image, angle: float, interpolation: int, expand: bool, center, fill=None):
    return image.rotate(angle, interpolation, expand, center, **fill_option(fill, image))


def perspective(image, coefficients, interpolation: int, fill=None):
    from PIL import Image

    options = fill_option(fill, image)
    return image.transform(image.size, Image.Transform.PERSPECTIVE, coefficients, interpolation, **options)


# ---------------------------------------------------------------- colour
def adjust_brightness(image, factor: float):
    from PIL import ImageEnhance

    return ImageEnhance.Brightness(image).enhance(factor)


def adjust_contrast(image, factor: float):
    from PIL import ImageEnhance

    return ImageEnhance.Contrast(image).enhance(factor)


def adjust_saturation(image, factor: float):
    from PIL import ImageEnhance

    return ImageEnhance.Color(image).enhance(factor)


def adjust_sharpness(image, factor: float):
    from PIL import ImageEnhance

    return ImageEnhance.Sharpness(image).enhance(factor)


def adjust_hue(image, factor: float):
    from PIL import Image

    mode = image.mode
    if mode in ("L", "1", "I", "F"):
        return image
    h, s, v = image.convert("HSV").split()
    turn = np.uint8(int(factor * 255) % 256)
    h = image_from_array(np.asarray(h) + turn)  # wraps round, as the circle does
    return Image.merge("HSV", (h, s, v)).convert(mode)


def adjust_gamma(image, gamma: float, gain: float):
    mode = image.mode
    table = [int((255 + 1 - 1e-3) * gain * (value / 255.0) ** gamma) for value in range(256)] * 3
    return image.convert("RGB").point(table).convert(mode)


def to_grayscale(image, channels: int):
    if channels == 1:
        return image.convert("L")
    if channels == 3:
        gray = np.asarray(image.convert("L"))
        return image_from_array(np.dstack([gray, gray, gray]))
    raise ValueError("num_output_channels should be either 1 or 3")


def invert(image):
    from PIL import ImageOps

    return ImageOps.invert(image)


def posterize(image, bits: int):
    from PIL import ImageOps

    return ImageOps.posterize(image, bits)


def solarize(image, threshold: int):
    from PIL import ImageOps

    return ImageOps.solarize(image, threshold)


def autocontrast(image):
    from PIL import ImageOps

    return ImageOps.autocontrast(image)


def equalize(image):
    from PIL import ImageOps

    return ImageOps.equalize(image)
