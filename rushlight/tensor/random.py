"""Random tensors: each draw reserves its words of a generator in program order, and is recorded like any op."""
import numpy as np

from ..graph import primitives as P
from ..ops.declare import Op, public
from ..runtime import dtypes as dt
from ..runtime import random_choice, random_draws, random_rejection, random_uniform
from ..runtime.generator import Generator as _Engine
from .apply import apply, apply_write
from .creation import _finish, _place, _sizes, lay_like
from .tensor import Tensor, from_array


class Generator(_Engine):
    """A stream of random numbers. Source: torch.Generator."""

    __module__ = "torch"

    def get_state(self):
        """The state, as a tensor of bytes."""
        return from_array(np.frombuffer(bytearray(self.get_state_bytes()), np.uint8))

    def set_state(self, new_state):
        """Go to a state that get_state gave, here or in PyTorch."""
        if not isinstance(new_state, Tensor) or new_state.dtype is not dt.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        self.set_state_bytes(new_state._array().tobytes())
        return self

    def clone_state(self):
        return self.clone()

    def __setstate__(self, state):
        """PyTorch pickles a generator as (seed, offset, state)."""
        self.set_state(state[-1])


default_generator = Generator()
default_generator.seed()        # each run draws anew until manual_seed is called


def manual_seed(seed):
    """Begin the default generator's stream anew from seed; returns it."""
    seed = int(seed)
    return default_generator.manual_seed(seed)


def seed():
    return default_generator.seed()


def initial_seed():
    return default_generator.initial_seed()


def get_rng_state():
    return default_generator.get_state()


def set_rng_state(new_state):
    default_generator.set_state(new_state)


class fork_rng:
    """Within, draws are made from the same place, and afterwards the generator stands where it stood."""

    def __init__(self, devices=None, enabled=True, **kwargs):
        self.enabled = enabled

    def __enter__(self):
        self.state = get_rng_state() if self.enabled else None

    def __exit__(self, *exc):
        if self.enabled:
            set_rng_state(self.state)


draw_op = Op("draw", "ticket", "kind params shape dtype",
             compute=lambda ticket, kind, params, shape, dtype: P.words(ticket, kind, params, shape, dtype))
draw_into = Op("draw_into", "input ticket", "kind params shape dtype",
               compute=lambda x, ticket, kind, params, shape, dtype: P.words(ticket, kind, params, shape, dtype),
               grads={"input": lambda g: None})
_NODES = {"integers": "RandomBackward0", "any": "RandomBackward2", "bernoulli": "BernoulliBackward2", "log_normal": "LogNormalBackward0"}
draw_into.names = lambda attrs, infos: _NODES.get(attrs[0], attrs[0].capitalize() + "Backward0")


def draw(kind, params, shape, dtype, generator=None):
    count = 1
    for n in shape:
        count *= n
    ticket = random_draws.reserve(generator or default_generator, kind, params, count, dtype)
    return apply(draw_op, (ticket,), (kind, params, shape, dtype))


def draw_over(t, kind, params, generator=None):
    meta = t._meta
    ticket = random_draws.reserve(generator or default_generator, kind, params, meta.numel, meta.dtype)
    return apply_write(draw_into, t, (t, ticket), (kind, params, meta.shape, meta.dtype))


# ------------------------------------------------------------------ creation
def _float(name, dtype):
    dtype = dtype or dt.get_default_dtype()
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(f'"{name}" not implemented for \'{dt.long_name(dtype)}\'')
    return dtype


def rand(*sizes, size=None, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, names=None):
    """Uniform numbers of [0, 1)."""
    _place(device, layout)
    return _finish(draw("uniform", (0.0, 1.0), _sizes("rand", sizes if size is None else (size,)), _float("check_uniform_bounds", dtype), generator), requires_grad, out)


def randn(*sizes, size=None, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, names=None):
    """Standard normal numbers."""
    _place(device, layout)
    shape, dtype = _sizes("randn", sizes if size is None else (size,)), _float("normal_kernel_cpu", dtype)
    if dtype.is_complex:
        from .memory import view_as_complex

        half = draw("normal", (0.0, 0.5 ** 0.5), shape + (2,), dtype.to_real(), generator)
        return _finish(view_as_complex(half), requires_grad, out)
    return _finish(draw("normal", (0.0, 1.0), shape, dtype, generator), requires_grad, out)


def randint(*args, low=None, high=None, size=None, generator=None, out=None, dtype=None, layout=None, device=None,
            requires_grad=False, pin_memory=False):
    """Integers of [low, high): randint(high, size) or randint(low, high, size), by place or by name."""
    _place(device, layout)
    args = list(args)
    if size is None and args and isinstance(args[-1], (tuple, list)):
        size = args.pop()
    if high is None and args:
        high = args.pop()
    if low is None and args:
        low = args.pop()
    if args or high is None or size is None:
        raise TypeError("randint() takes (high, size) or (low, high, size): numbers, then a tuple of ints")
    low, high = _limit("low", low if low is not None else 0), _limit("high", high)
    dtype = dtype or dt.int64
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if dtype.kind == "int":
        limits = dt.iinfo(dtype)
        for name, value in (("from", low), ("to - 1", high - 1)):
            if not limits.min <= value <= limits.max:
                raise RuntimeError(f"{name} is out of bounds for {dt.c_name(dtype)}")
    return _finish(draw("integers", (low, high), _sizes("randint", (size,)), dtype, generator), requires_grad, out)


def _limit(name, value):
    if isinstance(value, float) or not hasattr(value, "__index__"):
        raise TypeError(f"randint(): argument '{name}' must be int, not {dt.type_name(value)}")
    return value.__index__()


def randperm(n, *, generator=None, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """The numbers 0 to n - 1 in random order."""
    _place(device, layout)
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got{n}")
    return _finish(draw("permutation", (), (int(n),), dtype or dt.int64, generator), requires_grad, out)


def _like(make):
    """The numbers are drawn in the order in which the result lies in memory."""
    def run(input, *args, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None, generator=None, pin_memory=False):
        dtype = dtype or input.dtype
        t = lay_like(input, dtype, memory_format, lambda shape: make(shape, *args, dtype=dtype, device=device, generator=generator))
        return t.requires_grad_() if requires_grad else t
    return run


rand_like = _like(lambda shape, **k: rand(shape, **k))
randn_like = _like(lambda shape, **k: randn(shape, **k))
_randint_like = _like(lambda shape, low, high, **k: randint(low, high, shape, **k))


def randint_like(input, *limits, low=None, high=None, **kwargs):
    """Integers of [low, high) in the shape of input: randint_like(input, high) or randint_like(input, low, high)."""
    limits = [*([] if low is None else [low]), *limits, *([] if high is None else [high])]
    return _randint_like(input, *([0] * (2 - len(limits))), *limits, **kwargs)


def normal(mean=0.0, std=1.0, size=None, *, generator=None, out=None, dtype=None, device=None, requires_grad=False):
    """Normal numbers of given mean and deviation: numbers with a size, or tensors."""
    if size is not None:
        _check_std(std)
        shape, dtype = _sizes("normal", (size,)), dtype or dt.get_default_dtype()
        return _finish(draw("normal", (float(mean), float(std)), shape, dtype, generator), requires_grad, out)
    like = mean if isinstance(mean, Tensor) else std
    if isinstance(std, Tensor):
        if std.dtype.is_complex:
            raise RuntimeError("normal expects standard deviation to be non-complex")
        if std._meta.numel and bool((std < 0).any()):
            raise RuntimeError("normal expects all elements of std >= 0.0")
    else:
        _check_std(std)
    shape = like._meta.shape
    if isinstance(mean, Tensor) and isinstance(std, Tensor):
        shape = P.broadcast_shapes(mean._meta.shape, std._meta.shape)
    unit = draw("normal", (0.0, 1.0), shape, like.dtype, generator)
    return _finish(unit.mul_(std).add_(mean), False, out)


def _check_std(std):
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")


# ------------------------------------------------------------------ in place
def uniform_(self, from_=0.0, to=1.0, *, generator=None, **kwargs):
    """Uniform numbers of [from, to) over self."""
    low = float(kwargs.get("from", from_))
    _float("check_uniform_bounds", self.dtype)
    if low > to:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={to:g}")
    return draw_over(self, "uniform", (low, float(to)), generator)


def normal_(self, mean=0.0, std=1.0, *, generator=None):
    """Normal numbers over self."""
    _check_std(std)
    _float("normal_kernel_cpu", self.dtype)
    return draw_over(self, "normal", (float(mean), float(std), self._meta.contiguous), generator)


def random_(self, from_=None, to=None, *, generator=None, **kwargs):
    """Integers over self: of [from, to), of [0, to), or as many as the dtype holds."""
    from_ = kwargs.get("from", from_)
    if from_ is None and to is None:
        return draw_over(self, "any", (), generator)
    if to is None:
        from_, to = 0, from_
    from_ = from_ or 0
    if from_ >= to:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={from_} >= to={to}")
    return draw_over(self, "integers", (int(from_), int(to)), generator)


def bernoulli_(self, p=0.5, *, generator=None):
    """Ones with probability p (a number, or a tensor of them), else zeros, over self."""
    if isinstance(p, Tensor):
        return self.copy_(_bernoulli_of(p, self.dtype, generator).expand(self._meta.shape))
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    return draw_over(self, "bernoulli", (float(p),), generator)


def _bernoulli_of(p, dtype, generator):
    array = np.ascontiguousarray(p._array())
    if p.dtype is dt.bfloat16:
        array = p.float()._array()
    elif p.dtype is dt.float16:
        array = array.astype(np.float32)
    if array.size and (array.min() < 0 or array.max() > 1):
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If "
                           "so, please report an enhancement request to PyTorch.)")
    words = (generator or default_generator).words(random_uniform.bernoulli_words(array.size, array))
    return from_array(random_uniform.bernoulli(words, array).reshape(array.shape)).to(dtype)


@public(out=True)
def bernoulli(input, p=None, *, generator=None):
    """Ones with the probabilities that input gives."""
    if p is not None:
        return input.new_empty(input._meta.shape).bernoulli_(p, generator=generator)
    return _bernoulli_of(input.detach(), input.dtype, generator)


def _inverse(kind, *names_and_defaults):
    def run(self, *args, generator=None, **kwargs):
        params = []
        for i, (name, default) in enumerate(names_and_defaults):
            params.append(float(args[i] if i < len(args) else kwargs.get(name, default)))
        return draw_over(self, kind, tuple(params), generator)
    run.__name__ = kind + "_"
    return run


def exponential_(self, lambd=1, *, generator=None):
    if lambd <= 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}")
    return draw_over(self, "exponential", (float(lambd),), generator)


def geometric_(self, p, *, generator=None):
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    return draw_over(self, "geometric", (float(p),), generator)


for _f in (uniform_, normal_, random_, bernoulli_, exponential_, geometric_):
    setattr(Tensor, _f.__name__, _f)
Tensor.cauchy_ = _inverse("cauchy", ("median", 0), ("sigma", 1))
Tensor.log_normal_ = _inverse("log_normal", ("mean", 1), ("std", 2))


# ------------------------------------------------------------------ rejection and choice: these run at once
@public(out=True)
def multinomial(input, num_samples, replacement=False, *, generator=None):
    """num_samples indices drawn with the weights in each row."""
    meta = input._meta
    if meta.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if not input.dtype.is_floating_point:
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {dt.long_name(input.dtype)}")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > meta.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    weights = np.ascontiguousarray(input.detach()._array())
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    rows = weights.reshape(-1, meta.shape[-1])
    if (rows.sum(-1) <= 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    engine = generator or default_generator
    words = engine.words(random_choice.multinomial_words(rows.shape[0], rows.shape[1], num_samples, replacement))
    picked = random_choice.multinomial(words, rows, num_samples, replacement)
    return from_array(np.asarray(picked, np.int64).reshape(meta.shape[:-1] + (num_samples,)))


@public(method=False)
def poisson(input, generator=None):
    """Poisson numbers of the rates in input."""
    array = np.ascontiguousarray(input.detach()._array())
    values = np.asarray(random_rejection.poisson(generator or default_generator, array))
    return from_array(values.reshape(array.shape).astype(array.dtype))


@public(method=False)
def binomial(count, prob, generator=None):
    c, p = np.ascontiguousarray(count._array()), np.ascontiguousarray(prob._array())
    values = np.asarray(random_rejection.binomial(generator or default_generator, c, p))
    return from_array(values.reshape(c.shape).astype(c.dtype))


def _standard_gamma(alpha, generator=None):
    array = np.ascontiguousarray(alpha.detach()._array())
    values = random_rejection.standard_gamma(generator or default_generator, array, alpha.dtype)
    return from_array(np.asarray(values).reshape(array.shape).astype(array.dtype))


def _sample_dirichlet(alpha, generator=None):
    """Points of the simplex, over the last dimension of alpha. NotImplementedError unless it is float32 or float64."""
    if alpha.dtype not in (dt.float32, dt.float64):
        raise NotImplementedError(f"\"dirichlet\" not implemented for '{dt.long_name(alpha.dtype)}'")
    array = np.ascontiguousarray(alpha.detach()._array())
    return from_array(random_rejection.dirichlet(generator or default_generator, array, alpha.dtype))
