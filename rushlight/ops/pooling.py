"""Pooling over windows. Source: torch.nn.functional.max_pool2d and kin."""
from ..graph import primitives as P
from .declare import Op

max_pool_op = Op("max_pool", "input", "window stride padding dilation out",
                 compute=lambda x, *a: P.max_pool(x, *a), node="MaxPool2DWithIndicesBackward0",
                 grads={"input": lambda g, input, infos, window, stride, padding, dilation, out: max_pool_dx(
                     g, max_index(input, window=window, stride=stride, padding=padding, dilation=dilation, out=out),
                     shape=infos[0].shape, n=len(window))})
max_index = Op("max_pool_index", "input", "window stride padding dilation out", compute=lambda x, *a: P.max_pool_index(x, *a))
max_pool_dx = Op("max_pool_dx", "grad index", "shape n", node="MaxPool2DWithIndicesBackwardBackward0",
                 compute=lambda g, index, shape, n: P.max_pool_dx(g, index, shape, n),
                 grads={"grad": lambda g, index, n: take_planes(g, index, n=n)})


def _planes(x, n):
    lead = x.shape[:len(x.shape) - n]
    size = 1
    for s in x.shape[len(x.shape) - n:]:
        size *= s
    return lead + (size,)


def _take(x, index, n):
    flat = P.reshape(x, _planes(x, n))
    return P.reshape(P.gather(flat, P.reshape(index, _planes(index, n)), x.ndim - n), index.shape)


take_planes = Op("take_planes", "input index", "n", compute=_take, node="GatherBackward0",
                 grads={"input": lambda g, index, infos, n: max_pool_dx(g, index, shape=infos[0].shape, n=n)})


def _each(value, n, name):
    if isinstance(value, int):
        return (value,) * n
    value = tuple(int(v) for v in value)
    return value * n if len(value) == 1 else value


def out_size(size, k, s, p, d, ceil):
    """How many windows fit, as PyTorch counts them."""
    span = size + 2 * p - d * (k - 1) - 1
    n = (-(-span // s) if ceil else span // s) + 1
    if ceil and (n - 1) * s >= size + p:
        n -= 1
    return n


def _geometry(n, name, input, kernel_size, stride, padding, dilation, ceil_mode):
    kernel = _each(kernel_size, n, "kernel_size")
    stride = kernel if stride is None or stride == () or stride == [] else _each(stride, n, "stride")
    padding, dilation = _each(padding, n, "padding"), _each(dilation, n, "dilation")
    shape = input._meta.shape
    if len(shape) not in (n + 1, n + 2):
        raise RuntimeError(f"{name}: Expected {n + 1}D or {n + 2}D (batch mode) tensor with optional 0 dim batch size for input, but "
                           f"got:{list(shape)}")
    for p, k in zip(padding, kernel):
        if p < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > k // 2:
            raise RuntimeError(f"pad should be at most half of effective kernel size, but got pad={p}, kernel_size={k} and dilation="
                               f"{dilation[0]}" if name.startswith("max") else
                               "pad should be smaller than or equal to half of kernel size, but got "
                               f"padW = {padding[-1]}, padH = {padding[0]}, kW = {kernel[-1]}, kH = {kernel[0]}")
    sizes = shape[len(shape) - n:]
    out = tuple(out_size(*a, ceil_mode) for a in zip(sizes, kernel, stride, padding, dilation))
    if min(out) < 1:
        size_in = "x".join(map(str, shape[len(shape) - n - 1:]))
        size_out = "x".join(map(str, (shape[len(shape) - n - 1],) + out))
        raise RuntimeError(f"Given input size: ({size_in}). Calculated output size: ({size_out}). Output size is too small")
    pairs = tuple((p, max((o - 1) * s + d * (k - 1) + 1 - size - p, 0))
                  for o, s, d, k, size, p in zip(out, stride, dilation, kernel, sizes, padding))
    return kernel, stride, pairs, dilation, out


def _max_pool(n, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices):
    attrs = _geometry(n, f"max_pool{n}d", input, kernel_size, stride, padding, dilation, ceil_mode)
    out = Op.apply(max_pool_op, (input,), attrs)
    if return_indices:
        return out, Op.apply(max_index, (input.detach(),), attrs)
    return out


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The greatest of each window; input (N, C, H, W) or (C, H, W)."""
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


