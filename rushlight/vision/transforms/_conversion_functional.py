"""Between PIL images, arrays and tensors, and between value types (transforms.functional)."""

import sys

import numpy as np

import rushlight as torch
from rushlight.vision import _arrays
from rushlight.vision._pillow import image_from_array, is_pil
from rushlight.vision.transforms import _functional_pil as pil


def is_tensor(image) -> bool:
    return isinstance(image, torch.Tensor)


def require_image_tensor(image) -> None:
    if image.ndim < 2:
        raise TypeError("Tensor is not a torch image.")


def require_channels(image, permitted) -> None:
    channels = get_dimensions(image)[0]
    if channels not in permitted:
        raise TypeError(f"Input image tensor permitted channel values are {permitted}, but found {channels}")


def _unexpected(image) -> TypeError:
    return TypeError(f"Unexpected type {type(image)}")


def get_dimensions(img) -> list[int]:
    """[channels, height, width] of a PIL image or image tensor."""
    if is_tensor(img):
        require_image_tensor(img)
        return [1 if img.ndim == 2 else img.shape[-3], *img.shape[-2:]]
    if is_pil(img):
        return pil.dimensions(img)
    raise _unexpected(img)


def get_image_size(img) -> list[int]:
    """[width, height] of a PIL image or image tensor."""
    _, height, width = get_dimensions(img)
    return [width, height]


def get_image_num_channels(img) -> int:
    """The number of channels of a PIL image or image tensor."""
    return get_dimensions(img)[0]


def _is_pil_image(img) -> bool:
    return is_pil(img)


def _is_numpy(img) -> bool:
    return isinstance(img, np.ndarray)


def _is_numpy_image(img) -> bool:
    return img.ndim in {2, 3}


# ---------------------------------------------------------------- to tensors
_PIL_DTYPES = {"I": np.int32, "I;16" if sys.byteorder == "little" else "I;16B": np.int16, "F": np.float32}


def to_tensor(pic):
    """A PIL image or array (H, W, C) as a float tensor (C, H, W); 8-bit values divided by 255, others kept."""
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        pixels = pic[:, :, None] if pic.ndim == 2 else pic
    elif is_pil(pic):
        if pic.mode in _PIL_DTYPES:
            pixels = np.array(pic, _PIL_DTYPES[pic.mode], copy=True)
        else:
            pixels = np.asarray(pic)
            if pic.mode == "1":
                pixels = 255 * pixels.astype(np.uint8)
        pixels = pixels.reshape(pic.size[1], pic.size[0], len(pic.getbands()))
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    planes = pixels.transpose(2, 0, 1)
    if planes.dtype != np.uint8:
        return _arrays.to_tensor(planes)
    dtype = torch.get_default_dtype()
    if dtype in (torch.float32, torch.float64):
        kind = np.float32 if dtype == torch.float32 else np.float64
        out = np.empty(planes.shape, kind)
        np.divide(planes, kind(255), out=out)
        return torch.from_numpy(out)
    return _arrays.to_tensor(planes).to(dtype).div(255)


def pil_to_tensor(pic):
    """A PIL image as a tensor (C, H, W) of its own type, its values kept."""
    if not is_pil(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    pixels = np.array(pic, copy=True)
    pixels = pixels.reshape(pic.size[1], pic.size[0], len(pic.getbands()))
    return _arrays.to_tensor(pixels.transpose(2, 0, 1))


# ---------------------------------------------------------------- to PIL images
# The modes that arrays of so many channels may become; the first is the usual one.
_MODES_OF = {2: ["LA"], 3: ["RGB", "YCbCr", "HSV"], 4: ["RGBA", "CMYK", "RGBX"]}
_MODE_OF_PLANE = {"uint8": "L", "int16": "I;16" if sys.byteorder == "little" else "I;16B", "int32": "I",
                  "float32": "F"}  # fmt: skip


def to_pil_image(pic, mode: str | None = None):
    """A tensor (C, H, W) or array (H, W, C) as a PIL image; floats in [0, 1] become 8 bits unless `mode` is 'F'."""
    if is_tensor(pic):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        pixels = (pic[None] if pic.ndim == 2 else pic).detach()
        if pixels.shape[0] > 4:
            raise ValueError(f"pic should not have > 4 channels. Got {pixels.shape[0]} channels.")
        pixels = pixels.cpu()
        if pixels.dtype == torch.bfloat16:
            pixels = pixels.float()
        pixels = pixels.numpy().transpose(1, 2, 0)
        if pixels.dtype.kind == "f" and mode != "F":
            # torch wraps floats that do not fit into 8 bits by way of int64; so does this
            pixels = (pixels * pixels.dtype.type(255)).astype(np.int64).astype(np.uint8)
    elif isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        pixels = pic[:, :, None] if pic.ndim == 2 else pic
        if pixels.shape[-1] > 4:
            raise ValueError(f"pic should not have > 4 channels. Got {pixels.shape[-1]} channels.")
        if pixels.dtype.kind == "f" and mode != "F":
            pixels = (pixels * 255).astype(np.int64).astype(np.uint8)
    else:
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    return image_from_array(*_with_mode(np.ascontiguousarray(pixels), mode))


def _with_mode(pixels: np.ndarray, mode: str | None):
    """(the array as Pillow takes it, the mode it becomes)."""
    channels = pixels.shape[2]
    if channels == 1:
        pixels = pixels[:, :, 0]
        usual = _MODE_OF_PLANE.get(pixels.dtype.name)
        if mode is not None and mode != usual:
            raise ValueError(
                f"Incorrect mode ({mode}) supplied for input type {np.dtype}. Should be {usual}"
            )
        mode = usual
    else:
        permitted = _MODES_OF[channels]
        if mode is not None and mode not in permitted:
            raise ValueError(f"Only modes {permitted} are supported for {channels}D inputs")
        if mode is None and pixels.dtype == np.uint8:
            mode = permitted[0]
    if mode is None:
        raise TypeError(f"Input type {pixels.dtype} is not supported")
    return pixels, mode


# ---------------------------------------------------------------- value types
def convert_image_dtype(image, dtype=None):
    """The image tensor in another type, its values scaled to the new range. The default is float32."""
    dtype = torch.float32 if dtype is None else dtype
    if not is_tensor(image):
        raise TypeError("Input img should be Tensor Image")
    if image.dtype == dtype:
        return image
    top, wanted = (_arrays.top_value_of(kind) for kind in (image.dtype, dtype))
    if image.dtype.is_floating_point:
        if dtype.is_floating_point:
            return image.to(dtype)
        wide = (torch.int32, torch.int64) if image.dtype == torch.float32 else (torch.int64,)
        if image.dtype in (torch.float32, torch.float64) and dtype in wide:
            raise RuntimeError(f"The cast from {image.dtype} to {dtype} cannot be performed safely.")
        # 1 becomes the largest value, and every value an equal share of [0, 1]
        return image.mul(wanted + 1.0 - 1e-3).to(dtype)
    if dtype.is_floating_point:
        return image.to(dtype) / top
    if top > wanted:
        factor = (top + 1) // (wanted + 1)
        return torch.div(image, factor, rounding_mode="floor").to(dtype)
    return image.to(dtype) * ((wanted + 1) // (top + 1))


def normalize(tensor, mean, std, inplace: bool = False):
    """(tensor - mean) / std by channel, of a float image tensor (..., C, H, W)."""
    if not is_tensor(tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    if not tensor.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(
            f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tensor.size()}"
        )
    if not inplace and _arrays.is_plain(tensor) and tensor.dtype in (torch.float32, torch.float64):
        array = tensor.numpy()
        mean_, std_ = (_by_channel(value, array.dtype) for value in (mean, std))
        fits = all(v.shape[0] in (1, array.shape[-3]) for v in (mean_, std_))
        if fits and std_.all():
            out = array - mean_
            out /= std_
            return torch.from_numpy(out)
    dtype, device = tensor.dtype, tensor.device
    mean, std = (torch.as_tensor(value, dtype=dtype, device=device) for value in (mean, std))
    if (std == 0).any():
        raise ValueError(f"std evaluated to zero after conversion to {dtype}, leading to division by zero.")
    mean, std = (value.view(-1, 1, 1) if value.ndim == 1 else value for value in (mean, std))
    out = tensor if inplace else tensor.clone()
    return out.sub_(mean).div_(std)


def _by_channel(value, dtype) -> np.ndarray:
    if is_tensor(value):
        value = value.detach().cpu().numpy()
    return np.asarray(value, dtype).reshape(-1, 1, 1)
