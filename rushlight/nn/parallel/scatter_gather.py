"""Splitting arguments over devices along a dimension, and joining results."""
import rushlight as torch

__all__ = ["scatter", "scatter_kwargs", "gather"]


def _scatter_value(value, target_devices, dim):
    """A list with one part for each device (fewer, if there are fewer rows)."""
    if isinstance(value, torch.Tensor):
        parts = value.chunk(len(target_devices), dim)
        return [part.to(device) for part, device in zip(parts, target_devices)]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return [type(value)(*parts) for parts in _scatter_items(value, target_devices, dim)]
    if isinstance(value, tuple) and value:
        return list(_scatter_items(value, target_devices, dim))
    if isinstance(value, list) and value:
        return [list(parts) for parts in _scatter_items(value, target_devices, dim)]
    if isinstance(value, dict) and value:
        return [type(value)(pairs) for pairs in _scatter_items(value.items(), target_devices, dim)]
    return [value for _ in target_devices]


def _scatter_items(values, target_devices, dim):
    return zip(*(_scatter_value(value, target_devices, dim) for value in values))


def scatter(inputs, target_gpus, dim=0):
    """Split every tensor in `inputs` (nested tuples, lists, dicts) over the devices; other values are repeated."""
    return _scatter_value(inputs, target_gpus, dim)


def scatter_kwargs(inputs, kwargs, target_gpus, dim=0):
    """Positional and keyword arguments for each device."""
    scattered_inputs = scatter(inputs, target_gpus, dim) if inputs else []
    scattered_kwargs = scatter(kwargs, target_gpus, dim) if kwargs else []
    count = max(len(scattered_inputs), len(scattered_kwargs))
    scattered_inputs += [()] * (count - len(scattered_inputs))
    scattered_kwargs += [{}] * (count - len(scattered_kwargs))
    return tuple(scattered_inputs), tuple(scattered_kwargs)


def gather(outputs, target_device, dim=0):
    """Join results of several devices, tensor by tensor, on one device."""
    first = outputs[0]
    if isinstance(first, torch.Tensor):
        if first.dim() == 0 and dim == 0:
            outputs = [output.view(1) for output in outputs]
        return torch.cat([output.to(target_device) for output in outputs], dim)
    if first is None:
        return None
    if isinstance(first, dict):
        return type(first)((key, gather([output[key] for output in outputs], target_device, dim)) for key in first)
    if hasattr(first, "_fields"):
        return type(first)(*(gather(parts, target_device, dim) for parts in zip(*outputs)))
    return type(first)(gather(parts, target_device, dim) for parts in zip(*outputs))
