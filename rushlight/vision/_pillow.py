"""Pillow, imported only when something needs a PIL image."""

import sys


def pillow(what: str = "This"):
    """The module `PIL.Image`; where Pillow is missing, an ImportError that says how to install it."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(f"{what} needs Pillow. Install it with: pip install 'rushlight[vision]'") from error
    return Image


def is_pil(value) -> bool:
    """Whether `value` is a PIL image. Never imports Pillow: before it is loaded, nothing is a PIL image."""
    image = sys.modules.get("PIL.Image")
    return image is not None and isinstance(value, image.Image)


def image_from_array(array, mode: str | None = None):
    """A PIL image of an array. The mode is set only where the array does not already say it."""
    image = pillow("Making an image").fromarray(array)
    if mode is None or image.mode == mode:
        return image
    # Same memory read under another name of the same layout: RGBA as CMYK, RGB as YCbCr or HSV, ...
    return pillow().frombuffer(mode, image.size, image.tobytes(), "raw", mode, 0, 1)
