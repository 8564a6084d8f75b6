"""What running a graph in the interpreter costs, and what compiling it. Rough figures of one machine: a choice follows from them,
and it must be the same everywhere."""
from math import prod

# seconds of the interpreter for a run, a call, an operation, and an element that a value has
_RUN, _CALL = 40e-6, 2e-6
_PRODUCT, _COLUMN, _ELEMENT, _TAP = 1 / 60e9, 1 / 0.6e9, 1 / 0.8e9, 1 / 0.5e9
# seconds of compiling a kernel
_LARGE_KERNEL, _NEST = 0.035, 0.006
_CONVOLUTIONS = frozenset(("conv", "conv_dx", "conv_dw"))
_LARGE = _CONVOLUTIONS | {"dot", "max_pool", "max_pool_dx", "sum_pool", "sum_pool_dx"}
_FREE = frozenset(("input", "const", "array", "iota", "reshape", "permute", "expand", "slice", "flip", "diagonal", "check"))


_KEPT = 16                  # in how many processes a kernel is thought to serve: it is kept on disk


def runs_before_compiling(graph):
    """After how many interpreted runs a graph is compiled: none if one costs more than compiling, else once they have cost this
    process's share of compiling it."""
    interpreted, kernels = _RUN, set()
    for v in graph.values:
        if v.dtype is None or v.prim in _FREE:
            continue
        interpreted += _CALL + _interpreting(v)
        kernels.add((v.prim, v.shape, v.attrs) if v.prim in _LARGE else v.shape)
    large = sum(bool(k) and k[0].__class__ is str for k in kernels)
    compiling = _LARGE_KERNEL * large + _NEST * (1 + len(kernels) - large)
    return 0 if interpreted > compiling else 1 + int(compiling / _KEPT / interpreted)


def _interpreting(v):
    """Seconds that NumPy takes for a value."""
    if v.prim in _CONVOLUTIONS:
        return _convolving(v)
    if v.prim == "dot":
        return _PRODUCT * v.numel * v.args[0].shape[-1]
    if v.prim in ("max_pool", "max_pool_index", "sum_pool"):
        return _TAP * v.numel * sum(v.attrs[0])
    return _ELEMENT * v.numel


def _convolving(v):
    """Of a convolution or one of its gradients: the products, and writing or adding up the columns that they need."""
    result = v if v.prim == "conv" else v.args[0]
    weights = v if v.prim == "conv_dw" else v.args[1]
    pixels, window = result.shape[0] * prod(result.shape[2:]), prod(weights.shape[2:])
    columns = prod(weights.shape[1:]) if window > 1 else 0
    return pixels * (_PRODUCT * weights.numel + _COLUMN * columns)
