"""Checks of the options that many optimizers share, with PyTorch's wording."""

import rushlight as torch

# Device types on which PyTorch captures a step in a graph.
_CAPTURABLE = ("cuda", "xpu", "hpu", "privateuseone")


def check_lr(lr):
    """A learning rate is a number, or a tensor of one element, of at least 0."""
    check_tensor_lr(lr)
    if not 0.0 <= lr:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_tensor_lr(lr):
    if isinstance(lr, torch.Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")


def check_at_least_zero(value, label):
    if not 0.0 <= value:
        raise ValueError(f"Invalid {label} value: {value}")


def check_betas(betas):
    for index in (0, 1):
        if not 0.0 <= betas[index] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {betas[index]}")


def check_fused(fused, foreach, differentiable):
    """`fused` and `foreach` choose kernels in PyTorch. Here the engine fuses anyway; only nonsense is refused."""
    if not fused:
        return
    if differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def check_capturable(group, what="params and state_steps", also=("xla",)):
    """`capturable` is for devices that capture graphs; on others PyTorch refuses at the step."""
    if not group["capturable"]:
        return
    devices = [*_CAPTURABLE, *also]
    for param in group["params"]:
        if param.device.type not in devices:
            raise AssertionError(f"If capturable=True, {what} must be on supported devices: {devices}.")


def number(value):
    """An option as a Python number: options may be tensors of one element."""
    return value.item() if isinstance(value, torch.Tensor) else value
