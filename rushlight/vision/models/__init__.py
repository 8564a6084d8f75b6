"""Models under torchvision's names and with its parameter names, so that its weight files load (torchvision.models).

Everything is bound at once, not when first named: programs look architectures up in `models.__dict__`.
"""

from rushlight.vision.models.alexnet import *  # noqa: F403
from rushlight.vision.models.convnext import *  # noqa: F403
from rushlight.vision.models.densenet import *  # noqa: F403
from rushlight.vision.models.efficientnet import *  # noqa: F403
from rushlight.vision.models.googlenet import *  # noqa: F403
from rushlight.vision.models.inception import *  # noqa: F403
from rushlight.vision.models.mnasnet import *  # noqa: F403
from rushlight.vision.models.mobilenet import *  # noqa: F403
from rushlight.vision.models.regnet import *  # noqa: F403
from rushlight.vision.models.resnet import *  # noqa: F403
from rushlight.vision.models.shufflenetv2 import *  # noqa: F403
from rushlight.vision.models.squeezenet import *  # noqa: F403
from rushlight.vision.models.vgg import *  # noqa: F403
from rushlight.vision.models.vision_transformer import *  # noqa: F403

from rushlight.vision.models import detection, feature_extraction, segmentation  # noqa: F401 isort: skip
from rushlight.vision.models._api import (  # noqa: F401
    Weights,
    WeightsEnum,
    get_model,
    get_model_builder,
    get_model_weights,
    get_weight,
    list_models,
)

# what torchvision has and Rushlight does not yet, so that the error can say so
_MISSING = ("quantization", "video", "optical_flow", "swin", "Swin", "maxvit", "MaxVit")


def __getattr__(name):
    if name.startswith(_MISSING):
        raise AttributeError(f"torchvision.models.{name} is not part of Rushlight's vision package yet")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
