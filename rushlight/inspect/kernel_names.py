"""What a kernel, or a call of the host's, computes, in a few words; and why something has no kernel."""
from collections import Counter
from math import prod

MOST_OPS = 6                # of a nest that are named
_QUIET = ("load", "const", "iota")


def size(numbers):
    return "x".join(map(str, numbers)) or "1"


def of_launch(launch):
    """(kind, name) of a launch. kind: what it is coloured by: conv, dot, pool, nest, copy, words, host, other."""
    if launch.spec is None:
        return "host", "host: " + of_value(launch.value)
    spec = launch.spec
    name = _SPECS.get(type(spec).__name__)
    return name(launch, spec) if name else ("other", f"{type(spec).__name__.lower()} {_rest(spec)}")


def _rest(spec):
    """A specification that has no name here, as it tells itself."""
    text = repr(spec)
    text = text[text.find("(") + 1:-1]
    return text if len(text) <= 60 else text[:57] + "..."


# ---------------------------------------------------------------- products, convolutions, pools, draws
def _ending(bias, activation):
    return (" +bias" if bias else "") + (f" {activation}" if activation else "")


def _dot(launch, spec):
    batch = size(spec.batch) + " of " if prod(spec.batch) != 1 else ""
    return "dot", f"dot {batch}{size((spec.m, spec.k, spec.n))}{_ending(spec.bias, spec.activation)}"


def _conv(what):
    def name(launch, spec):
        c = getattr(spec, "conv", spec)
        text = f"{what} {size(c.kernel)} {c.c}->{c.o} {size((c.h, c.w))}"
        if c.groups > 1:
            text += " depthwise" if c.depthwise else f" in {c.groups} groups"
        if set(c.stride) != {1}:
            text += f" stride {_one(c.stride)}"
        if set(c.dilation) != {1}:
            text += f" dilation {_one(c.dilation)}"
        return "conv", f"{text} batch {c.n}{_ending(c.bias, c.activation)}"
    return name


def _one(numbers):
    return str(numbers[0]) if len(set(numbers)) == 1 else size(numbers)


def _pool(what):
    def name(launch, spec):
        stride = "" if spec.stride == spec.window else f" stride {_one(spec.stride)}"
        return "pool", f"{spec.kind}_pool{what} {size(spec.window)}{stride} {size((spec.h, spec.w))} of {spec.c} batch {spec.n}"
    return name


def _words(launch, spec):
    return "words", f"random {spec.kind} {spec.count} {spec.dtype}"


# ---------------------------------------------------------------- along dimensions, at indices
def _along(what):
    def name(launch, spec):
        return "other", f"{what(spec)} {spec.dtype} {size((spec.outer, spec.n, spec.inner))} along the second"
    return name


def _scatter(launch, spec):
    return "other", f"scatter {spec.how} {spec.dtype} {size(spec.shape)}"


# ---------------------------------------------------------------- nests
def _nest(launch, spec):
    shape = spec.shape if launch.length == 1 else (launch.length,)       # a kernel of any length is told it when it runs
    if not spec.sums:
        moved = _moved(launch, spec, shape)
        if moved:
            return "copy", moved
    ops = Counter("gather" if n.op == "load" else n.op for n in spec.nodes
                  if n.op not in _QUIET or n.op == "load" and n.access.index >= 0)
    told = [f"{op}*{n}" if n > 1 else op for op, n in ops.items()][:MOST_OPS]
    if len(ops) > MOST_OPS:
        told.append(f"... ({sum(ops.values())} ops)")
    dims = " and ".join(map(str, sorted(spec.reduced)))
    told += [f"{how} over {dims}" for how in dict.fromkeys(how for how, *_ in spec.sums)]
    return "nest", f"nest {size(shape)}: {', '.join(told)}"


def _moved(launch, spec, shape):
    """The name of a nest that computes nothing; None for others."""
    if any(n.op not in _QUIET or n.op == "iota" or n.access is not None and n.access.index >= 0 for n in spec.nodes):
        return None
    if all(n.op == "const" for n in spec.nodes):
        return f"fill {size(shape)}"
    target = launch.writes[0][0]
    if prod(target.shape) > prod(shape):
        return f"copy {size(shape)} into a part of {size(target.shape)}"
    return f"copy {size(shape)} " + ("to a result" if target.kind == "result" else "to another layout")


_SPECS = {"Dot": _dot, "Forward": _conv("conv"), "InputGradient": _conv("conv gradient of input"),
          "WeightGradient": _conv("conv gradient of weights"), "Pool": _pool(""), "PoolGradient": _pool(" gradient"),
          "Words": _words, "Nest": _nest, "Scatter": _scatter, "ArgExtreme": _along(lambda spec: "arg" + spec.how),
          "Scan": _along(lambda spec: "cum" + spec.how), "Sort": _along(lambda spec: f"first {spec.k} in order")}


# ---------------------------------------------------------------- values, as the host computes them
_KINDS = {"dot": "dot", "conv": "conv", "conv_dx": "conv", "conv_dw": "conv", "max_pool": "pool", "sum_pool": "pool",
          "max_pool_dx": "pool", "sum_pool_dx": "pool", "max_pool_index": "pool", "max_pool_tap": "pool", "words": "words"}


def kind_of_value(v):
    return _KINDS.get(v.prim, "nest")


def of_value(v):
    """A primitive and what it is applied to."""
    shapes = [size(a.shape) for a in v.args if a.dtype is not None]
    text = v.prim
    if v.prim == "dot":
        (*_, m, k), n = v.args[0].shape, v.shape[-1]
        text += f" {size(v.shape[:-2]) + ' of ' if prod(v.shape[:-2]) != 1 else ''}{size((m, k, n))}"
    elif v.prim in ("conv", "conv_dx", "conv_dw"):
        text += f" {' with '.join(shapes[:2])}"
    elif v.dtype is not None:
        text += f" {v.dtype.name} {size(v.shape)}"
    else:
        text += f" of {', '.join(shapes)}"
    return text


def flops_of_value(v):
    """Floating-point operations of a primitive, as the kernels count them."""
    if v.dtype is None:
        return 0
    if v.prim == "dot":
        return 2 * v.numel * v.args[0].shape[-1]
    if v.prim in ("conv", "conv_dx", "conv_dw"):
        # every weight takes part once for each position of the result; stored are image, weights and the result's gradient
        if v.prim == "conv":
            out, weights = v.shape, v.args[1].shape
        else:
            out = v.args[0].shape
            weights = v.args[1].shape if v.prim == "conv_dx" else v.shape
        return 2 * out[0] * prod(out[2:]) * prod(weights)
    if v.prim in ("reshape", "permute", "slice", "expand", "cast", "concatenate", "array", "const", "iota", "dynamic_slice", "gather", "words",
                  "item", "after", "flip", "diagonal"):
        return 0
    return max([v.numel] + [a.numel for a in v.args if a.dtype is not None])


def traffic_of_value(v):
    """Bytes of operands and result; nothing for what is a view in NumPy."""
    if v.prim in ("reshape", "permute", "slice", "expand", "flip", "diagonal", "const", "array", "input"):
        return 0
    if v.prim in ("dynamic_slice", "gather"):
        return 2 * bytes_of(v)              # they read what they take
    return sum(bytes_of(a) for a in (*v.args, v))


def bytes_of(v):
    return prod(v.shape) * v.dtype.itemsize if v.dtype is not None else 0


# ---------------------------------------------------------------- why no kernel
def why_host(v):
    """Why a compiled plan leaves a value to the host."""
    from ..backends.llvm import launches, scalar_ops

    if v.prim == "check":
        return "a check of values: its error is Python's"
    if v.prim == "words":
        return "random numbers that kernels cannot draw (their kind, or what draws before them)"
    if v.dtype is None:
        return "gives several arrays at once"
    if not v.numel or any(a.dtype is not None and not a.numel for a in v.args):
        return "has no elements"
    strange = [d.name for d in (v.dtype, *(a.dtype for a in v.args if a.dtype is not None)) if d.name not in scalar_ops.REGISTER]
    if strange:
        return f"there are no kernels for {strange[0]}"
    if v.prim in launches._LAUNCHES:
        first = v.args[0].dtype.name
        return f"its kernels are for float32 and float64, not {first}" if v.prim in launches.FLOATING and first not in launches.TYPES else \
            "its kernels do not serve these shapes, or this padding"
    return f"there is no kernel for {v.prim}"
