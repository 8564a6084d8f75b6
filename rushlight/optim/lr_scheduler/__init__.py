"""Learning-rate schedules (PyTorch's `torch.optim.lr_scheduler`).

`_base` is what they share; `_simple` are functions of the epoch, `_cyclic` come back, `_compose` are made of others,
`_plateau` looks at a metric.
"""

from rushlight.optim.lr_scheduler._base import (
    EPOCH_DEPRECATION_WARNING as EPOCH_DEPRECATION_WARNING,
)
from rushlight.optim.lr_scheduler._base import (
    LRScheduler,
    _format_param,
    _is_tensor,
    _LRScheduler,
)
from rushlight.optim.lr_scheduler._compose import ChainedScheduler, SequentialLR
from rushlight.optim.lr_scheduler._cyclic import CosineAnnealingWarmRestarts, CyclicLR
from rushlight.optim.lr_scheduler._one_cycle import OneCycleLR
from rushlight.optim.lr_scheduler._plateau import ReduceLROnPlateau
from rushlight.optim.lr_scheduler._simple import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)

__all__ = [
    "LambdaLR",
    "MultiplicativeLR",
    "StepLR",
    "MultiStepLR",
    "ConstantLR",
    "LinearLR",
    "ExponentialLR",
    "SequentialLR",
    "CosineAnnealingLR",
    "ChainedScheduler",
    "ReduceLROnPlateau",
    "CyclicLR",
    "CosineAnnealingWarmRestarts",
    "OneCycleLR",
    "PolynomialLR",
    "LRScheduler",
]

# A pickled schedule names this module, as PyTorch's does, not the file that holds the class.
for _name in [*__all__, "_LRScheduler"]:
    globals()[_name].__module__ = __name__
del _name
