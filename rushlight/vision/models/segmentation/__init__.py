"""Models that give every pixel a class: FCN, DeepLab v3, LR-ASPP."""

from rushlight.vision.models.segmentation.fcn import *  # noqa: F403
