"""Tensors of random content for tests. Source: torch.testing.make_tensor."""
import rushlight as torch

__all__ = ["make_tensor"]


def _bounds(dtype):
    """What low and high are when not given."""
    if dtype is torch.bool:
        return 0, 2
    if dtype is torch.uint8:
        return 0, 10
    return (-9, 9) if dtype.is_floating_point or dtype.is_complex else (-9, 10)


def make_tensor(*shape, dtype, device="cpu", low=None, high=None, requires_grad=False, noncontiguous=False, exclude_zero=False,
                memory_format=None):
    """Numbers drawn evenly from [low, high), by default about [-9, 9).

    noncontiguous: every second element of a larger tensor. exclude_zero: zeros become the smallest number (or 1).
    """
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = tuple(shape[0])
    if noncontiguous and memory_format is not None:
        raise ValueError(f"The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got {noncontiguous=} and "
                         f"{memory_format=}")
    if requires_grad and not (dtype.is_floating_point or dtype.is_complex):
        raise ValueError(f"`requires_grad=True` is not supported for boolean and integral dtypes, but got {dtype=}")
    least, most = _bounds(dtype)
    low, high = least if low is None else low, most if high is None else high
    if low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    count = 1
    for n in shape:
        count *= n
    spread = noncontiguous and count > 1
    drawn = (*shape[:-1], shape[-1] * 2) if spread else shape
    if dtype.is_complex:
        parts = torch.empty(*drawn, 2, dtype=dtype.to_real(), device=device).uniform_(low, high)
        t = torch.view_as_complex(parts)
    elif dtype.is_floating_point:
        t = torch.empty(drawn, dtype=dtype, device=device).uniform_(low, high)
    else:
        t = torch.randint(int(low), int(high), drawn, dtype=dtype, device=device)
    if spread:
        t = t[..., ::2]
    elif memory_format is not None:
        t = t.clone(memory_format=memory_format)
    if exclude_zero:
        t[t == 0] = torch.finfo(dtype).tiny if dtype.is_floating_point or dtype.is_complex else 1
    return t.requires_grad_() if requires_grad else t
