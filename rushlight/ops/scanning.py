"""Running sums, products and extremes, differences and sums of trapezoids. Source: torch.cumsum and its kin."""
from ..graph import layout
from ..graph import primitives as P
from ..runtime import dtypes as dt
from . import arithmetic as A
from .declare import OPS, Op, public
from .reductions import pair


# ------------------------------------------------------------------ sums and products
def _running(name):
    def compute(x, dim, dtype):
        x = P.cast(x, dtype)
        return P.cumulative(name, x, dim) if x.ndim else x
    return compute


def reversed_sum(g, dim):
    """Each element's sum with all after it: the gradient of a running sum."""
    if not len(g.shape):
        return g
    return flip_op(cumsum_op(flip_op(g, dims=(dim,)), dim=dim, dtype=g.dtype), dims=(dim,))


def _cumprod_gradient(g, input, result, infos, dim, dtype):
    """Before a row's first zero the running sum of g * y, over x; from it on, only the products without that zero count."""
    if not infos[0].shape:
        return g
    zero = A.eq_op(input, 0)
    so_far = cumsum_op(zero, dim=dim, dtype=dt.int64)
    plain = A.div_op(reversed_sum(A.mul_op(g, A.cj(result)), dim), A.cj(A.where_op(zero, 1, input)))
    first = A.logical_and_op(zero, A.eq_op(so_far, 1))
    without = cumprod_op(A.where_op(first, 1, input), dim=dim, dtype=dtype)
    from_here = reversed_sum(A.where_op(A.ge_op(so_far, 1), A.mul_op(g, A.cj(without)), 0), dim)
    return A.where_op(A.eq_op(so_far, 0), plain, A.where_op(first, from_here, 0))


flip_op = Op("flip", "input", "dims", compute=lambda x, dims: P.flip(x, dims), grads={"input": lambda g, dims: flip_op(g, dims=dims)})
flip_op.layout = layout.like_first
cumsum_op = Op("cumsum", "input", "dim dtype", compute=_running("sum"), grads={"input": lambda g, dim: reversed_sum(g, dim)})
cumprod_op = Op("cumprod", "input", "dim dtype", compute=_running("prod"), grads={"input": _cumprod_gradient})


def _c_name(dtype):
    return {"int64": "long int", "int32": "int", "float32": "float", "float64": "double"}.get(dtype.name, dtype.name)


def _scan(name, op, doc):
    def function(input, dim, *, dtype=None):
        if dtype is None:
            dtype = dt.int64 if input.dtype.kind in ("int", "bool") else input.dtype
        return Op.apply(op, (input,), (Op.wrap_dim(dim, input._meta.ndim), dtype))

    def inplace(self, dim, *, dtype=None):
        if dtype is not None and dtype is not self.dtype:
            raise RuntimeError(f"Bad in-place call: input tensor dtype {_c_name(self.dtype)} and output tensor dtype "
                               f"{_c_name(dtype)} should match")
        return Op.apply_write(op, self, (self,), (Op.wrap_dim(dim, self._meta.ndim), self.dtype))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.inplace = inplace
    return public(name=name, inplace=True, out=True)(function)


cumsum = _scan("cumsum", cumsum_op, "Sums of the elements so far along dim. Integers and bools are summed as int64.")
cumprod = _scan("cumprod", cumprod_op, "Products of the elements so far along dim.")


# ------------------------------------------------------------------ extremes
def _extreme_so_far(which):
    def compute(x, dim):
        if x.ndim == 0:
            return [x, P.const(0, dt.int64)]
        at = P.cumulative("arg" + which, x, dim)
        return [P.gather(x, at, dim), at]
    return compute


def _extreme_gradient(gs, input, result1, infos, dim):
    """input is not needed, but saved as PyTorch does: that it was written since is an error."""
    if gs[0] is None or not infos[0].shape:
        return gs[0]
    return OPS["scatter_zeros"](gs[0], result1, dim=dim, shape=infos[0].shape)


def _extreme(name, which):
    op = Op(name, "input", "dim", compute=_extreme_so_far(which), nout=2, nondifferentiable=(1,), grads={"input": _extreme_gradient})
    result = pair(name)

    def function(input, dim):
        if input.dtype.is_complex:
            raise NotImplementedError(f'"{name}_cpu" not implemented for \'{dt.long_name(input.dtype)}\'')
        return result(*Op.apply(op, (input,), (Op.wrap_dim(dim, input._meta.ndim),)))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The {which}imum so far along dim, and where it is."
    return public(name=name, out=True)(function)


cummax, cummin = _extreme("cummax", "max"), _extreme("cummin", "min")


def _log_gradient(g, input, result, infos, dim):
    """exp(x_i) times the sum over j >= i of g_j exp(-y_j); gradients of either sign go apart, as logarithms."""
    if not infos[0].shape:
        return g

    lowest, size = dt.finfo(infos[0].dtype).min, A.log_op(A.abs_op(g))

    def part(sign):
        backwards = A.sub_op(A.where_op(sign, size, lowest), result)
        backwards = flip_op(logcumsumexp_op(flip_op(backwards, dims=(dim,)), dim=dim), dims=(dim,))
        return A.exp_op(A.add_op(input, backwards))

    return A.sub_op(part(A.gt_op(g, 0)), part(A.lt_op(g, 0)))


logcumsumexp_op = Op("logcumsumexp", "input", "dim", compute=lambda x, dim: P.cumulative("logsumexp", x, dim) if x.ndim else x,
                     grads={"input": _log_gradient})


@public(out=True)
def logcumsumexp(input, dim):
    """log(cumsum(exp(input))) along dim, without overflow."""
    if not input.dtype.is_floating_point:
        raise NotImplementedError(f'"logcumsumexp_out_cpu" not implemented for \'{dt.long_name(input.dtype)}\'')
    return Op.apply(logcumsumexp_op, (input,), (Op.wrap_dim(dim, input._meta.ndim),))


# ------------------------------------------------------------------ differences
@public(out=True)
def diff(input, n=1, dim=-1, prepend=None, append=None):
    """The n-th differences of neighbours along dim; prepend and append are joined to input before."""
    meta = input._meta
    if meta.ndim == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    d = Op.wrap_dim(dim, meta.ndim)
    for extra in (prepend, append):
        if extra is None:
            continue
        if extra._meta.ndim != meta.ndim:
            raise RuntimeError("diff expects prepend or append to be the same dimension as input")
        if any(a != b for i, (a, b) in enumerate(zip(extra._meta.shape, meta.shape)) if i != d):
            i = next(i for i, (a, b) in enumerate(zip(extra._meta.shape, meta.shape)) if a != b and i != d)
            raise RuntimeError("diff expects the shape of tensor to prepend or append to match that of input except along the "
                               f"differencing dimension; input.size({i}) = {meta.shape[i]}, but got tensor.size({i}) = "
                               f"{extra._meta.shape[i]}")
    if prepend is not None or append is not None:
        from .joining import cat

        input = cat([t for t in (prepend, input, append) if t is not None], d)
    if n == 0:
        return input.clone()
    out = input
    for _ in range(min(n, input._meta.shape[d])):
        size = out._meta.shape[d] - 1
        right, left = out.narrow(d, 1, size), out.narrow(d, 0, size)
        out = right.logical_xor(left) if out.dtype is dt.bool_ else right - left
    return out


# ------------------------------------------------------------------ trapezoids
def _widths(name, y, x, dim):
    """Distances of the sample points x along dim, shaped to go with y's neighbours."""
    if x._meta.ndim == 1 and y._meta.ndim != 1:
        if x._meta.shape[0] != y._meta.shape[dim]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        x = x.reshape([-1 if i == dim else 1 for i in range(y._meta.ndim)])
    at = dim - y._meta.ndim     # counted from the end, for x may have fewer dimensions
    if x._meta.ndim < -at or x._meta.shape[at] != y._meta.shape[dim]:
        raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
    return diff(x, dim=at)


def _neighbours(y, dim):
    n = y._meta.shape[dim] - 1
    return y.narrow(dim, 1, n) + y.narrow(dim, 0, n)


def _spacing(name, y, x, dx, dim):
    d = Op.wrap_dim(dim, y._meta.ndim)
    if x is not None and dx is not None:
        raise TypeError(f"{name}() received an invalid combination of arguments: give x or dx, not both")
    if y.dtype is dt.bool_:
        raise RuntimeError(f"{name}: received a bool input for `y`, but bool is not supported")
    return d, 1 if dx is None else dx


@public(method=False, aliases=("trapz",))
def trapezoid(y, x=None, *, dx=None, dim=-1):
    """The integral of samples y along dim by the trapezoidal rule; sampled at x, or dx (1) apart."""
    d, dx = _spacing("trapezoid", y, x, dx, dim)
    if y._meta.shape[d] == 0:
        return y.sum(d) * 0
    if x is None:
        return _neighbours(y, d).sum(d) * (dx / 2.0)
    return (_neighbours(y, d) * _widths("trapezoid", y, x, d)).sum(d) / 2.0


@public(method=False)
def cumulative_trapezoid(y, x=None, *, dx=None, dim=-1):
    """The integral so far, at each sample but the first."""
    d, dx = _spacing("cumulative_trapezoid", y, x, dx, dim)
    if x is None:
        return (_neighbours(y, d) * (dx / 2.0)).cumsum(d)
    return (_neighbours(y, d) * _widths("cumulative_trapezoid", y, x, d)).cumsum(d) / 2.0


# ------------------------------------------------------------------ gradient
@public(method=False)
def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """Derivatives along each dimension (or those of dim) by central differences; spacing: distances, or coordinates."""
    ndim = input._meta.ndim
    dims = tuple(range(ndim)) if dim is None else tuple(Op.wrap_dim(d, ndim) for d in ((dim,) if isinstance(dim, int) else dim))
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    spacings = list(spacing) if isinstance(spacing, (list, tuple)) else [spacing] * len(dims)
    if len(spacings) != len(dims):
        raise RuntimeError(f"torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to "
                           f"'self.dim() = {len(dims)}', but got a list of length {len(spacings)}")
    for d in dims:
        if input._meta.shape[d] < edge_order + 1:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    return tuple(_derivative(input, d, s, edge_order) for d, s in zip(dims, spacings))


def _derivative(y, d, spacing, edge_order):
    from .joining import cat

    n = y._meta.shape[d]
    part = y.narrow
    if isinstance(spacing, Op.Tensor) and spacing._meta.ndim:
        if spacing._meta.shape[0] != n:
            raise RuntimeError("torch.gradient expected each coordinates tensor to have the same size as the dimension it belongs to")
        h = diff(spacing).reshape([-1 if i == d else 1 for i in range(y._meta.ndim)])
        h0, h1 = h.narrow(d, 0, n - 2), h.narrow(d, 1, n - 2)
        middle = (part(d, 0, n - 2) * (-h1 / (h0 * (h0 + h1))) + part(d, 1, n - 2) * ((h1 - h0) / (h0 * h1))
                  + part(d, 2, n - 2) * (h0 / (h1 * (h0 + h1))))
        first, last = h.narrow(d, 0, 1), h.narrow(d, n - 2, 1)
        second, last_but_one = (h.narrow(d, 1, 1), h.narrow(d, n - 3, 1)) if edge_order == 2 else (None, None)
    else:
        first = last = second = last_but_one = spacing
        middle = (part(d, 2, n - 2) - part(d, 0, n - 2)) / (2 * spacing)
    if edge_order == 1:
        low = (part(d, 1, 1) - part(d, 0, 1)) / first
        high = (part(d, n - 1, 1) - part(d, n - 2, 1)) / last
    else:
        low = _edge(part(d, 0, 1), part(d, 1, 1), part(d, 2, 1), first, second)
        high = _edge(part(d, n - 1, 1), part(d, n - 2, 1), part(d, n - 3, 1), last, last_but_one) * -1
    return cat((low, middle, high), d)


def _edge(y0, y1, y2, h0, h1):
    """The derivative at y0 of the parabola through three points, h0 and h1 apart."""
    return y0 * (-(2 * h0 + h1) / (h0 * (h0 + h1))) + y1 * ((h0 + h1) / (h0 * h1)) + y2 * (-h0 / (h1 * (h0 + h1)))
