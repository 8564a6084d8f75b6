"""Gives every registered function its places: torch.f, Tensor.f, Tensor.f_, out=."""
import functools

from ..ops.declare import PUBLIC, Op
from .apply import assign
from .tensor import Tensor
from .wrong_types import explained


_bound = set()


def bind(namespace):
    """Put the functions of ops/ that are not yet there into the public namespace and on Tensor."""
    Op.new_tensor = staticmethod(_new_tensor())
    entries = [entry for name, entry in PUBLIC.items() if name not in _bound]
    _bound.update(PUBLIC)
    for entry in entries:
        function = entry.function
        target = _numpy_spelling(getattr(function, "method", function))
        for name in (entry.name, *entry.aliases):
            if entry.torch:
                namespace[name] = _with_out(function, name) if entry.out else \
                    _explaining(function, name) if _parameters(function)[1:2] == ("other",) else _numpy_spelling(function)
            if entry.method:
                setattr(Tensor, name, target)
            if entry.inplace:
                method = _inplace(function)
                method.__name__ = method.__qualname__ = name + "_"
                setattr(Tensor, name + "_", method)
                if entry.torch and name in _TORCH_INPLACE:
                    namespace[name + "_"] = method


_TORCH_INPLACE = frozenset("""abs acos acosh addmv arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh ceil clamp
    clamp_max clamp_min clip conj_physical cos cosh deg2rad erf erfc exp exp2 expm1 fix floor frac i0 lcm ldexp log log10 log1p log2 logit nan_to_num neg negative rad2deg reciprocal relu
    round rsqrt sigmoid sin sinc sinh sqrt square tan tanh trunc xlogy gcd dropout alpha_dropout feature_dropout celu selu
    threshold rrelu""".split())


# What PyTorch takes for its own names of arguments, so that NumPy's calls work
_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}


def _parameters(function):
    code = getattr(function, "__code__", None)
    return code.co_varnames[:code.co_argcount + code.co_kwonlyargcount] if code is not None else ()


def _numpy_names(function):
    """NumPy's names for those arguments of a function that have one."""
    own = _parameters(function)
    return {theirs: ours for theirs, ours in _NUMPY_NAMES.items() if ours in own and theirs not in own}


def _numpy_spelling(function):
    """The function, which also takes its arguments by NumPy's names."""
    names = _numpy_names(function)
    if not names:
        return function

    @functools.wraps(function)
    def run(*args, **kwargs):
        if kwargs:
            kwargs = {names.get(k, k): v for k, v in kwargs.items()}
        return function(*args, **kwargs)
    return run


def _new_tensor():
    from .tensor import new_tensor

    return new_tensor


def _inplace(function):
    special = getattr(function, "inplace", None)
    if special is not None:
        @functools.wraps(special)
        def run(self, *args, **kwargs):
            return special(self, *args, **kwargs)
        return run
    op = getattr(function, "op", None)
    if op is not None:
        write = Op.apply_write
        if len(op.operands) == 1:
            def run(self):
                return write(op, self, (self,))
        elif len(op.operands) == 2:
            def run(self, other):
                return write(op, self, (self, other))
        else:
            def run(self, *operands):
                return write(op, self, (self, *operands))
        return run

    def run(self, *args, **kwargs):
        return assign(self, function(self, *args, **kwargs))
    return run


def _explaining(function, name):
    """A function of two tensors, with a clearer error for what is none."""
    @functools.wraps(function)
    def run(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except (TypeError, AttributeError) as error:
            clearer = explained(function, name, args, kwargs, error)
            if clearer is None:
                raise
        raise clearer
    return run


def _with_out(function, name):
    names = _numpy_names(function)

    @functools.wraps(function)
    def run(*args, out=None, **kwargs):
        if kwargs and names:
            kwargs = {names.get(k, k): v for k, v in kwargs.items()}
        try:
            if out is None:
                return function(*args, **kwargs)
            return write_out(out, function(*args, **kwargs), name)
        except (TypeError, AttributeError) as error:
            clearer = explained(function, name, args, kwargs, error)
            if clearer is None:
                raise
        raise clearer

    run.op = getattr(function, "op", None)
    return run


def write_out(out, result, name):
    """Put a result where out= says: sizes are made to fit, dtypes must."""
    if isinstance(out, (tuple, list)):
        return type(result)(*[write_out(o, r, name) for o, r in zip(out, result)]) if hasattr(result, "_fields") else \
            tuple(write_out(o, r, name) for o, r in zip(out, result))
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if out._requires_now() or (result._requires and _grad_on()):
        raise RuntimeError(f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
                           "arguments requires grad.")
    if out._meta.shape != result._meta.shape:
        if out._meta.numel:
            import warnings

            warnings.warn(f"An output with one or more elements was resized since it had shape {list(out.shape)}, which does "
                          f"not match the required output shape {list(result.shape)}. This behavior is deprecated, and in a "
                          "future PyTorch release outputs will not be resized unless they have zero elements. You can "
                          "explicitly reuse an out tensor t by resizing it, inplace, to zero elements with t.resize_(0).",
                          UserWarning, stacklevel=3)
        out.resize_(result._meta.shape)
    return assign(out, result)


def _grad_on():
    from ..graph.recorder import current

    return current().grad
