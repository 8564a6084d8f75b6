"""Samples into a batch: `default_collate` and `default_convert`."""

import collections.abc
import copy
import re

import numpy as np

import rushlight as torch

# NumPy dtypes that are no numbers: bytes, text, objects.
np_str_obj_array_pattern = re.compile(r"[SaUO]")

default_collate_err_msg_format = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)


def default_convert(data):
    """NumPy arrays and scalars anywhere in `data` as tensors; everything else as it is (tuples become lists)."""
    kind = type(data)
    if isinstance(data, torch.Tensor):
        return data
    if kind.__module__ == "numpy":
        if kind.__name__ == "ndarray" and np_str_obj_array_pattern.search(data.dtype.str) is not None:
            return data
        if kind.__name__ not in ("str_", "bytes_"):
            return torch.as_tensor(data)
        return data
    if isinstance(data, collections.abc.Mapping):
        return _like_mapping(data, {key: default_convert(data[key]) for key in data})
    if _is_namedtuple(data):
        return kind(*(default_convert(item) for item in data))
    if isinstance(data, tuple):
        return [default_convert(item) for item in data]
    if isinstance(data, collections.abc.Sequence) and not isinstance(data, (str, bytes)):
        return _like_sequence(data, [default_convert(item) for item in data])
    return data


def collate(batch, *, collate_fn_map=None):
    """Collate by the type of the first sample: `collate_fn_map` (type -> function), else by structure.

    Mappings and sequences are collated entry by entry, and keep their type where it lets them; tuples become
    lists. TypeError names a type that nothing is known for.
    """
    first = batch[0]
    kind = type(first)

    if collate_fn_map is not None:
        function = _function_for(first, collate_fn_map)
        if function is not None:
            return function(batch, collate_fn_map=collate_fn_map)

    if isinstance(first, collections.abc.Mapping):
        entries = {key: collate([sample[key] for sample in batch], collate_fn_map=collate_fn_map) for key in first}
        return _like_mapping(first, entries)
    if _is_namedtuple(first):
        return kind(*(collate(samples, collate_fn_map=collate_fn_map) for samples in zip(*batch)))
    if isinstance(first, collections.abc.Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [collate(samples, collate_fn_map=collate_fn_map) for samples in zip(*batch)]
        return columns if isinstance(first, tuple) else _like_sequence(first, columns)

    raise TypeError(default_collate_err_msg_format.format(kind))


def _function_for(sample, collate_fn_map):
    kind = type(sample)
    if kind in collate_fn_map:
        return collate_fn_map[kind]
    for registered, function in collate_fn_map.items():
        if isinstance(sample, registered):
            return function
    return None


def _is_namedtuple(data):
    return isinstance(data, tuple) and hasattr(data, "_fields")


def _like_mapping(model, entries):
    """`entries` in a mapping of the type of `model`, or in a dict if that type cannot be made so."""
    try:
        if isinstance(model, collections.abc.MutableMapping):
            # A copy keeps what the mapping holds beside its entries, as a defaultdict its factory.
            result = copy.copy(model)
            result.update(entries)
            return result
        return type(model)(entries)
    except TypeError:
        return entries


def _like_sequence(model, items):
    """`items` in a sequence of the type of `model`, or in a list if that type cannot be made so."""
    try:
        if isinstance(model, collections.abc.MutableSequence):
            result = copy.copy(model)
            for position, item in enumerate(items):
                result[position] = item
            return result
        return type(model)(items)
    except TypeError:
        return items


def collate_tensor_fn(batch, *, collate_fn_map=None):
    first = batch[0]
    if getattr(first, "is_nested", False):
        raise RuntimeError(
            "Batches of nested tensors are not currently supported by the default collate_fn; "
            "please provide a custom collate_fn to handle them appropriately."
        )
    if getattr(first, "is_sparse", False):
        raise RuntimeError(
            "Batches of sparse tensors are not currently supported by the default collate_fn; "
            "please provide a custom collate_fn to handle them appropriately."
        )
    return torch.stack(batch, 0)


def collate_numpy_array_fn(batch, *, collate_fn_map=None):
    first = batch[0]
    if np_str_obj_array_pattern.search(first.dtype.str) is not None:
        raise TypeError(default_collate_err_msg_format.format(first.dtype))
    if tensors_collate_by_default(collate_fn_map) and _stack_as_they_are(batch):
        return torch.from_numpy(np.stack(batch))
    return collate([torch.as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def _stack_as_they_are(batch):
    """Whether arrays are so alike and so plain that stacking them in NumPy is stacking their tensors."""
    first = batch[0]
    return first.dtype.isnative and all(
        type(array) is np.ndarray
        and array.dtype == first.dtype
        and array.shape == first.shape
        and array.flags.c_contiguous
        for array in batch
    )


def collate_numpy_scalar_fn(batch, *, collate_fn_map=None):
    return torch.as_tensor(batch)


def collate_float_fn(batch, *, collate_fn_map=None):
    return torch.tensor(batch, dtype=torch.float64)


def collate_int_fn(batch, *, collate_fn_map=None):
    return torch.tensor(batch)


def collate_str_fn(batch, *, collate_fn_map=None):
    return batch


# The order matters: a sample takes the first entry that it is an instance of (a bool is an int).
default_collate_fn_map = {
    torch.Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}

_ORIGINAL_MAP = dict(default_collate_fn_map)


def default_collate(batch):
    """A list of samples as one batch, with a new first dimension.

    Tensors and arrays are stacked; ints and floats become int64 and float64 tensors; text stays a list; mappings
    and sequences are collated entry by entry. New types are taught through `default_collate_fn_map`.
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def tensors_collate_by_default(collate_fn_map):
    return collate_fn_map is not None and collate_fn_map.get(torch.Tensor) is collate_tensor_fn


def is_unchanged():
    """Whether `default_collate` still does what it was written to: no program has changed its map."""
    return default_collate_fn_map == _ORIGINAL_MAP
