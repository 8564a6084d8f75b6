"""`LRScheduler`: what all schedules share."""

import types
import warnings
from functools import partial, wraps

import rushlight as torch
from rushlight.optim.optimizer import Optimizer

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being "
    "deprecated where possible. Please use `scheduler.step()` to step the "
    "scheduler. During the deprecation, if epoch is different from None, the "
    "closed form is used instead of the new chainable form, where available. "
    "Please open an issue if you are unable to replicate your use case: "
    "https://github.com/pytorch/pytorch/issues/new/choose."
)

_SEE = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


def _is_tensor(value):
    return isinstance(value, torch.Tensor)


def _copy(value):
    """An option's value; a tensor is copied, since it is written in place."""
    return value.clone() if _is_tensor(value) else value


def _rates(optimizer, key="lr"):
    return [_copy(group[key]) for group in optimizer.param_groups]


def _set(group, key, value):
    """Set an option; one that is a tensor is written in place."""
    if _is_tensor(group.get(key)):
        group[key].fill_(value.item() if _is_tensor(value) else value)
    else:
        group[key] = value


def _format_param(name, optimizer, param):
    """`param` as a list with a value for each group."""
    count = len(optimizer.param_groups)
    if isinstance(param, (list, tuple)):
        if len(param) != count:
            raise ValueError(
                f"{name} must have the same length as optimizer.param_groups. "
                f"{name} has {len(param)} values, param_groups has {count}."
            )
    else:
        param = [param] * count
    return [_copy(value) for value in param]


def _check_optimizer(optimizer):
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def _pack_functions(functions):
    """Callables for a state dict: the attributes of objects; plain functions are left out (None)."""
    packed = []
    for function in functions:
        plain = isinstance(function, (types.FunctionType, types.BuiltinFunctionType, partial))
        packed.append(None if plain else function.__dict__.copy())
    return packed


class LRScheduler:
    """Base of the schedules: sets every group's `lr` once per `step()`.

    A subclass gives `get_lr`, the new rates from `last_epoch` and mostly from the present rates, so that schedules
    can be chained; where a formula in the epoch alone exists it is `_get_closed_form_lr`. `last_epoch` other than -1
    resumes: the groups must then hold `initial_lr`.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer, last_epoch=-1):
        self.optimizer = _check_optimizer(optimizer)
        if last_epoch == -1:
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", _copy(group["lr"]))
        else:
            for index, group in enumerate(optimizer.param_groups):
                if "initial_lr" not in group:
                    raise KeyError(
                        f"param 'initial_lr' is not specified in param_groups[{index}] when resuming scheduler "
                        "with last_epoch >= 0.\n"
                        "This typically happens when:\n"
                        "1. You're trying to resume training from a checkpoint but haven't properly loaded the "
                        "optimizer state\n"
                        "2. You're using last_epoch >= 0 for a fresh training run (not recommended)"
                    )
        self.base_lrs = _rates(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _watch_steps(optimizer)
        self._initial_step()

    def _initial_step(self):
        """Set the rates of the first epoch."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self):
        """Everything but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict):
        """Take over what `state_dict` returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self):
        """The rates that the last step set, one for each group."""
        return self._last_lr

    def get_lr(self):
        """The next rates, one for each group. Only `step` has use for it; ask `get_last_lr` instead."""
        raise NotImplementedError

    def step(self, epoch=None):
        """Go on to the next epoch, or (deprecated) to `epoch`."""
        if self._step_count == 1:
            self._warn_about_order()
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _warn_about_order(self):
        if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
            warnings.warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler "
                "initialization. Please, make sure to call `optimizer.step()` before "
                f"`lr_scheduler.step()`. {_SEE}",
                UserWarning,
                stacklevel=3,
            )
        elif not getattr(self.optimizer, "_opt_called", False):
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. "
                "In PyTorch 1.1.0 and later, you should call them in the opposite order: "
                "`optimizer.step()` before `lr_scheduler.step()`.  Failure to do this "
                f"will result in PyTorch skipping the first value of the learning rate schedule. {_SEE}",
                UserWarning,
                stacklevel=3,
            )

    def _update_lr(self, epoch=None):
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                closed_form = getattr(self, "_get_closed_form_lr", None)
                rates = closed_form() if closed_form is not None else self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            _set(group, "lr", rate)
        self._last_lr = _rates(self.optimizer)

    def _warn_if_not_in_step(self):
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )


class _LRScheduler(LRScheduler):
    """The old name of `LRScheduler`, which programs still subclass."""


def _watch_steps(optimizer):
    """Make `optimizer.step` note that it was called, so that a wrong order of steps can be told."""
    if hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        return
    from weakref import ref

    optimizer_ref = ref(optimizer)
    step = optimizer.step.__func__

    @wraps(step)
    def noted_step(*args, **kwargs):
        optimizer = optimizer_ref()
        optimizer._opt_called = True
        return step.__get__(optimizer, type(optimizer))(*args, **kwargs)

    noted_step._wrapped_by_lr_sched = True
    optimizer.step = noted_step
