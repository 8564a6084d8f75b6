"""How pickled tensors are made again: the functions that checkpoints name (`torch._utils _rebuild_tensor_v2`).

`reduce_tensor` is the other direction, for `Tensor.__reduce_ex__`.
"""
import sys
from collections import OrderedDict

import rushlight as torch


# ---------------------------------------------------------------- from pickle
def _rebuild_tensor(storage, storage_offset, size, stride):
    """A tensor that views `storage`. `storage_offset` and `stride` count elements."""
    return _view(storage, storage.dtype, storage_offset, size, stride, False)


def _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None):
    """The same, with `requires_grad`. `backward_hooks` is always empty: hooks are not saved."""
    return _with_bits(_view(storage, storage.dtype, storage_offset, size, stride, requires_grad), metadata)


def _rebuild_tensor_v3(storage, storage_offset, size, stride, requires_grad, backward_hooks, dtype, metadata=None):
    """The same for the dtypes that have no storage class (uint16, ...): `storage` is untyped."""
    return _with_bits(_view(storage, dtype, storage_offset, size, stride, requires_grad), metadata)


def _view(storage, dtype, storage_offset, size, stride, requires_grad):
    from rushlight.tensor.storage_access import tensor_from_storage

    size, stride = tuple(size), tuple(stride)
    if storage_offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {storage_offset}")
    if any(extent < 0 for extent in size):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {list(size)}")
    if len(size) != len(stride):
        raise RuntimeError(f"mismatch in length of strides and shape: sizes={list(size)}, strides={list(stride)}")
    if any(step < 0 for step in stride):
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(size)} and strides={list(stride)}")
    _check_fits(storage.nbytes(), dtype.itemsize, storage_offset, size, stride)
    return tensor_from_storage(storage._handle_for(dtype), dtype, storage_offset, size, stride,
                               requires_grad=bool(requires_grad))


def _check_fits(nbytes: int, itemsize: int, storage_offset: int, size: tuple, stride: tuple) -> None:
    """A damaged or forged file must not make a tensor that reads beyond its storage."""
    if 0 in size:
        return
    last = storage_offset + sum((extent - 1) * step for extent, step in zip(size, stride))
    if (last + 1) * itemsize > nbytes:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {storage_offset}, and itemsize "
            f"{itemsize} requiring a storage size of {(last + 1) * itemsize} are out of bounds for storage of size "
            f"{nbytes}"
        )


def _with_bits(tensor, metadata):
    """PyTorch may save a conjugate or a negation as a bit beside the values; here it is carried out."""
    if metadata and metadata.get("conj"):
        tensor = tensor.conj().resolve_conj()
    if metadata and metadata.get("neg"):
        tensor = tensor.neg()
    return tensor


def _rebuild_parameter(data, requires_grad, backward_hooks):
    """A Parameter over the storage of `data`."""
    return torch.nn.Parameter(data, requires_grad)


def _rebuild_parameter_with_state(data, requires_grad, backward_hooks, state):
    """A Parameter with the Python attributes that it had."""
    return _set_state(torch.nn.Parameter(data, requires_grad), state)


def _rebuild_from_type_v2(func, new_type, args, state):
    """A tensor of a subclass, or one with Python attributes: `func(*args)` makes its data."""
    tensor = func(*args)
    if type(tensor) is not new_type:
        tensor = tensor.as_subclass(new_type)
    if getattr(new_type, "__setstate__", None) is not getattr(torch.Tensor, "__setstate__", None):
        tensor.__setstate__(state)
        return tensor
    return _set_state(tensor, state)


def _set_state(tensor, state):
    """Set attributes saved as a dict, or as (dict, slots)."""
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    for name, value in [*(attributes or {}).items(), *(slots or {}).items()]:
        setattr(tensor, name, value)
    return tensor


def _rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad):
    """A tensor without data."""
    tensor = torch.empty_strided(size, stride, dtype=dtype, device="meta")
    return tensor.requires_grad_(requires_grad)


def _rebuild_device_tensor_from_numpy(data, dtype, device, requires_grad):
    """A tensor of a device without storages (XLA), saved as an array; `device` is where it was, and may be gone."""
    return torch.from_numpy(data).to(dtype=dtype, device=device).requires_grad_(requires_grad)


def _refusal(name: str, kind: str):
    def refuse(*args, **kwargs):
        raise NotImplementedError(f"the checkpoint holds a {kind} tensor (torch._utils.{name}), and Rushlight has none")

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


_rebuild_sparse_tensor = _refusal("_rebuild_sparse_tensor", "sparse")
_rebuild_qtensor = _refusal("_rebuild_qtensor", "quantized")
_rebuild_nested_tensor = _refusal("_rebuild_nested_tensor", "nested")
_rebuild_wrapper_subclass = _refusal("_rebuild_wrapper_subclass", "wrapper subclass")
_rebuild_device_tensor_from_cpu_tensor = _refusal("_rebuild_device_tensor_from_cpu_tensor", "device")


# ---------------------------------------------------------------- to pickle
def reduce_tensor(tensor):
    """(function, arguments) from which pickle makes the tensor again, as `__reduce_ex__` gives.

    `save` writes the storage once, however many tensors view it; plain pickle puts its bytes into each.
    """
    from rushlight import storage as storages
    from rushlight.tensor.storage_access import storage_of, tensor_layout

    _take_names()
    _warn_of_hooks(tensor)
    dtype, storage_offset, size, stride = tensor_layout(tensor)
    untyped = storages.UntypedStorage._over(storage_of(tensor))
    where = (storage_offset, tuple(size), tuple(stride), tensor.requires_grad, OrderedDict())
    if dtype in storages.class_of_dtype():
        function, arguments = _rebuild_tensor_v2, (storages.TypedStorage._over(untyped, dtype), *where)
    else:
        function, arguments = _rebuild_tensor_v3, (untyped, *where, dtype)
    state = getattr(tensor, "__dict__", None)
    if type(tensor) is torch.Tensor and not state:
        return function, arguments
    return _rebuild_from_type_v2, (function, type(tensor), arguments, dict(state) if state else None)


def _warn_of_hooks(tensor) -> None:
    hooks = getattr(tensor, "_backward_hooks", None)
    for hook in hooks.values() if hooks else ():
        if not hasattr(hook, "__torch_unserializable__"):
            import warnings

            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, you can decorate the "
                "function with @torch.utils.hooks.unserializable_hook to suppress this warning",
                stacklevel=3,
            )


def _take_names() -> None:
    """Call the rebuilding functions `torch._utils...` where `torch` is Rushlight (`rushlight run`), so that what plain
    pickle writes there can be read by PyTorch; `rushlight._utils...` elsewhere. (`save` writes PyTorch's names always.)
    """
    from rushlight import storage

    root = "torch" if sys.modules.get("torch") is torch else "rushlight"
    if _rebuild_tensor_v2.__module__ != root + "._utils":
        for function in _REBUILDERS:
            function.__module__ = root + "._utils"
        _rebuild_from_type_v2.__module__ = root + "._tensor"
        storage._load_from_bytes.__module__ = root + ".storage"


_REBUILDERS = (_rebuild_tensor, _rebuild_tensor_v2, _rebuild_tensor_v3, _rebuild_parameter,
               _rebuild_parameter_with_state, _rebuild_meta_tensor_no_storage)
_rebuild_from_type_v2.__module__ = "rushlight._tensor"
_take_names()
