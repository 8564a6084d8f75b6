"""vision.utils and vision.io: grids, files, drawing, coding; against torchvision and by known answers."""
import io

import numpy as np
import pytest
from PIL import Image

import rushlight as torch
from rushlight import vision

from .conftest import picture, same, values

IMAGE = picture().transpose(2, 0, 1).copy()
BOXES = np.array([[1, 2, 20, 12], [5.4, 5, 30, 28], [30, 20, 44, 36]], np.float32)
MASKS = np.zeros((3, 37, 46), bool)
MASKS[0, :20, 3:30] = MASKS[1, 10:30, 20:40] = MASKS[2, 15:18] = True
POINTS = np.array([[[5, 5], [20, 12], [40, 30]], [[3, 30], [10, 20], [30, 8]]], np.float32)
FLOW = np.stack([np.sin(np.arange(20).reshape(4, 5)), np.cos(np.arange(20).reshape(4, 5) * 2)]).astype(np.float32)
BATCH = (np.arange(5 * 3 * 4 * 6).reshape(5, 3, 4, 6) / 360).astype(np.float32)

CALLS = [
    "U.make_grid(t(BATCH))", "U.make_grid(t(BATCH), nrow=2, padding=1, pad_value=0.5)", "U.make_grid(t(BATCH), normalize=True)",
    "U.make_grid(t(BATCH), normalize=True, scale_each=True)", "U.make_grid(t(BATCH), normalize=True, value_range=(0.1, 0.5))",
    "U.make_grid(t(BATCH[:, :1]))", "U.make_grid(t(BATCH[0]))", "U.make_grid(t(BATCH[0, :1]))", "U.make_grid(t(BATCH[0, 0]))", "U.make_grid(t(BATCH[:1]))",
    "U.make_grid([t(x) for x in BATCH], 3)", "U.make_grid(t(IMAGE)[None].expand(3, 3, 37, 46), padding=0)", "U.make_grid(3)", "U.make_grid([3])",
    "U.make_grid(t(BATCH), normalize=True, value_range=3)", "U.make_grid((t(BATCH),))",
    "U.draw_bounding_boxes(t(IMAGE), t(BOXES))", "U.draw_bounding_boxes(t(IMAGE), t(BOXES), colors='red', width=3)",
    "U.draw_bounding_boxes(t(IMAGE), t(BOXES), colors=['red', (1, 2, 3), '#0f0'], fill=True)", "U.draw_bounding_boxes(t(IMAGE[:1].copy()), t(BOXES), colors=(9, 200, 30))",
    "U.draw_bounding_boxes(t(IMAGE), t(BOXES), labels=['a', None, 'long'], width=2)", "U.draw_bounding_boxes(t(IMAGE) / 255, t(BOXES), labels=list('abc'))",
    "U.draw_bounding_boxes(t(IMAGE), t(BOXES), labels=list('abc'), fill_labels=True)", "U.draw_bounding_boxes(t(IMAGE), t(BOXES), labels=list('abc'), label_colors='blue', label_background_colors=['red', 'green', 'white'], fill=True)",
    "U.draw_bounding_boxes(3, t(BOXES))", "U.draw_bounding_boxes(t(IMAGE)[None], t(BOXES))", "U.draw_bounding_boxes(t(IMAGE[:2].copy()), t(BOXES))", "U.draw_bounding_boxes(t(IMAGE).int(), t(BOXES))",
    "U.draw_bounding_boxes(t(IMAGE), t(BOXES[:, ::-1].copy()))", "U.draw_bounding_boxes(t(IMAGE), t(BOXES), labels=['a'])", "U.draw_bounding_boxes(t(IMAGE), t(BOXES), colors=['red'])",
    "U.draw_bounding_boxes(t(IMAGE), t(BOXES), colors=3)", "U.draw_bounding_boxes(t(IMAGE), t(BOXES), colors=(1, 2))", "U.draw_bounding_boxes(t(IMAGE), t(BOXES[:0].copy()))",
    "U.draw_segmentation_masks(t(IMAGE), t(MASKS))", "U.draw_segmentation_masks(t(IMAGE), t(MASKS), 0.3, ['red', 'blue', (9, 8, 7)])", "U.draw_segmentation_masks(t(IMAGE) / 255, t(MASKS[0].copy()), colors='yellow')",
    "U.draw_segmentation_masks(t(IMAGE), t(np.zeros_like(MASKS)))", "U.draw_segmentation_masks(3, t(MASKS))", "U.draw_segmentation_masks(t(IMAGE)[None], t(MASKS))", "U.draw_segmentation_masks(t(IMAGE[:1].copy()), t(MASKS))",
    "U.draw_segmentation_masks(t(IMAGE).int(), t(MASKS))", "U.draw_segmentation_masks(t(IMAGE), t(MASKS).int())", "U.draw_segmentation_masks(t(IMAGE), t(MASKS[:, :3].copy()))", "U.draw_segmentation_masks(t(IMAGE), t(MASKS)[None])",
    "U.draw_segmentation_masks(t(IMAGE), t(MASKS), colors=['red'])",
    "U.draw_keypoints(t(IMAGE), t(POINTS))", "U.draw_keypoints(t(IMAGE), t(POINTS), [(0, 1), (1, 2)], 'red', 3, 2)", "U.draw_keypoints(t(IMAGE) / 255, t(POINTS), colors=(1, 200, 3))",
    "U.draw_keypoints(t(IMAGE), t(POINTS), [(0, 1), (1, 2)], 'blue', visibility=t(np.array([[1, 0, 1], [1, 1, 0]], bool)))", "U.draw_keypoints(3, t(POINTS))", "U.draw_keypoints(t(IMAGE)[None], t(POINTS))",
    "U.draw_keypoints(t(IMAGE[:2].copy()), t(POINTS))", "U.draw_keypoints(t(IMAGE), t(POINTS[0].copy()))", "U.draw_keypoints(t(IMAGE), t(POINTS), visibility=t(MASKS[:, 0].copy()))", "U.draw_keypoints(t(IMAGE), t(POINTS), visibility=t(MASKS[0, 0].copy()))",
    "U.flow_to_image(t(FLOW))", "U.flow_to_image(t(np.stack([FLOW, FLOW * 3])))", "U.flow_to_image(t(FLOW).double())", "U.flow_to_image(t(FLOW[0].copy()))", "U.flow_to_image(t(BATCH))",
]  # fmt: skip


@pytest.mark.parametrize("text", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_utils(both, text):
    def call(side):
        return eval(text, globals() | {"U": side.vision.utils, "t": side.torch.from_numpy})

    both.agree(call, at=text)


def test_warnings_of_drawing(both):
    def call(side):
        with pytest.warns() as seen:
            t, U = side.torch.from_numpy, side.vision.utils
            U.draw_bounding_boxes(t(IMAGE), t(BOXES[:0].copy()))
            U.draw_bounding_boxes(t(IMAGE), t(BOXES), font_size=3)
            U.draw_segmentation_masks(t(IMAGE), t(MASKS[:0].copy()))
        return [str(w.message) for w in seen]

    both.agree(call)


def test_save_image(tmp_path, both):
    def call(side):
        side.vision.utils.save_image(side.torch.from_numpy(BATCH), tmp_path / "a.png", nrow=2, padding=1)
        buffer = io.BytesIO()
        side.vision.utils.save_image([side.torch.from_numpy(BATCH[0])], buffer, format="png")
        buffer.seek(0)
        return Image.open(tmp_path / "a.png"), Image.open(buffer)

    both.agree(call)


# ---------------------------------------------------------------- io: torchvision's own is compiled, so known answers
def tensor_of(image):
    pixels = np.asarray(image)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp"])
def test_read_image(tmp_path, suffix):
    path = str(tmp_path / f"a.{suffix}")
    Image.fromarray(picture()).save(path)
    Mode = vision.io.ImageReadMode
    read = vision.io.read_image(path)
    assert read.dtype == torch.uint8
    np.testing.assert_array_equal(read.numpy(), tensor_of(Image.open(path)))
    np.testing.assert_array_equal(vision.io.decode_image(path, "RGB_ALPHA").numpy(), tensor_of(Image.open(path).convert("RGBA")))
    assert vision.io.read_image(path, Mode.GRAY).shape == (1, 37, 46)
    assert vision.io.read_image(path, mode=Mode.GRAY_ALPHA).shape == (2, 37, 46)
    if suffix == "png":
        np.testing.assert_array_equal(read.numpy(), IMAGE)


def test_read_modes_of_files(tmp_path):
    palette = Image.fromarray(picture()).quantize(8)
    palette.save(tmp_path / "p.png")
    np.testing.assert_array_equal(vision.io.read_image(str(tmp_path / "p.png")).numpy(), tensor_of(palette.convert("RGB")))
    Image.fromarray(picture(channels=1).astype(np.uint16) * 257).save(tmp_path / "deep.png")
    deep = vision.io.read_image(str(tmp_path / "deep.png"))
    assert deep.dtype == torch.uint16
    np.testing.assert_array_equal(deep.numpy()[0], picture(channels=1).astype(np.uint16) * 257)
    frames = [Image.fromarray(picture(seed=k)).quantize(32) for k in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert vision.io.read_image(str(tmp_path / "a.gif")).shape == (3, 3, 37, 46)
    frames[0].save(tmp_path / "one.gif")
    assert vision.io.decode_gif(vision.io.read_file(str(tmp_path / "one.gif"))).shape == (3, 37, 46)
    exif = Image.Exif()
    exif[0x0112] = 6  # lying on its side
    Image.fromarray(picture()).save(tmp_path / "turned.jpg", exif=exif)
    assert vision.io.read_image(str(tmp_path / "turned.jpg")).shape == (3, 37, 46)
    assert vision.io.read_image(str(tmp_path / "turned.jpg"), apply_exif_orientation=True).shape == (3, 46, 37)


def test_write_and_encode(tmp_path):
    image = torch.from_numpy(IMAGE)
    vision.io.write_png(image, str(tmp_path / "a.png"), 9)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), picture())
    coded = vision.io.encode_jpeg(image, 90)
    assert coded.dtype == torch.uint8 and coded.dim() == 1
    vision.io.write_file(str(tmp_path / "a.jpg"), coded)
    assert vision.io.read_file(str(tmp_path / "a.jpg")).tolist() == coded.tolist()
    decoded = vision.io.decode_jpeg([coded, coded])
    assert len(decoded) == 2 and (decoded[0].float() - image.float()).abs().mean().item() < 15
    assert vision.io.decode_png(vision.io.encode_png(image[:1])).shape == (1, 37, 46)


def test_io_errors(tmp_path):
    with pytest.raises(RuntimeError, match="No such file or directory: '.*nope.png'"):
        vision.io.read_image(str(tmp_path / "nope.png"))
    with pytest.raises(RuntimeError, match="cannot decode an image"):
        vision.io.decode_image(torch.zeros(100, dtype=torch.uint8))
    png = vision.io.encode_png(torch.from_numpy(IMAGE))
    with pytest.raises(RuntimeError, match="cannot decode a JPEG image"):
        vision.io.decode_jpeg(png)
    with pytest.raises(RuntimeError, match="cannot decode an image"):
        vision.io.decode_image(png[:300])
    with pytest.raises(ValueError, match="between 1 and 100"):
        vision.io.encode_jpeg(torch.from_numpy(IMAGE), 0)
    with pytest.raises(RuntimeError, match="dtype should be uint8"):
        vision.io.encode_png(torch.zeros(3, 4, 4))
    with pytest.raises(RuntimeError, match="should be 1 or 3, got: 2"):
        vision.io.encode_png(torch.zeros(2, 4, 4, dtype=torch.uint8))
    with pytest.raises(RuntimeError, match="one dimensional"):
        vision.io.decode_image(torch.zeros(3, 3, dtype=torch.uint8))
