"""Models that give every pixel a class: FCN, DeepLab v3, LR-ASPP (torchvision.models.segmentation)."""

from rushlight.vision.models.segmentation.deeplabv3 import *  # noqa: F403
from rushlight.vision.models.segmentation.fcn import *  # noqa: F403
from rushlight.vision.models.segmentation.lraspp import *  # noqa: F403
