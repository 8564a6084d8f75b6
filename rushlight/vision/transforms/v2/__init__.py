"""Transforms of whole samples: images with their masks, boxes, key points and labels (torchvision.transforms.v2)."""

from rushlight.vision._lazy import lazy_names

_ROOMS = {
    "_auto_augment": "AugMix AutoAugment AutoAugmentPolicy RandAugment TrivialAugmentWide",
    "_color": (
        "ColorJitter Grayscale RandomAdjustSharpness RandomAutocontrast RandomChannelPermutation RandomEqualize "
        "RandomGrayscale RandomInvert RandomPhotometricDistort RandomPosterize RandomSolarize RGB"
    ),
    "_container": "Compose RandomApply RandomChoice RandomOrder",
    "_conversion": "ConvertImageDtype PILToTensor ToDtype ToImage ToPILImage ToPureTensor ToTensor",
    "_detection": "RandomIoUCrop RandomZoomOut SanitizeBoundingBoxes SanitizeKeyPoints",
    "_erasing": "JPEG RandomErasing",
    "_geometry": (
        "CenterCrop FiveCrop Pad RandomCrop RandomHorizontalFlip RandomResizedCrop RandomVerticalFlip TenCrop"
    ),
    "_meta": "ClampBoundingBoxes ClampKeyPoints ConvertBoundingBoxFormat SetClampingMode",
    "_misc": "GaussianBlur GaussianNoise Identity Lambda LinearTransformation Normalize UniformTemporalSubsample",
    "_mixing": "CutMix MixUp",
    "_samples": "check_type get_bounding_boxes get_keypoints has_all has_any query_chw query_size",
    "_sizes": "RandomResize RandomShortestSize Resize ScaleJitter",
    "_transform": "Transform",
    "_warps": "ElasticTransform RandomAffine RandomPerspective RandomRotation",
}
_places = {name: room for room, names in _ROOMS.items() for name in names.split()}

__getattr__, __dir__, __all__ = lazy_names(__name__, _places | {"InterpolationMode": "functional"})
