"""Random programs of views, in-place writes, `.data`, `detach` and gradients: this engine and PyTorch must agree.

A program is a list of steps over a growing set of tensors; each step is applied to both engines. Compared after every
step: the error (type and text), or the new tensor's values, shape, strides, version, requires_grad, is_leaf and grad_fn
name; and for all tensors at the end, with the gradients of a backward pass from one of them.
"""
import random
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rushlight


def _dims(rng, t):
    return rng.randrange(-t.dim(), t.dim()) if t.dim() else 0


def _slice(rng, n):
    a = rng.randrange(0, n + 1)
    return slice(rng.choice([None, a]), rng.choice([None, rng.randrange(a, n + 1)]), rng.choice([None, None, 1, 2]))


def _index(rng, t):
    """A basic index: ints, slices, None, Ellipsis."""
    items = []
    for n in t.shape[:rng.randint(0, t.dim())]:
        items.append(rng.randrange(-n, n) if n and rng.random() < 0.4 else _slice(rng, n))
    if rng.random() < 0.15:
        items.insert(rng.randint(0, len(items)), None)
    if rng.random() < 0.1:
        items.append(Ellipsis)
    return tuple(items) if len(items) != 1 or rng.random() < 0.5 else items[0]


def _reshape(rng, t):
    n = t.numel()
    options = [(-1,), (n,), (1, n), (n, 1)]
    for k in (2, 3, 4):
        if n and n % k == 0:
            options += [(k, -1), (n // k, k), (k, 1, n // k)]
    return rng.choice(options)


def views(rng, t):
    kind = rng.choice(["index", "index", "transpose", "permute", "reshape", "view", "unsqueeze", "squeeze", "expand", "narrow",
                       "diagonal", "flatten", "t", "unbind", "split", "detach", "data", "chunk", "select", "unfold", "as_strided"])
    d, e = _dims(rng, t), _dims(rng, t)
    if kind == "index":
        i = _index(rng, t)
        return kind, lambda T, x: x[i]
    if kind == "transpose":
        return kind, lambda T, x: x.transpose(d, e)
    if kind == "permute":
        p = rng.sample(range(t.dim()), t.dim())
        return kind, lambda T, x: x.permute(*p) if p else x.permute(())
    if kind in ("reshape", "view"):
        s = _reshape(rng, t)
        return kind, lambda T, x: getattr(x, kind)(*s)
    if kind == "unsqueeze":
        return kind, lambda T, x: x.unsqueeze(d)
    if kind == "squeeze":
        return kind, (lambda T, x: x.squeeze()) if rng.random() < 0.5 else (lambda T, x: x.squeeze(d))
    if kind == "expand":
        s = [rng.choice([n, -1]) if n != 1 else rng.choice([1, 2, 3]) for n in t.shape]
        s = rng.choice([[], [2], [1]]) + s
        return kind, lambda T, x: x.expand(*s) if s else x.expand(())
    if kind == "narrow":
        n = t.shape[d] if t.dim() else 1
        a = rng.randrange(0, n + 1)
        m = rng.randrange(0, n - a + 1)
        return kind, lambda T, x: x.narrow(d, a, m)
    if kind == "select":
        n = t.shape[d] if t.dim() else 1
        i = rng.randrange(-n, n) if n else 0
        return kind, lambda T, x: x.select(d, i)
    if kind == "unfold":
        n = t.shape[d] if t.dim() else 1
        size, step = rng.randint(1, max(n, 1)), rng.randint(1, 2)
        return kind, lambda T, x: x.unfold(d, size, step)
    if kind == "as_strided":
        n = rng.randint(1, max(1, min(3, t.numel())))
        return kind, lambda T, x: x.as_strided((n,), (1,))
    if kind == "diagonal":
        o = rng.randint(-1, 1)
        return kind, lambda T, x: x.diagonal(o, d, e)
    if kind in ("flatten", "t", "detach"):
        return kind, lambda T, x: getattr(x, kind)()
    if kind == "data":
        return kind, lambda T, x: x.data
    if kind == "unbind":
        k = rng.random()
        return kind, lambda T, x: (lambda u: u[int(k * len(u))])(x.unbind(d))
    n = rng.randint(1, 3)
    k = rng.random()
    return kind, lambda T, x: (lambda u: u[int(k * len(u))])(getattr(x, kind)(n, d))


def pure(rng, t):
    kind = rng.choice(["mul", "add", "sum", "sumdim", "exp", "neg", "square", "clone", "mean", "max", "relu", "contiguous", "advanced",
                       "masked"])
    d = _dims(rng, t)
    k = rng.choice([2, 0.5, -1.0])
    if kind == "mul":
        return kind, lambda T, x: x * k
    if kind == "add":
        return kind, lambda T, x: x + k
    if kind == "sum":
        return kind, lambda T, x: x.sum()
    if kind == "sumdim":
        keep = rng.random() < 0.5
        return kind, lambda T, x: x.sum(d, keep)
    if kind == "exp":
        return kind, lambda T, x: (x * 0.1).exp()
    if kind == "neg":
        return kind, lambda T, x: -x
    if kind == "square":
        return kind, lambda T, x: x * x
    if kind == "mean":
        return kind, lambda T, x: x.mean(d)
    if kind == "max":
        return kind, lambda T, x: T.clamp(x, min=0.25)
    if kind == "relu":
        return kind, lambda T, x: x.relu()
    if kind == "advanced":
        n = t.shape[0] if t.dim() else 0
        i = [rng.randrange(-n, n) for _ in range(rng.randint(1, 3))] if n else [0]
        return kind, lambda T, x: x[T.tensor(i)].clone(memory_format=T.contiguous_format)   # PyTorch's layout of it is its own
    if kind == "masked":
        return kind, lambda T, x: x[x > 0]
    return kind, lambda T, x: getattr(x, kind)()


WRITES = ["add_", "mul_", "mul_self", "copy_", "zero_", "fill_", "setitem", "setitem", "setadvanced", "setmask", "exp_",
          "iadd", "sub_", "clamp_", "masked_fill_", "t_", "unsqueeze_", "addcmul_"]


def writes(rng, t):
    kind = rng.choice(WRITES[:-1])
    k = rng.choice([2, 0.5, -1.0])
    if kind in ("add_", "mul_", "fill_", "sub_"):
        return kind, lambda T, x: getattr(x, kind)(k)
    if kind == "clamp_":
        return kind, lambda T, x: x.clamp_(-5, 5)
    if kind == "mul_self":
        return kind, lambda T, x: x.mul_(x.detach() * 0.5)
    if kind == "copy_":
        return kind, lambda T, x: x.copy_(T.full(x.shape, 1.5))
    if kind == "zero_":
        return kind, lambda T, x: x.zero_()
    if kind == "exp_":
        return kind, lambda T, x: x.clamp_(max=1.0).exp_()
    if kind == "iadd":
        return kind, lambda T, x: x.__iadd__(k)
    if kind == "t_":
        return kind, lambda T, x: x.t_()
    if kind == "unsqueeze_":
        return kind, lambda T, x: x.unsqueeze_(0)
    if kind == "masked_fill_":
        return kind, lambda T, x: x.masked_fill_(x > 0.5, k)
    if kind == "setmask":
        def run(T, x):
            x[x > 0] = k
            return x
        return kind, run
    if kind == "setadvanced":
        n = t.shape[0] if t.dim() else 0
        i = rng.sample(range(n), rng.randint(1, n)) if n else [0]
        tensor = rng.random() < 0.5

        def run(T, x):
            x[T.tensor(i)] = T.full((len(i),) + tuple(x.shape[1:]), k) if tensor else k
            return x
        return kind, run
    i = _index(rng, t)
    tensor = rng.random() < 0.5

    def run(T, x):
        x[i] = T.full((1,), k) if tensor else k
        return x
    return "setitem", run


def dense(t):
    reach = 1
    for stride, n in sorted((s, n) for s, n in zip(t.stride(), t.shape) if n != 1):
        if stride != reach:
            return False
        reach *= n
    return True


def overlaps(t):
    """Whether a view shows an element twice, but not just by an expanded dimension: what is written then depends on the order
    in which PyTorch happens to write."""
    places = sorted((s, n) for s, n in zip(t.stride(), t.shape) if n > 1)
    reach = 0
    for stride, n in places:
        if stride <= reach:
            return stride != 0 or len(places) > 1
        reach += stride * (n - 1)
    return False


def entangled(t, u):
    """Whether two views share memory in a way that PyTorch does not look into: what is written from one over the other then
    depends on the order in which it happens to write."""
    same = t.untyped_storage().data_ptr() == u.untyped_storage().data_ptr()
    where = [(tuple(x.shape), x.stride(), x.storage_offset()) for x in (t, u)]
    return same and where[0] != where[1]


def two(rng, t, u):
    kind = rng.choice(["add", "mul", "add_", "mul_", "copy_", "sub", "matmul", "cat", "where", "setitem", "addcmul_"])
    if entangled(t, u) and kind in ("add_", "mul_", "copy_", "setitem", "addcmul_") and \
            not (dense(t) and dense(u) and kind != "setitem"):
        kind = "add"
    if kind == "matmul" and max(t.dim(), u.dim()) > 2:
        kind = "mul"
    if kind in ("add", "mul", "sub", "matmul"):
        return kind, lambda T, x, y: getattr(T, kind)(x, y)
    if kind == "cat":
        return kind, lambda T, x, y: T.cat([x, y], 0)
    if kind == "where":
        return kind, lambda T, x, y: T.where(x > 0, x, y)
    if kind == "addcmul_":
        return kind, lambda T, x, y: x.addcmul_(y, y, value=0.5)
    if kind == "setitem":
        i = _index(rng, t)

        def run(T, x, y):
            x[i] = y
            return x
        return kind, run
    return kind, lambda T, x, y: getattr(x, kind)(y)


def attempt(f):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return f(), None
        except Exception as error:  # noqa: BLE001 - whatever it is, both engines must agree on it
            return None, error


def facts(t):
    try:
        node = type(t.grad_fn).__name__ if t.grad_fn is not None else None
    except RuntimeError as error:  # a view that autograd refuses
        node = str(error)
    return dict(shape=tuple(t.shape), stride=tuple(t.stride()), offset=t.storage_offset(), version=t._version, requires=t.requires_grad, leaf=attempt(lambda: t.is_leaf)[0], node=node,
                values=t.detach().tolist())


def same_error(a, b):
    first, second = str(a).split("\n")[0], str(b).split("\n")[0]
    if "modified inplace" in first and "modified inplace" not in second:
        return True     # two things are wrong: PyTorch asks for the grad_fn of stale views before it looks at shapes
    return first == second and type(a).__name__ == type(b).__name__


def run_program(seed, torch, steps=14):
    rng = random.Random(seed)
    pairs, log = [], []

    def both(text, f, *at):
        log.append(text)
        x, ex = attempt(lambda: f(torch, *[pairs[i][0] for i in at]))
        y, ey = attempt(lambda: f(rushlight, *[pairs[i][1] for i in at]))
        if (ex is None) != (ey is None) or (ex is not None and not same_error(ex, ey)):
            raise AssertionError(f"seed {seed}: errors differ\n{log}\nPyTorch: {type(ex).__name__}: {ex}\nours: {type(ey).__name__}: {ey}")
        if ex is not None:
            return None
        fx, fy = facts(x), facts(y)
        if not agree(fx, fy):
            raise AssertionError(f"seed {seed}: differ\n{log}\nPyTorch: {fx}\nours: {fy}")
        return x, y

    shapes = [(3,), (2, 3), (4, 3), (2, 2, 3), (1, 4), ()]
    for _ in range(2):
        shape = rng.choice(shapes)
        grad = rng.random() < 0.6
        got = both(f"t{len(pairs)} = arange{shape} grad={grad}", lambda T: (T.arange(float(max(1, _count(shape)))) - 1.5).reshape(shape)
                   .clone().requires_grad_(grad))
        pairs.append(got)
    for _ in range(steps):
        i = rng.randrange(len(pairs))
        t = pairs[i][0]
        mode = rng.random()
        off = rng.random() < 0.12
        if mode < 0.4:
            text, f = views(rng, t)
            at = (i,)
        elif mode < 0.55:
            text, f = pure(rng, t)
            at = (i,)
        elif mode < 0.8:
            text, f = writes(rng, t)
            at = (i,)
        else:
            j = rng.randrange(len(pairs))
            text, f = two(rng, t, pairs[j][0])
            at = (i, j)
        if off:
            inner = f

            def f(T, *xs, inner=inner):
                with T.no_grad():
                    return inner(T, *xs)
        if text in WRITES and overlaps(t) or text == "masked_fill_" and 0 in t.stride():
            continue        # of no defined order; deprecated, and without a gradient in PyTorch
        if off and text in ("t_", "unsqueeze_") and t.requires_grad and t._base is None:
            continue        # the tensor no longer fits its node: PyTorch's error names whatever uses it next
        got = both(f"t{len(pairs)} = {text}{at}{' no_grad' if off else ''}", f, *at)
        if got is not None and got[0].numel() <= 200 and len(pairs) < 12:
            pairs.append(got)
    for k, (x, y) in enumerate(pairs):
        fx, fy = facts(x), facts(y)
        if not agree(fx, fy):
            raise AssertionError(f"seed {seed}: t{k} differs at the end\n{log}\nPyTorch: {fx}\nours: {fy}")
    candidates = [k for k, (x, _) in enumerate(pairs) if x.requires_grad]
    if candidates:
        k = rng.choice(candidates)
        both(f"t{k}.sum().backward()", lambda T, x: (x.sum().backward(), x.detach())[1], k)
        for j, (x, y) in enumerate(pairs):
            gx, gy = gradient(x), gradient(y)
            if not close(gx, gy):
                raise AssertionError(f"seed {seed}: gradient of t{j}\n{log}\nPyTorch: {gx}\nours: {gy}")


def gradient(t):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return t.grad.tolist() if t.is_leaf and t.grad is not None else None
        except RuntimeError:
            return None


def _count(shape):
    n = 1
    for s in shape:
        n *= s
    return n


def agree(a, b):
    return all(close(a[k], b[k]) if k == "values" else a[k] == b[k] for k in a)


def close(a, b):
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b))
    if a is None or b is None:
        return a is b
    if a != a or b != b:
        return a != a and b != b
    return a == b or abs(a - b) <= 1e-5 * max(1.0, abs(a), abs(b))


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(seed=st.integers(0, 10**9))
def test_programs_agree_with_pytorch(oracle, seed):
    run_program(seed, oracle)


@pytest.mark.parametrize("seed", range(300))
def test_fixed_programs_agree_with_pytorch(oracle, seed):
    run_program(seed, oracle, steps=25)
