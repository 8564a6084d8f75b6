"""The transforms that go with published weights: from an image to what the model was trained on."""

import rushlight as torch
from rushlight.vision.transforms import functional as F
from rushlight.vision.transforms.functional import InterpolationMode

__all__ = ["ImageClassification", "SemanticSegmentation"]

_MEAN = (0.485, 0.456, 0.406)  # of ImageNet's red, green and blue
_STD = (0.229, 0.224, 0.225)


def _normalised(image, mean, std):
    """A PIL image, or a tensor (..., C, H, W) of any number type, as floats less their mean, over their spread."""
    if not isinstance(image, torch.Tensor):
        image = F.pil_to_tensor(image)
    return F.normalize(F.convert_image_dtype(image, torch.float), mean=mean, std=std)


class ImageClassification(torch.nn.Module):
    """Resize the shorter side to `resize_size`, take the middle square of `crop_size`, scale to [0, 1], normalise."""

    def __init__(
        self,
        *,
        crop_size: int,
        resize_size: int = 256,
        mean: tuple[float, ...] = _MEAN,
        std: tuple[float, ...] = _STD,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.crop_size = [crop_size]
        self.resize_size = [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img):
        img = F.resize(img, self.resize_size, interpolation=self.interpolation, antialias=self.antialias)
        return _normalised(F.center_crop(img, self.crop_size), self.mean, self.std)

    def __repr__(self) -> str:
        return _shown(self, "crop_size", "resize_size", "mean", "std", "interpolation")

    def describe(self) -> str:
        return (
            f"PIL images, and tensors (..., C, H, W) of one image or a batch: resized to {self.resize_size} with "
            f"{self.interpolation}, cropped to the middle {self.crop_size}, scaled to [0.0, 1.0], and normalised "
            f"with mean {self.mean} and std {self.std}."
        )


class SemanticSegmentation(torch.nn.Module):
    """Resize the shorter side to `resize_size` unless that is None, scale to [0, 1], normalise."""

    def __init__(
        self,
        *,
        resize_size: int | None,
        mean: tuple[float, ...] = _MEAN,
        std: tuple[float, ...] = _STD,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.resize_size = None if resize_size is None else [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img):
        if isinstance(self.resize_size, list):
            img = F.resize(img, self.resize_size, interpolation=self.interpolation, antialias=self.antialias)
        return _normalised(img, self.mean, self.std)

    def __repr__(self) -> str:
        return _shown(self, "resize_size", "mean", "std", "interpolation")

    def describe(self) -> str:
        return (
            f"PIL images, and tensors (..., C, H, W) of one image or a batch: resized to {self.resize_size} with "
            f"{self.interpolation}, scaled to [0.0, 1.0], and normalised with mean {self.mean} and std {self.std}."
        )


def _shown(preset, *names) -> str:
    lines = [f"    {name}={getattr(preset, name)}" for name in names]
    return "\n".join([f"{type(preset).__name__}(", *lines, ")"])
