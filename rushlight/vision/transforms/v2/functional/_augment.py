"""Erasing, and the marks that JPEG leaves (torchvision.transforms.v2.functional)."""

import rushlight as torch
from rushlight.vision import tv_tensors
from rushlight.vision.transforms import functional as v1
from rushlight.vision.transforms.v2.functional._registry import (
    IMAGE_KINDS,
    add_kernel,
    functional,
    kernel_for,
    of_video,
)


@functional
def erase(inpt, i: int, j: int, h: int, w: int, v, inplace: bool = False):
    """With the rectangle of (h, w) from (i, j) on set to `v`."""
    return kernel_for(erase, inpt)(inpt, i=i, j=j, h=h, w=w, v=v, inplace=inplace)


def erase_image(image, i: int, j: int, h: int, w: int, v, inplace: bool = False):
    if isinstance(image, torch.Tensor):
        return v1.erase(image, i, j, h, w, v, inplace)
    return v1.to_pil_image(v1.erase(v1.pil_to_tensor(image), i, j, h, w, v, inplace), mode=image.mode)


@functional
def jpeg(image, quality: int):
    """As it looks after being saved as a JPEG of this quality, from 1 to 100."""
    return kernel_for(jpeg, image)(image, quality=quality)


def jpeg_image(image, quality: int):
    if not isinstance(image, torch.Tensor):
        return _through_jpeg(image, quality)
    if image.numel() == 0:
        return image
    from rushlight.vision.io import decode_jpeg, encode_jpeg

    pictures = image.reshape(-1, *image.shape[-3:])
    saved = [decode_jpeg(encode_jpeg(picture, quality)) for picture in pictures]
    return torch.stack(saved).reshape(image.shape)


def _through_jpeg(image, quality: int):
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    image.save(file, format="JPEG", quality=quality)
    return Image.open(file).copy()


erase_video, jpeg_video = of_video(erase_image), of_video(jpeg_image)
add_kernel(erase, erase_image, *IMAGE_KINDS, tv_tensors.Video)
add_kernel(jpeg, jpeg_image, tv_tensors.Image, torch.Tensor, tv_tensors.Video, "PIL")
