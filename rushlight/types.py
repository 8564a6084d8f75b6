"""Names for annotations. Source: torch.types."""
from typing import Any, Sequence, Union

import rushlight as _torch

Tensor = _torch.Tensor
Size = _torch.Size
Number = Union[int, float, bool]
Device = Union[_torch.device, str, int, None]
_TensorOrTensors = Union[Tensor, Sequence[Tensor]]
_dtype = _torch.dtype
_device = _torch.device
_size = Union[Size, list, tuple]
_int, _float, _bool, _complex = int, float, bool, complex
FileLike = Any
IntLikeType, FloatLikeType, BoolLikeType = int, float, bool
