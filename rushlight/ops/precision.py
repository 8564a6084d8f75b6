"""How the functions of one kernel compute: floating point only, half precision inside as float32, rounded once."""
from ..graph import primitives as P
from ..graph.value import Value
from ..runtime import dtypes as dt

_NARROW = (dt.float16, dt.bfloat16)


def refuse(kernel, dtype):
    """PyTorch's error for a dtype that a kernel does not know."""
    raise NotImplementedError(f'"{kernel}" not implemented for \'{dt.long_name(dtype)}\'')


def in_float32(compute):
    """Widen half-precision values, and round the result to the dtype of the first operand."""
    def run(x, *rest):
        if x.dtype not in _NARROW:
            return compute(x, *rest)
        out = compute(*[P.cast(v, dt.float32) if v.__class__ is Value and v.dtype in _NARROW else v for v in (x, *rest)])
        if out.__class__ is list:
            return [P.cast(v, x.dtype) for v in out]
        return P.cast(out, x.dtype)

    return run


def floating(kernel):
    """A compute function for floating-point operands only; others are refused in the name of PyTorch's kernel."""
    def wrap(compute):
        widened = in_float32(compute)

        def run(x, *rest):
            if not x.dtype.is_floating_point:
                refuse(kernel, x.dtype)
            return widened(x, *rest)

        return run

    return wrap
