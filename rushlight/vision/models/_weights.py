"""How the models' files write down their published weights."""

from functools import partial

from rushlight.vision.models._api import Weights
from rushlight.vision.models._meta import _IMAGENET_CATEGORIES, _VOC_CATEGORIES
from rushlight.vision.transforms._presets import ImageClassification, SemanticSegmentation

_FILES = "https://download.pytorch.org/models/"
_REPOSITORY = "https://github.com/pytorch/vision/"
SWAG_LICENSE = "https://github.com/facebookresearch/SWAG/blob/main/LICENSE"


def imagenet(
    file: str,
    parameters: int,
    accuracy: tuple[float, float],
    gflops: float,
    megabytes: float,
    recipe: str,
    *,
    min_size: int = 1,
    crop_size: int = 224,
    categories: list[str] | None = _IMAGENET_CATEGORIES,
    license: str | None = None,
    **preset,
) -> Weights:
    """A classifier's weights, trained on ImageNet-1K.

    `file` is the name without .pth, `accuracy` the percentages right at the first and within five guesses, `recipe`
    where the training is described (a page, or one of torchvision's repository), `min_size` the least side of an
    image, `crop_size` and `preset` what `ImageClassification` is given.
    """
    first, five = accuracy
    metrics = {"ImageNet-1K": {"acc@1": first, "acc@5": five}}
    meta = _meta(parameters, metrics, gflops, megabytes, recipe, min_size, categories)
    if license is not None:
        meta["license"] = license
    return Weights(f"{_FILES}{file}.pth", partial(ImageClassification, crop_size=crop_size, **preset), meta)


def coco_with_voc_labels(
    file: str, parameters: int, accuracy: tuple[float, float], gflops: float, megabytes: float, recipe: str
) -> Weights:
    """A segmentation model's weights, trained on the part of COCO that has Pascal VOC's classes.

    `accuracy` is the mean IoU and the percentage of pixels right; the rest as for `imagenet`.
    """
    iou, pixels = accuracy
    metrics = {"COCO-val2017-VOC-labels": {"miou": iou, "pixel_acc": pixels}}
    meta = _meta(parameters, metrics, gflops, megabytes, recipe, 1, _VOC_CATEGORIES)
    return Weights(f"{_FILES}{file}.pth", partial(SemanticSegmentation, resize_size=520), meta)


def _meta(parameters, metrics, gflops, megabytes, recipe, min_size, categories) -> dict:
    return {
        "min_size": (min_size, min_size),
        "categories": categories,
        "num_params": parameters,
        "recipe": recipe if recipe.startswith("https://") else _REPOSITORY + recipe,
        "_metrics": metrics,
        "_ops": gflops,
        "_file_size": megabytes,
    }
