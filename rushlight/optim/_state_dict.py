"""Optimizer state as a dict of plain containers and tensors, and back: PyTorch's checkpoint layout."""

from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from itertools import chain

import rushlight as torch


def pack(state, param_groups):
    """Replace parameters by their running number, counted over the groups."""
    number_of = {}
    packed_groups = []
    for group in param_groups:
        for param in group["params"]:
            number_of.setdefault(id(param), len(number_of))
        packed = {key: value for key, value in group.items() if key != "params"}
        packed["params"] = [number_of[id(param)] for param in group["params"]]
        packed_groups.append(packed)
    packed_state = {
        (number_of[id(key)] if isinstance(key, torch.Tensor) else key): value for key, value in state.items()
    }
    return {"state": packed_state, "param_groups": packed_groups}


def unpack(state_dict, param_groups):
    """The inverse of `pack` for an optimizer that has `param_groups`: `{"state": ..., "param_groups": ...}`.

    Floating-point state takes the dtype and device of its parameter, except `step`, which stays as it is. Tensors
    that need no cast are not copied.
    """
    saved_groups = deepcopy(state_dict["param_groups"])
    if len(param_groups) != len(saved_groups):
        raise ValueError("loaded state dict has a different number of parameter groups")
    if any(len(own["params"]) != len(saved["params"]) for own, saved in zip(param_groups, saved_groups, strict=True)):
        raise ValueError(
            "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
        )

    saved_ids = chain.from_iterable(group["params"] for group in saved_groups)
    own_params = chain.from_iterable(group["params"] for group in param_groups)
    param_of = dict(zip(saved_ids, own_params, strict=True))
    group_of = {saved_id: group for group in saved_groups for saved_id in group["params"]}

    state = defaultdict(dict)
    for key, value in state_dict["state"].items():
        if key in param_of:
            wants_float_step = any(group_of[key].get(option) for option in ("capturable", "fused"))
            state[param_of[key]] = _cast(value, param_of[key], wants_float_step)
        else:
            state[key] = value

    groups = []
    for own, saved in zip(param_groups, saved_groups, strict=True):
        saved["params"] = own["params"]
        if "param_names" in own and "param_names" not in saved:
            saved["param_names"] = own["param_names"]
        groups.append(saved)
    return {"state": state, "param_groups": groups}


def _cast(value, param, wants_float_step, key=None):
    if isinstance(value, torch.Tensor):
        if key == "step":
            return value.to(dtype=torch.float32, device=param.device) if wants_float_step else value
        if param.is_floating_point():
            return value.to(dtype=param.dtype, device=param.device)
        return value.to(device=param.device)
    if isinstance(value, dict):
        return {name: _cast(entry, param, wants_float_step, name) for name, entry in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return type(value)(_cast(entry, param, wants_float_step) for entry in value)
    return value
