"""Transforms as functions, of PIL images and of tensors (..., C, H, W) (torchvision.transforms.functional)."""

from rushlight.vision.transforms._colour_functional import (  # noqa: F401
    adjust_brightness,
    adjust_contrast,
    adjust_gamma,
    adjust_hue,
    adjust_saturation,
    adjust_sharpness,
    autocontrast,
    equalize,
    erase,
    gaussian_blur,
    invert,
    posterize,
    rgb_to_grayscale,
    solarize,
    to_grayscale,
)
from rushlight.vision.transforms._conversion_functional import (  # noqa: F401
    _is_numpy,
    _is_numpy_image,
    _is_pil_image,
    convert_image_dtype,
    get_dimensions,
    get_image_num_channels,
    get_image_size,
    normalize,
    pil_to_tensor,
    to_pil_image,
    to_tensor,
)
from rushlight.vision.transforms._geometry_functional import (  # noqa: F401
    _compute_resized_output_size,
    _get_inverse_affine_matrix,
    _get_perspective_coeffs,
    affine,
    center_crop,
    crop,
    elastic_transform,
    five_crop,
    hflip,
    pad,
    perspective,
    resize,
    resized_crop,
    rotate,
    ten_crop,
    vflip,
)
from rushlight.vision.transforms._modes import (  # noqa: F401
    InterpolationMode,
    _interpolation_modes_from_int,
    pil_modes_mapping,
)

InterpolationMode.__module__ = __name__
