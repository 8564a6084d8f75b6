"""Automatic mixed precision (PyTorch's `torch.amp`): `autocast` chooses dtypes, `GradScaler` scales losses."""

from rushlight.amp.autocast_mode import autocast, custom_bwd, custom_fwd, is_autocast_available
from rushlight.amp.grad_scaler import GradScaler

__all__ = ["autocast", "custom_bwd", "custom_fwd", "is_autocast_available", "GradScaler"]
