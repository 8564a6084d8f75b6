"""`Optimizer`: parameter groups, state, hooks, and what happens around every `step()`.

An algorithm is a subclass. The built-in ones give `_init_state` (what is kept for a parameter) and `_update_group`
(the formula); `_run` and `_ready` below walk groups and parameters for them. A program's own subclass gives `step`
and uses `self.state` and `self.param_groups`, as in PyTorch.
"""

from collections import OrderedDict, defaultdict
from functools import wraps

import rushlight as torch
from rushlight.optim import _state_dict
from rushlight.optim._hooks import (
    hooked,
    register,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from rushlight.optim._scalars import ScalarRecord, scalar_tensor

__all__ = ["Optimizer", "register_optimizer_step_pre_hook", "register_optimizer_step_post_hook"]


class _RequiredParameter:
    """The type of `required`, a default that says: every group must give this option."""

    def __repr__(self):
        return "<required parameter>"


required = _RequiredParameter()


def _use_grad_for_differentiable(step):
    """Decorator of `step`: gradients are recorded only if the optimizer was made with `differentiable=True`."""

    @wraps(step)
    def step_in_grad_mode(self, *args, **kwargs):
        with torch.set_grad_enabled(self.defaults.get("differentiable", False)):
            return step(self, *args, **kwargs)

    return step_in_grad_mode


def _typename(value):
    if isinstance(value, torch.Tensor):
        return value.type()
    kind = type(value)
    if kind.__module__ in ("builtins", "", None):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


class Optimizer:
    """Base class of all optimizers.

    Args:
        params: tensors, (name, tensor) pairs, or dicts with a key `params` and options of their own.
        defaults: the options of groups that do not set them.

    Raises ValueError for no parameters, a parameter in two groups, or a tensor that is not a leaf; TypeError for
    anything that is not a tensor.
    """

    # Names of the 0-d entries of a parameter's state whose values `ScalarRecord` keeps in Python.
    _scalar_names = ()
    # Options that older checkpoints lack, and their values then.
    _option_fallbacks = {}

    _step_depth = 0

    def __init__(self, params, defaults):
        self.defaults = defaults
        self._init_hooks()
        if isinstance(params, torch.Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of "
                f"Tensors or dicts, but got {_typename(params)}"
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _init_hooks(self):
        self._optimizer_step_pre_hooks = OrderedDict()
        self._optimizer_step_post_hooks = OrderedDict()
        self._optimizer_state_dict_pre_hooks = OrderedDict()
        self._optimizer_state_dict_post_hooks = OrderedDict()
        self._optimizer_load_state_dict_pre_hooks = OrderedDict()
        self._optimizer_load_state_dict_post_hooks = OrderedDict()
        kind = type(self)
        self._zero_grad_profile_name = f"Optimizer.zero_grad#{kind.__name__}.zero_grad"
        if not getattr(kind.step, "hooked", False):
            kind.step = hooked(kind.step)

    # -- state ---------------------------------------------------------------------------------------------------

    @property
    def state(self):
        """What the optimizer keeps: a dict for each parameter.

        Until somebody looks here, step counts live in Python alone and cost no tensor operation. From the first look
        on, whoever looked may hold the tensors, so they are brought up to date now and written by every later step.
        """
        self._publish_scalars()
        self._state_was_seen = True
        return self._state

    @state.setter
    def state(self, state):
        self._state = state
        self._records = None
        # An empty dict of our own making has nothing in it that anybody could hold.
        self._state_was_seen = bool(state)

    def _read_scalars(self):
        """Fetch the 0-d state entries into Python, all of them before this step records its first operation."""
        if self._records is None:
            self._records = {}
            for param, state in self._state.items():
                if state and isinstance(param, torch.Tensor):
                    self._records[param] = ScalarRecord(state, self._scalar_names)

    def _publish_scalars(self):
        """Write the values kept in Python to their tensors, and forget them: the tensors are the truth again."""
        if self._records is None:
            return
        with torch.no_grad():
            for record in self._records.values():
                record.write()
        self._records = None

    # -- the step of the built-in algorithms ---------------------------------------------------------------------

    def step(self, closure=None):
        """Update the parameters once. `closure`, if given, computes the loss again and returns it."""
        raise NotImplementedError

    def _run(self, closure):
        """One step of a built-in algorithm: every group through `_update_group`; returns the closure's loss."""
        loss = self._closure_loss(closure)
        self._read_scalars()
        for group in self.param_groups:
            self._update_group(group)
        if self._state_was_seen:
            self._publish_scalars()
        return loss

    def _closure_loss(self, closure):
        if closure is None:
            return None
        with torch.enable_grad():
            return closure()

    def _update_group(self, group):
        raise NotImplementedError(f"{type(self).__name__} has neither `step` nor `_update_group`")

    def _init_state(self, group, param, state):
        raise NotImplementedError(f"{type(self).__name__} does not say what it keeps for a parameter")

    def _ready(self, group):
        """Yield (param, grad, state, record) for each parameter that has a gradient, its step count raised by one.

        Complex tensors are yielded as real views with a last dimension of 2: the formulas treat a complex number as
        two reals.
        """
        records = self._records
        for param in group["params"]:
            grad = param.grad
            if grad is None:
                continue
            record = records.get(param)
            if record is None:
                record = records[param] = self._first_sight(group, param, grad)
            record.step += 1
            state = record.state
            if param.is_complex():
                state = {name: _real_view(value) for name, value in state.items()}
                yield _real_view(param), _real_view(grad), state, record
            else:
                yield param, grad, state, record

    def _first_sight(self, group, param, grad):
        if grad.is_sparse:
            raise RuntimeError(self._no_sparse_message())
        state = self._state[param]
        if not state:
            self._init_state(group, param, state)
        return ScalarRecord(state, self._scalar_names)

    def _no_sparse_message(self):
        return f"{type(self).__name__} does not support sparse gradients"

    # -- groups --------------------------------------------------------------------------------------------------

    def add_param_group(self, param_group):
        """Add a group: a dict with `params` and any options; missing options are taken from the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, torch.Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors "
                "in sets will change between runs. Please use a list instead."
            )
        params, names = _split_names(params)
        param_group["params"] = params
        if names:
            param_group["param_names"] = names
        for param in params:
            self._check_param(param)
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        if len(params) != len(set(params)):
            import warnings

            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; "
                "in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        self._check_against_groups(param_group)
        self.param_groups.append(param_group)

    def _check_param(self, param):
        if not isinstance(param, torch.Tensor):
            raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {_typename(param)}")
        if not self.defaults.get("differentiable") and not (param.is_leaf or param.retains_grad):
            raise ValueError("can't optimize a non-leaf Tensor")

    def _check_against_groups(self, new):
        known = set()
        for group in self.param_groups:
            known.update(group["params"])
            if ("param_names" in new) != ("param_names" in group):
                which = "with" if "param_names" in new else "without"
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {which} names to the optimizer"
                )
        if not known.isdisjoint(new["params"]):
            raise ValueError("some parameters appear in more than one parameter group")

    def zero_grad(self, set_to_none=True):
        """Forget the gradients of all parameters; with `set_to_none=False` fill them with zeros instead."""
        for group in self.param_groups:
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                if set_to_none:
                    param.grad = None
                    continue
                if grad.grad_fn is not None:
                    grad.detach_()
                else:
                    grad.requires_grad_(False)
                grad.zero_()

    def __repr__(self):
        lines = [f"{type(self).__name__} ("]
        for index, group in enumerate(self.param_groups):
            lines.append(("\n" if index else "") + f"Parameter Group {index}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join(lines) + "\n)"

    # -- hooks ---------------------------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook):
        """Call `hook(optimizer, args, kwargs)` before each step; it may return new (args, kwargs)."""
        return register(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook):
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return register(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook, prepend=False):
        """Call `hook(optimizer)` before `state_dict` collects."""
        return register(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend=False):
        """Call `hook(optimizer, state_dict)` on what `state_dict` collected; it may return another."""
        return register(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend=False):
        """Call `hook(optimizer, state_dict)` before loading; it may return another dict to load."""
        return register(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend=False):
        """Call `hook(optimizer)` after loading."""
        return register(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    # -- checkpoints ---------------------------------------------------------------------------------------------

    def state_dict(self):
        """`{"state": ..., "param_groups": ...}` with parameters numbered in order; the tensors are not copied."""
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        packed = _state_dict.pack(self.state, self.param_groups)
        for hook in self._optimizer_state_dict_post_hooks.values():
            replaced = hook(self, packed)
            if replaced is not None:
                packed = replaced
        return packed

    def load_state_dict(self, state_dict):
        """Take over state and options from what `state_dict` returned. Raises ValueError if the groups differ."""
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            replaced = hook(self, state_dict)
            if replaced is not None:
                state_dict = replaced
        self.__setstate__(_state_dict.unpack(state_dict, self.param_groups))
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def __getstate__(self):
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state):
        state = dict(state)
        if "state" in state:
            self.state = state.pop("state")
        self.__dict__.update(state)
        if "_optimizer_step_pre_hooks" not in self.__dict__:
            self._init_hooks()
        self.defaults.setdefault("differentiable", False)
        for group in self.param_groups:
            for name, value in self._option_fallbacks.items():
                group.setdefault(name, value)
        for param_state in self._state.values():
            for name in self._scalar_names:
                # Old checkpoints hold plain numbers here.
                if isinstance(param_state, dict) and isinstance(param_state.get(name), (int, float)):
                    param_state[name] = scalar_tensor(param_state[name])


def _split_names(params):
    """A list of tensors and (name, tensor) pairs as (tensors, names); either all have names or none."""
    tensors, names = [], []
    for param in params:
        if isinstance(param, tuple):
            names.append(param[0])
            param = param[1]
        tensors.append(param)
    if names and len(names) != len(tensors):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return tensors, names


def _real_view(value):
    if isinstance(value, torch.Tensor) and value.is_complex():
        return torch.view_as_real(value)
    return value
