"""Tensors as NumPy arrays and back, for memory that no other tensor shares.

The loader moves whole batches about; it does so in arrays, and its results are buffers that nothing is pending
on. NumPy has no bfloat16 (and PyTorch's `numpy()` refuses it), so such tensors travel as integers of their width.
"""

import numpy as np

import rushlight as torch


def to_array(tensor):
    """The values of a CPU tensor as an array that shares its memory, and the dtype it stands in for (or None)."""
    tensor = tensor.detach()
    try:
        return tensor.numpy(), None
    except TypeError:
        word = {1: torch.uint8, 2: torch.int16}[tensor.element_size()]
        return tensor.view(word).numpy(), tensor.dtype


def to_tensor(array, dtype=None):
    """The tensor of an array that its caller hands over; `dtype` as `to_array` gave it."""
    tensor = torch.from_numpy(array)
    return tensor if dtype is None else tensor.view(dtype)


def is_plain(tensor):
    """Whether a tensor is nothing but values in CPU memory, so that copying rows is all there is to indexing."""
    return type(tensor) is torch.Tensor and not tensor.requires_grad and tensor.device.type == "cpu"


def take_rows(tensors, indices):
    """[tensor[indices] for each], as `default_collate` gives for tuples of rows; NotImplemented if it may differ.

    `indices` are plain integers, at least one.
    """
    if not all(is_plain(tensor) for tensor in tensors):
        return NotImplemented
    rows = np.array(indices, dtype=np.intp)
    batch = []
    for tensor in tensors:
        array, dtype = to_array(tensor)
        try:
            taken = np.take(array, rows, axis=0)
        except IndexError:
            # Let the way by samples say which index it was.
            return NotImplemented
        batch.append(to_tensor(taken, dtype))
    return batch


def concatenate_rows(parts, order):
    """One batch of the batches `parts`, whose row k becomes row `order[k]`.

    Each part is a tensor or a list of such parts, all alike; NotImplemented otherwise.
    """
    if any(part is NotImplemented for part in parts):
        return NotImplemented
    if all(type(part) is list for part in parts):
        if len({len(part) for part in parts}) != 1:
            return NotImplemented
        columns = [concatenate_rows(list(column), order) for column in zip(*parts)]
        return NotImplemented if any(column is NotImplemented for column in columns) else columns
    if not all(type(part) is torch.Tensor and is_plain(part) for part in parts):
        return NotImplemented
    if len({(part.dtype, tuple(part.shape[1:])) for part in parts}) != 1:
        return NotImplemented

    converted = [to_array(part) for part in parts]
    first, dtype = converted[0]
    merged = np.empty((len(order), *first.shape[1:]), dtype=first.dtype)
    start = 0
    for array, _ in converted:
        merged[order[start : start + len(array)]] = array
        start += len(array)
    return to_tensor(merged, dtype)
