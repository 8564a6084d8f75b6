"""Models under torchvision's names and with its parameter names, so that its weight files load (torchvision.models).

Everything is bound at once, not when first named: programs look architectures up in `models.__dict__`.
"""

from rushlight.vision.models.alexnet import *  # noqa: F403
from rushlight.vision.models.densenet import *  # noqa: F403
from rushlight.vision.models.resnet import *  # noqa: F403
from rushlight.vision.models.squeezenet import *  # noqa: F403
from rushlight.vision.models.vgg import *  # noqa: F403

from rushlight.vision.models import segmentation  # noqa: F401 isort: skip
from rushlight.vision.models._api import (  # noqa: F401
    Weights,
    WeightsEnum,
    get_model,
    get_model_builder,
    get_model_weights,
    get_weight,
    list_models,
)
