"""Pictures in logs: arrays, batches, figures and videos to PNG and GIF."""
from __future__ import annotations

import numpy as np

from rushlight.utils.tensorboard.arrays import make_np

GRID_WIDTH = 8  # pictures of a batch in one row
BOX_COLOR = "Red"


def image(tag, tensor, rescale=1, dataformats="NCHW"):
    """Summary of a picture, or of a batch laid out as a grid; `rescale` is a factor of its size."""
    pixels = to_bytes(convert_to_HWC(make_np(tensor), dataformats))
    return _image_summary(tag, pixels, rescale)


def image_boxes(tag, tensor_image, tensor_boxes, rescale=1, dataformats="CHW", labels=None):
    """Summary of a picture with boxes (xmin, ymin, xmax, ymax) drawn on it."""
    pixels = to_bytes(convert_to_HWC(make_np(tensor_image), dataformats).astype(np.float32))
    return _image_summary(tag, pixels, rescale, make_np(tensor_boxes), labels)


def to_bytes(array: np.ndarray) -> np.ndarray:
    """uint8 from 0 to 255: bytes as they are, anything else from 0 to 1."""
    scale = 1 if array.dtype == np.uint8 else 255
    return (array.astype(np.float32) * scale).clip(0, 255).astype(np.uint8)


def _image_summary(tag, pixels, rescale, boxes=None, labels=None):
    import io

    from PIL import Image
    from tensorboard.compat.proto.summary_pb2 import Summary

    height, width, channels = pixels.shape
    size = int(width * rescale), int(height * rescale)
    picture = Image.fromarray(pixels)
    if boxes is not None:
        for index in range(boxes.shape[0]):
            draw_box(picture, [boxes[index, i] for i in range(4)], labels[index] if labels else None)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, format="PNG")
    # height and width are told as they were before `rescale`, as PyTorch does; the PNG itself has its true size
    proto = Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=file.getvalue())
    return Summary(value=[Summary.Value(tag=tag, image=proto)])


def draw_box(picture, box, label=None) -> None:
    """Draw a box, and its label on a ground of the box's colour at its lower edge."""
    from PIL import ImageDraw, ImageFont

    xmin, ymin, xmax, ymax = box
    draw = ImageDraw.Draw(picture)
    draw.line([(xmin, ymin), (xmin, ymax), (xmax, ymax), (xmax, ymin), (xmin, ymin)], width=2, fill=BOX_COLOR)
    if label:
        font = ImageFont.load_default()
        left, top, right, bottom = font.getbbox(label)
        width, height = right - left, bottom - top
        margin = int(np.ceil(0.05 * height))
        draw.rectangle([(xmin, ymax - height - 2 * margin), (xmin + width, ymax)], fill=BOX_COLOR)
        draw.text((xmin + margin, ymax - height - margin), label, fill="black", font=font)


# ------------------------------------------------------------------ layouts
def convert_to_HWC(array: np.ndarray, input_format: str) -> np.ndarray:
    """An array laid out as `input_format` says (letters of NCHW) as one picture of 3 or 4 channels, (H, W, C)."""
    if len(set(input_format)) != len(input_format):
        raise AssertionError(f"You can not use the same dimension shorthand twice.             input_format: {input_format}")
    if len(array.shape) != len(input_format):
        raise AssertionError("size of input tensor and input format are different.         "
                             f"tensor shape: {array.shape}, input_format: {input_format}")
    input_format = input_format.upper()
    if len(input_format) == 4:
        return make_grid(array.transpose([input_format.find(letter) for letter in "NCHW"])).transpose(1, 2, 0)
    if len(input_format) == 3:
        picture = array.transpose([input_format.find(letter) for letter in "HWC"])
        return np.concatenate([picture] * 3, axis=2) if picture.shape[2] == 1 else picture
    if len(input_format) == 2:
        return np.stack([array.transpose([input_format.find(letter) for letter in "HW"])] * 3, axis=2)
    raise AssertionError(f"a picture has 2, 3 or 4 dimensions; got the format {input_format}")


def make_grid(pictures: np.ndarray, ncols: int = GRID_WIDTH) -> np.ndarray:
    """(N, C, H, W) as one picture (C, rows * H, columns * W), `ncols` wide at most; what is left over is black."""
    if not isinstance(pictures, np.ndarray):
        raise AssertionError("plugin error, should pass numpy array here")
    if pictures.shape[1] == 1:
        pictures = np.concatenate([pictures] * 3, axis=1)
    if pictures.ndim != 4 or pictures.shape[1] not in (3, 4):
        raise AssertionError("Input should be a 4D numpy array with 3 channels")
    count, channels, height, width = pictures.shape
    columns = min(count, ncols)
    rows = -(-count // columns)
    grid = np.zeros((channels, rows * height, columns * width), pictures.dtype)
    for index, picture in enumerate(pictures):
        y, x = index // columns * height, index % columns * width
        grid[:, y : y + height, x : x + width] = picture
    return grid


def figure_to_image(figures, close=True) -> np.ndarray:
    """The pixels of a figure of matplotlib (3, H, W), or of a list of them (N, 3, H, W)."""
    import matplotlib.backends.backend_agg as agg
    import matplotlib.pyplot as plt

    def pixels(figure):
        canvas = agg.FigureCanvasAgg(figure)
        canvas.draw()
        rgba = np.asarray(canvas.buffer_rgba())
        if close:
            plt.close(figure)
        return np.ascontiguousarray(rgba[:, :, :3].transpose(2, 0, 1))

    if isinstance(figures, list):
        return np.stack([pixels(figure) for figure in figures])
    return pixels(figures)


# ------------------------------------------------------------------ video
def video(tag, tensor, fps=4):
    """Summary of a video (N, T, C, H, W) as one GIF; None, with a word about it, where moviepy is not installed."""
    frames = to_bytes(arrange_videos(make_np(tensor)))
    try:
        try:
            from moviepy import ImageSequenceClip  # moviepy 2
        except ImportError:
            from moviepy.editor import ImageSequenceClip  # moviepy 1
    except ImportError:
        print("add_video needs package moviepy")
        return None
    import os
    import tempfile

    from tensorboard.compat.proto.summary_pb2 import Summary

    _, height, width, channels = frames.shape
    handle, path = tempfile.mkstemp(suffix=".gif")
    os.close(handle)
    try:
        ImageSequenceClip(list(frames), fps=fps).write_gif(path, logger=None)
        with open(path, "rb") as file:
            content = file.read()
    finally:
        os.remove(path)
    proto = Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=content)
    return Summary(value=[Summary.Value(tag=tag, image=proto)])


def arrange_videos(videos: np.ndarray) -> np.ndarray:
    """(N, T, C, H, W) as the frames (T, H', W', C) of one video that shows them beside each other.

    The number is filled up to a power of two 2^k with black ones, in 2^(k // 2) rows.
    """
    count, frames, channels, height, width = videos.shape
    power = (count - 1).bit_length()
    rows = 1 << power // 2
    columns = (1 << power) // rows
    filled = np.zeros((rows * columns, *videos.shape[1:]), videos.dtype)
    filled[:count] = videos
    filled = filled.reshape(rows, columns, frames, channels, height, width).transpose(2, 0, 4, 1, 5, 3)
    return filled.reshape(frames, rows * height, columns * width, channels)
