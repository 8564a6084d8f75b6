"""Boxes, masks and keypoints drawn into image tensors, and optical flow as colours."""

import warnings

import numpy as np

import rushlight as torch
from rushlight.vision._arrays import to_tensor
from rushlight.vision._pillow import pillow


def _require_tensor(image, message: str) -> None:
    if not isinstance(image, torch.Tensor):
        raise TypeError(message.format(type(image)))


def _require_values(image) -> None:
    if not (image.dtype == torch.uint8 or image.is_floating_point()):
        raise ValueError(f"The image dtype must be uint8 or float, got {image.dtype}")


def _as_uint8(image):
    from rushlight.vision.transforms.functional import convert_image_dtype

    return convert_image_dtype(image, torch.uint8)


def _like(drawn, image):
    from rushlight.vision.transforms.functional import convert_image_dtype

    return convert_image_dtype(drawn, image.dtype)


# ---------------------------------------------------------------- colours
def _generate_color_palette(num_objects: int) -> list[tuple[int, int, int]]:
    """Colours that differ, one for each number."""
    palette = (2**25 - 1, 2**15 - 1, 2**21 - 1)
    return [tuple((number * base) % 255 for base in palette) for number in range(num_objects)]


def _parse_colors(colors, *, num_objects: int) -> list[tuple]:
    """A colour for each object: of one colour, a list, or (None) the palette. Names and #hex become numbers."""
    if colors is None:
        return _generate_color_palette(num_objects)
    if isinstance(colors, list):
        if len(colors) < num_objects:
            raise ValueError(
                "Number of colors must be equal or larger than the number of objects, "
                f"but got {len(colors)} < {num_objects}."
            )
    elif not isinstance(colors, (tuple, str)):
        raise ValueError(f"colors must be a tuple or a string, or a list thereof, but got {colors}.")
    elif isinstance(colors, tuple) and len(colors) != 3:
        raise ValueError(f"If passed as tuple, colors should be an RGB triplet, but got {colors}.")
    else:
        colors = [colors] * num_objects
    pillow("Drawing")
    from PIL import ImageColor

    return [ImageColor.getrgb(color) if isinstance(color, str) else color for color in colors]


# ---------------------------------------------------------------- boxes
def draw_bounding_boxes(
    image,
    boxes,
    labels=None,
    colors=None,
    fill: bool | None = False,
    width: int = 1,
    font: str | None = None,
    font_size: int | None = None,
    label_colors=None,
    label_background_colors=None,
    fill_labels: bool = False,
):
    """The image (C, H, W), uint8 or float, with boxes (N, 4) drawn, and their labels beside the upper left corners.

    `fill` tints the boxes, `fill_labels` lays the box's colour behind its label.
    """
    _require_tensor(image, "Tensor expected, got {}")
    _require_values(image)
    if image.dim() != 3:
        raise ValueError("Pass individual images, not batches")
    if image.shape[0] not in {1, 3}:
        raise ValueError("Only grayscale and RGB images are supported")
    if boxes.numel() == 0:
        warnings.warn("boxes doesn't contain any box. No box was drawn")
        return image
    if boxes.shape[-1] == 8:
        raise NotImplementedError("draw_bounding_boxes of rotated boxes (N, 8) is not in Rushlight yet")
    if bool((boxes[:, 0] > boxes[:, 2]).any()) or bool((boxes[:, 1] > boxes[:, 3]).any()):
        raise ValueError(
            "Boxes need to be in (xmin, ymin, xmax, ymax) format. Use torchvision.ops.box_convert to convert them"
        )
    count = boxes.shape[0]
    if labels is None:
        labels = [None] * count
    elif len(labels) != count:
        raise ValueError(
            f"Number of boxes ({count}) and labels ({len(labels)}) mismatch. Please specify labels for each box."
        )
    colors = _parse_colors(colors, num_objects=count)
    text_colors, backgrounds = colors, [None] * count
    if fill_labels:
        text_colors = [(0, 0, 0)] * count
        given = label_background_colors
        backgrounds = colors if given is None else _parse_colors(given, num_objects=count)
    if label_colors is not None:
        text_colors = _parse_colors(label_colors, num_objects=count)

    Image = pillow("Drawing")
    from PIL import ImageDraw, ImageFont

    if font is None:
        if font_size is not None:
            warnings.warn("Argument 'font_size' will be ignored since 'font' is not set.")
        txt_font = ImageFont.load_default()
    else:
        txt_font = ImageFont.truetype(font=font, size=font_size or 10)

    pixels = _as_uint8(image.detach()).cpu()
    if pixels.shape[0] == 1:
        pixels = torch.cat([pixels] * 3)
    canvas = Image.fromarray(np.ascontiguousarray(pixels.numpy().transpose(1, 2, 0)))
    draw = ImageDraw.Draw(canvas, "RGBA") if fill else ImageDraw.Draw(canvas)
    rows = zip(boxes.to(torch.int64).tolist(), colors, labels, text_colors, backgrounds)
    for box, color, label, text_color, background in rows:
        draw.rectangle(box, width=width, outline=color, fill=color + (100,) if fill else None)
        if label is None:
            continue
        margin = width + 1
        at = (box[0] + margin, box[1] + margin)
        if background is not None:
            left, top, right, bottom = draw.textbbox(at, label, font=txt_font)
            draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=background)
        draw.text(at, label, fill=text_color, font=txt_font)
    return _like(to_tensor(np.asarray(canvas).transpose(2, 0, 1)), image)


# ---------------------------------------------------------------- masks
def draw_segmentation_masks(image, masks, alpha: float = 0.8, colors=None):
    """The RGB image (3, H, W) with bool masks (N, H, W) mixed in by `alpha`; black where they meet."""
    _require_tensor(image, "The image must be a tensor, got {}")
    _require_values(image)
    if image.dim() != 3:
        raise ValueError("Pass individual images, not batches")
    if image.shape[0] != 3:
        raise ValueError("Pass an RGB image. Other Image formats are not supported")
    if masks.ndim == 2:
        masks = masks[None, :, :]
    if masks.ndim != 3:
        raise ValueError("masks must be of shape (H, W) or (batch_size, H, W)")
    if masks.dtype != torch.bool:
        raise ValueError(f"The masks must be of dtype bool. Got {masks.dtype}")
    if masks.shape[-2:] != image.shape[-2:]:
        raise ValueError("The image and the masks must have the same height and width")
    count = masks.shape[0]
    over = masks.detach().cpu().numpy()
    if count == 0 or not over.any():
        warnings.warn("masks doesn't contain any mask. No mask was drawn" if count == 0 else "No mask was drawn")
        return image
    pixels = image.detach().cpu().numpy()
    painted = pixels.copy()
    scale = 1.0 if image.dtype == torch.uint8 else 1 / 255
    for mask, color in zip(over, _parse_colors(colors, num_objects=count)):
        value = np.array(color, np.float32) * np.float32(scale)
        painted[:, mask] = value.astype(pixels.dtype)[:, None]
    painted[:, over.sum(0) > 1] = 0  # where masks meet, black
    mixed = pixels * np.float32(1 - alpha) + painted * np.float32(alpha)
    return to_tensor(mixed.astype(pixels.dtype)).to(image.device)


# ---------------------------------------------------------------- keypoints
def draw_keypoints(image, keypoints, connectivity=None, colors=None, radius: int = 2, width: int = 3, visibility=None):
    """The RGB image (3, H, W) with keypoints (instances, K, 2) as dots, joined by lines as `connectivity` pairs say.

    `visibility` (instances, K) leaves out the points that are false.
    """
    _require_tensor(image, "The image must be a tensor, got {}")
    _require_values(image)
    if image.dim() != 3:
        raise ValueError("Pass individual images, not batches")
    if image.shape[0] != 3:
        raise ValueError("Pass an RGB image. Other Image formats are not supported")
    if keypoints.ndim != 3:
        raise ValueError("keypoints must be of shape (num_instances, K, 2)")
    if visibility is None:
        visibility = torch.ones(keypoints.shape[:-1], dtype=torch.bool)
    if visibility.ndim == 3:
        visibility = visibility.squeeze(-1)
    if visibility.ndim != 2:
        raise ValueError(f"visibility must be of shape (num_instances, K). Got ndim={visibility.ndim}")
    if visibility.shape != keypoints.shape[:-1]:
        raise ValueError(
            "keypoints and visibility must have the same dimensionality for num_instances and K. "
            f"Got {visibility.shape = } and {keypoints.shape = }".replace(" = ", "=")
        )
    Image = pillow("Drawing")
    from PIL import ImageDraw

    pixels = _as_uint8(image.detach()).cpu().numpy()
    canvas = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    draw = ImageDraw.Draw(canvas)
    for points, shown in zip(keypoints.to(torch.int64).tolist(), visibility.tolist()):
        for (x, y), visible in zip(points, shown):
            if visible:
                draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colors, outline=None, width=0)
        for start, end in connectivity or ():
            if shown[start] and shown[end]:
                draw.line((tuple(points[start]), tuple(points[end])), width=width)
    return _like(to_tensor(np.asarray(canvas).transpose(2, 0, 1)), image)


# ---------------------------------------------------------------- flow
def flow_to_image(flow):
    """Optical flow (2, H, W) or (N, 2, H, W), float, as uint8 RGB: the direction as hue, the length as saturation."""
    if flow.dtype != torch.float:
        raise ValueError(f"Flow should be of dtype torch.float, got {flow.dtype}.")
    if flow.ndim not in (3, 4) or flow.shape[-3] != 2:
        raise ValueError(f"Input flow should have shape (2, H, W) or (N, 2, H, W), got {flow.shape}.")
    moves = flow.detach().cpu().numpy()
    batch = moves if moves.ndim == 4 else moves[None]
    longest = np.sqrt((batch**2).sum(1)).max()
    shown = _flow_colours(batch / (longest + np.finfo(np.float32).eps))
    return to_tensor(shown if moves.ndim == 4 else shown[0]).to(flow.device)


def _flow_colours(flow: np.ndarray) -> np.ndarray:
    """uint8 (N, 3, H, W) of flow whose lengths are at most 1 (Baker et al., 2011)."""
    wheel = _wheel()
    length = np.sqrt((flow**2).sum(1))
    place = (np.arctan2(-flow[:, 1], -flow[:, 0]) / np.float32(np.pi) + 1) / 2 * np.float32(len(wheel) - 1)
    low = np.floor(place).astype(np.int64)
    high = np.where(low + 1 == len(wheel), 0, low + 1)
    over = place - low
    out = np.empty((len(flow), 3, *flow.shape[2:]), np.uint8)
    for c in range(3):
        colour = (1 - over) * (wheel[low, c] / np.float32(255)) + over * (wheel[high, c] / np.float32(255))
        out[:, c] = np.floor(255 * (1 - length * (1 - colour)))
    return out


def _make_colorwheel():
    """(55, 3) float tensor: the colours of the circle of directions."""
    return torch.from_numpy(_wheel())


def _wheel() -> np.ndarray:
    # Six ramps, each from one colour to the next: (steps, the channel kept at 255, the channel that moves, up or down)
    ramps = [(15, 0, 1, 1), (6, 1, 0, -1), (4, 1, 2, 1), (11, 2, 1, -1), (13, 2, 0, 1), (6, 0, 2, -1)]
    rows = []
    for steps, full, moving, way in ramps:
        part = np.zeros((steps, 3), np.float32)
        part[:, full] = 255
        ramp = np.floor(255 * np.arange(steps) / steps)
        part[:, moving] = ramp if way > 0 else 255 - ramp
        rows.append(part)
    return np.concatenate(rows)
