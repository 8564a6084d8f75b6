"""Transforms of images (torchvision.transforms); `v2` transforms whole samples."""

from rushlight.vision._lazy import lazy_names

_CLASSES = (
    "Compose ToTensor PILToTensor ConvertImageDtype ToPILImage Normalize Resize CenterCrop Pad Lambda RandomApply "
    "RandomChoice RandomOrder RandomCrop RandomHorizontalFlip RandomVerticalFlip RandomResizedCrop FiveCrop TenCrop "
    "LinearTransformation ColorJitter RandomRotation RandomAffine Grayscale RandomGrayscale RandomPerspective "
    "RandomErasing GaussianBlur InterpolationMode RandomInvert RandomPosterize RandomSolarize RandomAdjustSharpness "
    "RandomAutocontrast RandomEqualize ElasticTransform"
).split()
_POLICIES = ("AutoAugmentPolicy", "AutoAugment", "RandAugment", "TrivialAugmentWide", "AugMix")

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {name: "transforms" for name in _CLASSES} | {name: "autoaugment" for name in _POLICIES},
    ("functional", "v2"),
)
