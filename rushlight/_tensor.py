"""`torch._tensor`: the name that checkpoints use for tensors with attributes or of a subclass."""
from rushlight._utils import _rebuild_from_type_v2  # noqa: F401
