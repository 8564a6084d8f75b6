"""Images in files and in bytes, as uint8 tensors (C, H, W). The work is Pillow's."""

import io
import os
from enum import Enum

import numpy as np

import rushlight as torch
from rushlight.vision._arrays import to_tensor
from rushlight.vision._pillow import image_from_array, pillow


class ImageReadMode(Enum):
    """The channels to read: as the file has them, or as grey, grey with alpha, RGB, RGB with alpha."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4
    RGBA = RGB_ALPHA


_PIL_MODES = {
    ImageReadMode.GRAY: "L",
    ImageReadMode.GRAY_ALPHA: "LA",
    ImageReadMode.RGB: "RGB",
    ImageReadMode.RGB_ALPHA: "RGBA",
}


# ---------------------------------------------------------------- files
def read_file(path: str):
    """The bytes of a file as a uint8 tensor (N,)."""
    try:
        return torch.from_numpy(np.fromfile(path, np.uint8))
    except FileNotFoundError as error:
        raise RuntimeError(f"[Errno {error.errno}] {os.strerror(error.errno)}: '{os.fspath(path)}'") from error


def write_file(filename: str, data) -> None:
    """Write a uint8 tensor (N,) to a file."""
    _require_bytes(data)
    with open(filename, "wb") as f:
        f.write(data.cpu().numpy().tobytes())


def _require_bytes(data) -> None:
    if not isinstance(data, torch.Tensor) or data.dtype != torch.uint8 or data.dim() != 1:
        raise RuntimeError("Input tensor must be one dimensional and of dtype uint8")


# ---------------------------------------------------------------- decoding
def read_image(path: str, mode=ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False):
    """The image of a file (JPEG, PNG, GIF, WebP and what else Pillow reads): uint8 (C, H, W)."""
    return decode_image(read_file(path), mode, apply_exif_orientation)


def decode_image(input, mode=ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False):
    """The image of a file's bytes, or of the file of that name, in `mode` (also its name): uint8 (C, H, W).

    16-bit grey PNGs give uint16. A GIF of several pictures gives (N, 3, H, W).
    """
    if not isinstance(input, torch.Tensor):
        input = read_file(str(input))
    return _decode(input, mode, apply_exif_orientation, None)


def decode_jpeg(input, mode=ImageReadMode.UNCHANGED, device="cpu", apply_exif_orientation: bool = False):
    """The image of a JPEG's bytes, or a list of images of a list."""
    if isinstance(input, list):
        return [decode_jpeg(each, mode, device, apply_exif_orientation) for each in input]
    return _decode(input, mode, apply_exif_orientation, "JPEG").to(device)


def decode_png(input, mode=ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False):
    """The image of a PNG's bytes."""
    return _decode(input, mode, apply_exif_orientation, "PNG")


def decode_gif(input):
    """The pictures of a GIF's bytes: (N, 3, H, W), or (3, H, W) of a single one."""
    return _decode(input, ImageReadMode.RGB, False, "GIF")


def decode_webp(input, mode=ImageReadMode.UNCHANGED):
    """The image of a WebP file's bytes."""
    return _decode(input, mode, False, "WEBP")


def decode_avif(input, mode=ImageReadMode.UNCHANGED):
    """The image of an AVIF file's bytes, where Pillow was built to read it."""
    return _decode(input, mode, False, "AVIF")


def decode_heic(input, mode=ImageReadMode.UNCHANGED):
    """The image of a HEIC file's bytes, where a plugin of Pillow (pillow-heif) reads it."""
    return _decode(input, mode, False, "HEIF")


def _decode(data, mode, apply_exif_orientation: bool, kind: str | None):
    if isinstance(mode, str):
        mode = ImageReadMode[mode.upper()]
    _require_bytes(data)
    Image = pillow("Decoding an image")
    try:
        image = Image.open(io.BytesIO(data.cpu().numpy().tobytes()), formats=None if kind is None else [kind])
        if image.format == "GIF":
            return _pictures(image)
        if image.format == "JPEG" and mode == ImageReadMode.GRAY:
            image.draft("L", image.size)  # the file's own luma, as libjpeg gives it
        image.load()
    except (OSError, KeyError, SyntaxError) as error:
        what = "an image" if kind is None else f"a {kind} image"
        raise RuntimeError(f"cannot decode {what}: {error}") from error
    if apply_exif_orientation:
        from PIL import ImageOps

        image = ImageOps.exif_transpose(image)
    return _planes(_in_mode(image, mode))


def _in_mode(image, mode):
    if mode != ImageReadMode.UNCHANGED:
        return image.convert(_PIL_MODES[mode])
    if image.mode == "P":  # PNG's palettes are not kept
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode in ("RGB", "L") and "transparency" in image.info:
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    return image.convert("L") if image.mode == "1" else image


def _planes(image):
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.dtype != np.uint8:
        pixels = pixels.astype(np.uint16)
    return to_tensor(pixels.transpose(2, 0, 1).copy())


def _pictures(image):
    from PIL import ImageSequence

    frames = np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)])
    planes = frames.transpose(0, 3, 1, 2)
    return to_tensor(planes[0] if len(planes) == 1 else planes)


# ---------------------------------------------------------------- encoding
def encode_jpeg(input, quality: int = 75):
    """The bytes of a JPEG of an image (uint8, 1 or 3 channels) as a uint8 tensor; of a list, a list."""
    if quality < 1 or quality > 100:
        raise ValueError("Image quality should be a positive number between 1 and 100")
    if isinstance(input, list):
        if not input:
            raise ValueError("encode_jpeg requires at least one input tensor when a list is passed")
        return [encode_jpeg(each, quality) for each in input]
    return _encode(input, "JPEG", quality=quality)


def encode_png(input, compression_level: int = 6):
    """The bytes of a PNG of an image (uint8, 1 or 3 channels) as a uint8 tensor."""
    if compression_level < 0 or compression_level > 9:
        raise RuntimeError("Compression level should be between 0 and 9")
    return _encode(input, "PNG", compress_level=compression_level)


def write_jpeg(input, filename: str, quality: int = 75) -> None:
    """Write an image (uint8, 1 or 3 channels) as a JPEG."""
    write_file(filename, encode_jpeg(input, quality))


def write_png(input, filename: str, compression_level: int = 6) -> None:
    """Write an image (uint8, 1 or 3 channels) as a PNG."""
    write_file(filename, encode_png(input, compression_level))


def _encode(input, kind: str, **options):
    if input.dtype != torch.uint8:
        raise RuntimeError("Input tensor dtype should be uint8")
    if input.dim() != 3:
        raise RuntimeError(f"Input data should be a 3-dimensional tensor, got {input.dim()} dimensions")
    channels = input.shape[0]
    if channels not in (1, 3):
        raise RuntimeError(f"The number of channels should be 1 or 3, got: {channels}")
    pixels = np.ascontiguousarray(input.cpu().numpy().transpose(1, 2, 0))
    out = io.BytesIO()
    image_from_array(pixels[:, :, 0] if channels == 1 else pixels).save(out, kind, **options)
    return torch.from_numpy(np.frombuffer(bytearray(out.getvalue()), np.uint8))
