"""Both MobileNets under one name (torchvision.models.mobilenet)."""

from rushlight.vision.models.mobilenetv2 import *  # noqa: F403
from rushlight.vision.models.mobilenetv2 import __all__ as mv2_all
from rushlight.vision.models.mobilenetv3 import *  # noqa: F403
from rushlight.vision.models.mobilenetv3 import __all__ as mv3_all

__all__ = mv2_all + mv3_all
