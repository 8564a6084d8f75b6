"""float16, bfloat16 and all integers in compiled plans: bit for bit what the interpreter and PyTorch give."""
import ctypes

import numpy as np
import pytest

import rushlight as torch
from rushlight.backends.tiers import tiers

pytest.importorskip("llvmlite")

from rushlight.backends.llvm import driver, generators, kernel, narrow, target
from rushlight.backends.llvm.nest import Access, Nest, Node
from rushlight.backends.numpy import bfloat

NARROW = ["float16", "bfloat16"]
MEMORY = {"float16": np.float16, "bfloat16": np.uint16}
HOSTS = [None, "avx2", "without"]
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -2.5, 3.0, 65504.0, -65504.0, 6e-8, -6e-8, 6e-5, 3e-5, 1e-40, 3.3e38, -3.3e38, 1.0009765625, 300.0,
         float("inf"), float("-inf"), float("nan")]


@pytest.fixture(params=HOSTS)
def limit(request, monkeypatch):
    """The host's limit; "without" computes float16 by integers."""
    if request.param == "without":
        monkeypatch.setattr(narrow, "converts_halves", lambda host: False)
        return None
    if request.param == "avx2" and target.host().vector < 32:
        pytest.skip("a processor with AVX2")
    return request.param


def run(spec, arrays, threads, limit):
    host = target.host(limit)
    made = kernel.compile_source(generators.generate(spec, host), host)
    workspace = np.zeros(made.source.workspace + 64, np.uint8)
    arguments = (ctypes.c_void_p * (len(arrays) + 1))(*[a.ctypes.data for a in arrays], -(-workspace.ctypes.data // 64) * 64)
    words = driver.entries(made.phases, ctypes.addressof(arguments))
    table = (ctypes.c_int64 * len(words))(*words)
    driver.pool(threads).run(ctypes.addressof(table), len(made.phases), threads)


def to_float(words, dtype):
    return words.astype(np.float32) if dtype == "float16" else bfloat.to_float32(words)


def from_float(x, dtype):
    with np.errstate(all="ignore"):
        return x.astype(np.float32).astype(np.float16) if dtype == "float16" else bfloat.from_float32(x)


def same(a, b):
    """Equal numbers, NaN where NaN, and zeros of one sign."""
    np.testing.assert_array_equal(a, b)
    if a.dtype.kind == "f":
        number = ~np.isnan(a)
        np.testing.assert_array_equal(np.signbit(a)[number], np.signbit(b)[number])


def load(argument, dtype, strides=(1,)):
    return Node("load", (), dtype, Access(argument, strides))


# ------------------------------------------------------------------ kernels
@pytest.mark.parametrize("dtype", NARROW)
def test_every_number_widens_and_floats_round(dtype, limit):
    words = np.arange(1 << 16, dtype=np.uint16)
    numbers = to_float(words.view(MEMORY[dtype]), dtype)
    y = np.empty(words.size, np.float32)
    run(Nest(y.shape, (load(0, dtype), Node("cast", (0,), "float32")), ((1, Access(1, (1,))),), (), (), 2), [words, y], 1, limit)
    same(y, numbers)
    # floats beside each number, and in the middle between it and the next
    bits = numbers.view(np.uint32)
    step = 1 << (12 if dtype == "float16" else 15)
    bits = np.concatenate([bits + np.uint32(d % 2 ** 32) for d in (0, 1, -1, step - 1, step, step + 1)] + [np.arange(0, 2 ** 32, 65521, np.uint32)])
    x = bits.view(np.float32)
    y = np.empty(x.shape, MEMORY[dtype])
    run(Nest(x.shape, (load(0, "float32"), Node("cast", (0,), dtype)), ((1, Access(1, (1,))),), (), (), 2), [x, y], 1, limit)
    same(to_float(y, dtype), to_float(from_float(x, dtype), dtype))


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("m, k", [(1, 1), (17, 15), (300, 1000), (7, 4099), (4099, 7)])
def test_sums_are_rounded_once(dtype, m, k, limit):
    rng = np.random.default_rng(0)
    x = from_float(rng.integers(-8, 9, (m, k)).astype(np.float32) / 4, dtype)        # so all sums are exact in float
    wide = to_float(x, dtype)
    product = to_float(from_float(wide * wide, dtype), dtype)
    nodes = (load(0, dtype, (k, 1)), Node("mul", (0, 0), dtype))
    y = np.empty((m, k), MEMORY[dtype])
    for reduced, strides, axis, n in (((1,), (1, 0), 1, m), ((0,), (0, 1), 0, k), ((0, 1), (0, 0), (0, 1), 1)):
        total, most = np.empty(n, MEMORY[dtype]), np.empty(n, MEMORY[dtype])
        run(Nest((m, k), nodes, ((1, Access(1, (k, 1))),), (("sum", 1, Access(2, strides)), ("max", 0, Access(3, strides))), reduced, 4),
            [x, y, total, most], 2, limit)
        same(to_float(y, dtype), product)
        same(to_float(total, dtype), to_float(from_float(product.sum(axis, dtype=np.float64).reshape(n), dtype), dtype))
        same(to_float(most, dtype), wide.max(axis).reshape(n))


INTEGERS = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
NUMPY = {"floordiv": np.floor_divide, "rem": np.remainder, "fmod": np.fmod, "shl": np.left_shift, "shr": np.right_shift, "max": np.maximum,
         "add": np.add, "mul": np.multiply}


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_primitives(dtype, limit):
    info = np.iinfo(dtype)
    edges = [0, 1, 2, 3, 5, 7, info.bits - 1, info.bits, info.max, info.max - 1, info.min, info.min + 1] + [-1, -2, -3, -7] * (info.min < 0)
    rng = np.random.default_rng(0)
    some = np.concatenate([np.array(edges, dtype), rng.integers(info.min, info.max, 40, dtype), rng.integers(0, min(info.max, 50), 20).astype(dtype)])
    a, b = (x.ravel().copy() for x in np.meshgrid(some, some))
    for name, function in NUMPY.items():
        y = np.empty_like(a)
        run(Nest(a.shape, (load(0, dtype), load(1, dtype), Node(name, (0, 1), dtype)), ((2, Access(2, (1,))),), (), (), 3), [a, b, y], 1, limit)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(y, function(a, b), name)
    y = np.empty(4, dtype)
    run(Nest(a.shape, (load(0, dtype),), (), tuple((kind, 0, Access(1, (0,), i)) for i, kind in enumerate(("sum", "prod", "max", "min"))), (0,), 2),
        [a, y], 1, limit)
    assert y.ravel().tolist() == [a.sum(dtype=dtype), a.prod(dtype=dtype), a.max(), a.min()]


# ------------------------------------------------------------------ programs
@pytest.fixture
def both(monkeypatch):
    """both(f): what f gives interpreted, and then compiled with nothing left to the host."""
    from rushlight.backends.llvm import program

    def results(function, *args, host=()):
        monkeypatch.setattr(tiers, "strict", True)
        monkeypatch.setattr(tiers, "sight", 2)
        monkeypatch.setattr(tiers, "mode", "wait")
        made = []

        class Seen(program.Program):
            def __init__(self, *args):
                super().__init__(*args)
                made.append(self)

        monkeypatch.setattr(program, "Program", Seen)
        plain, compiled = function(*args), function(*args)
        assert made
        assert {launch.value.prim for p in made for launch in p.launches if launch.value is not None} <= {"check", *host}
        return plain, compiled
    return results


def numbers(t):
    """A tensor's numbers as NumPy holds them exactly."""
    t = t.detach()
    return (t.float() if "float16" in str(t.dtype) else t).numpy()


def operands(dtype, lib):
    """Two tensors, given as NumPy arrays to both libraries; every pair of edges, and some ordinary numbers."""
    if dtype == "bool":
        a = np.array([True, False] * 9)
        return lib.from_numpy(a), lib.from_numpy(np.repeat(a, 2)[:18].copy())
    if "float" in dtype:
        a, b = (x.ravel() for x in np.meshgrid(np.array(EDGES), np.array(EDGES)))
        ordinary = np.random.default_rng(0).standard_normal((2, 540)) * 3
        a, b = np.concatenate([a, ordinary[0]]), np.concatenate([b, ordinary[1]])
        return tuple(lib.from_numpy(x.astype(np.float32)).to(getattr(lib, dtype)) for x in (a, b))
    info = np.iinfo(dtype)
    a = np.random.default_rng(0).integers(info.min, info.max, (2, 300), dtype)
    a[1] //= 7
    a[1, a[1] == 0] = 3
    return lib.from_numpy(a[0]), lib.from_numpy(a[1])


EXACT = {
    "add": lambda t, a, b: a + b, "sub": lambda t, a, b: a - b, "mul": lambda t, a, b: a * b, "div": lambda t, a, b: a / b,
    "max": lambda t, a, b: t.maximum(a, b), "min": lambda t, a, b: t.minimum(a, b), "relu": lambda t, a, b: a.relu(),
    "neg": lambda t, a, b: -a, "abs": lambda t, a, b: a.abs(), "sign": lambda t, a, b: a.sign(), "sqrt": lambda t, a, b: a.sqrt(),
    "floor": lambda t, a, b: a.floor(), "ceil": lambda t, a, b: a.ceil(), "trunc": lambda t, a, b: a.trunc(), "round": lambda t, a, b: a.round(),
    "reciprocal": lambda t, a, b: a.reciprocal(), "rsqrt": lambda t, a, b: a.rsqrt(), "number": lambda t, a, b: a * 0.5 + 3,
    "clamp": lambda t, a, b: a.clamp(-1.5, 2), "where": lambda t, a, b: t.where(a > b, a, b), "lt": lambda t, a, b: a < b,
    "le": lambda t, a, b: a <= b, "gt": lambda t, a, b: a > b, "ge": lambda t, a, b: a >= b, "eq": lambda t, a, b: a == b,
    "ne": lambda t, a, b: a != b, "isnan": lambda t, a, b: a.isnan(), "isinf": lambda t, a, b: a.isinf(), "isfinite": lambda t, a, b: a.isfinite(),
    "chain": lambda t, a, b: (a * b + a) / (b - 1) * 0.25, "gather": lambda t, a, b: a[t.tensor([3, 0, 5, 5, 1])],
    "joined": lambda t, a, b: t.cat([a * 2, b]), "flipped": lambda t, a, b: (a + b).flip(0),
}


def results_of(functions, lib, dtype):
    """All of them, computed by one plan; then as NumPy arrays."""
    a, b = operands(dtype, lib)
    given = [function(lib, a, b) for function in functions.values()]
    return [numbers(t) for t in given]


@pytest.mark.parametrize("dtype", NARROW)
def test_narrow_operations(both, oracle, dtype):
    plain, compiled = both(lambda: results_of(EXACT, torch, dtype))
    for name, mine, interpreted, theirs in zip(EXACT, compiled, plain, results_of(EXACT, oracle, dtype)):
        (np.testing.assert_array_equal if name in ("max", "min", "relu") else same)(mine, interpreted)           # NumPy takes either zero
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs, name)


FUNCTIONS = {name: (lambda t, a, b, name=name: getattr(a, name)()) for name in ("exp", "expm1", "log", "log1p", "tanh", "sigmoid", "sin", "atan")}


@pytest.mark.parametrize("dtype", NARROW)
def test_narrow_functions(both, oracle, dtype):
    """These are rounded from floats that may differ in the last place: few results differ, and by the narrow type's last place."""
    plain, compiled = both(lambda: results_of(FUNCTIONS, torch, dtype))
    x, place = numbers(operands(dtype, torch)[0]), {"float16": 2.0 ** -10, "bfloat16": 2.0 ** -7}[dtype]
    for name, mine, *others in zip(FUNCTIONS, compiled, plain, results_of(FUNCTIONS, oracle, dtype)):
        for other in others:
            np.testing.assert_allclose(mine, other, rtol=place, atol=1e-7, err_msg=name)
            differ = (mine != other) & ~np.isnan(other)
            assert len(np.unique(x[differ])) < 5, name


@pytest.mark.parametrize("dtype", NARROW)
def test_narrow_reductions(both, oracle, dtype):
    x = np.random.default_rng(0).integers(1, 5, (37, 53)).astype(np.float32) / 4
    near = 1 + x / 8
    near[:, 3:], near[3:] = 1, 1

    def reduce(lib):
        t, u = (lib.from_numpy(a).to(getattr(lib, dtype)) for a in (x, near))
        given = [getattr(t, how)(*dim) for how in ("sum", "mean", "amax", "amin") for dim in ((0,), (1,), ())]
        return [numbers(r) for r in given + [u.prod(0), u.prod(1), u.prod()]]

    plain, compiled = both(lambda: reduce(torch))
    for i, (mine, interpreted, theirs) in enumerate(zip(compiled, plain, reduce(oracle))):
        np.testing.assert_allclose(mine, interpreted, rtol=2.0 ** -7 if i >= 12 else 0)
        np.testing.assert_allclose(mine, theirs, rtol=2.0 ** -10 if dtype == "float16" else 2.0 ** -7)


@pytest.mark.parametrize("dtype", NARROW)
def test_sorts_scans_and_additions(both, oracle, dtype):
    x = np.random.default_rng(0).permutation(60).reshape(6, 10).astype(np.float32) / 4

    def compute(lib):
        t = lib.from_numpy(x).to(getattr(lib, dtype))
        rows = lib.tensor([0, 2, 2, 5])
        given = [t.cumsum(0), t.cummax(1)[0], t.sort(1)[0], t.sort(0)[1], t.argmax(1), t.topk(3)[0], t.index_add(0, rows, t[:4]),
                 t.scatter(1, rows[None].expand(6, 4), 2.5), lib.nn.functional.pad(t, (1, 2)), t.tril(), t.clone().index_fill_(1, rows, 3)]
        return [numbers(r) for r in given]

    plain, compiled = both(lambda: compute(torch))
    for a, b, theirs in zip(compiled, plain, compute(oracle)):
        same(a, b)
        np.testing.assert_array_equal(a, theirs)


ALL = [*NARROW, "float32", "float64", "bool", *INTEGERS]


@pytest.mark.parametrize("source", ALL)
def test_casts(both, oracle, source):
    """To every type at once; of floats those numbers that the target can hold, for the others are the platform's affair."""
    targets = [t for t in ALL if t != source and not ("float" in source and t in ("uint32", "uint64"))]

    def cast(lib):
        x = operands(source, lib)[0]
        if source == "float64":
            x = x * (1 + 2.0 ** -30)
        few = lib.where(x.abs() < 100, x, 3.0).to(x.dtype) if "float" in source else x
        return [numbers((x if "float" in t or t == "bool" else few.abs() if t.startswith("u") and few is not x else few).to(getattr(lib, t)))
                for t in targets]

    plain, compiled = both(lambda: cast(torch))
    for name, a, b, theirs in zip(targets, compiled, plain, cast(oracle)):
        same(a, b)
        np.testing.assert_array_equal(a, theirs, name)


def test_floats_out_of_range_become_small_integers_as_in_pytorch(both, oracle):
    x = np.array([300, -1, -1.5, 3e9, -3e9, 1e20, np.nan, np.inf, 70000, -70000, 2.0 ** 33 + 512], np.float32)

    def cast(lib):
        return [(lib.from_numpy(x).to(getattr(lib, s)) * 1).to(getattr(lib, t)).numpy()
                for s in ("float32", "float64", *NARROW) for t in ("uint8", "int8", "int16")]

    plain, compiled = both(lambda: cast(torch))
    for a, b, theirs in zip(compiled, plain, cast(oracle)):
        np.testing.assert_array_equal(a, theirs)
        np.testing.assert_array_equal(a, b)


def test_doubles_round_to_half_by_way_of_float(both, oracle):
    x = np.array([1 + 2.0 ** -11 + 2.0 ** -40, 1 + 3 * 2.0 ** -11 - 2.0 ** -40, 65519.9999999999, 1e-8])
    plain, compiled = both(lambda: numbers((torch.from_numpy(x) * 1).half()))
    np.testing.assert_array_equal(compiled, plain)
    np.testing.assert_array_equal(compiled, numbers(oracle.from_numpy(x).half()))


INTEGER = {
    "add": lambda t, a, b: a + b, "sub": lambda t, a, b: a - b, "mul": lambda t, a, b: a * b, "max": lambda t, a, b: t.maximum(a, b),
    "floordiv": lambda t, a, b: a // b, "rem": lambda t, a, b: a % b, "fmod": lambda t, a, b: t.fmod(a, b),
    "trunc": lambda t, a, b: t.div(a, b, rounding_mode="trunc"), "by_number": lambda t, a, b: a // 7 + a % 5, "div": lambda t, a, b: a / b,
    "shl": lambda t, a, b: a << (b & 7), "shr": lambda t, a, b: a >> (b & 3), "and": lambda t, a, b: a & b, "or": lambda t, a, b: a | b,
    "xor": lambda t, a, b: a ^ b, "not": lambda t, a, b: ~a, "neg": lambda t, a, b: -a, "abs": lambda t, a, b: a.abs(), "sign": lambda t, a, b: a.sign(),
    "lt": lambda t, a, b: a < b, "eq": lambda t, a, b: a == b, "sum": lambda t, a, b: a.sum(), "prod": lambda t, a, b: (a % 3).prod(),
    "amax": lambda t, a, b: a.amax(), "amin": lambda t, a, b: a.amin(), "any": lambda t, a, b: a.any(), "all": lambda t, a, b: b.all(),
    "mean": lambda t, a, b: a.float().mean(), "clamp": lambda t, a, b: a.clamp(3, 20), "where": lambda t, a, b: t.where(a > b, a, b),
}


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64"])
def test_integer_operations(both, oracle, dtype):
    plain, compiled = both(lambda: results_of(INTEGER, torch, dtype))
    for name, mine, interpreted, theirs in zip(INTEGER, compiled, plain, results_of(INTEGER, oracle, dtype)):
        assert mine.dtype == theirs.dtype
        if mine.dtype.kind == "f":
            np.testing.assert_allclose(mine, theirs, rtol=1e-6)
        else:
            np.testing.assert_array_equal(mine, interpreted, name)
            np.testing.assert_array_equal(mine, theirs, name)


# ------------------------------------------------------------------ layers
def _layers(t, dtype):
    t.manual_seed(0)
    net = t.nn.Sequential(t.nn.Conv2d(3, 5, 3, padding=1), t.nn.ReLU(), t.nn.MaxPool2d(2), t.nn.AvgPool2d(2), t.nn.Flatten(),
                          t.nn.Linear(20, 3)).to(dtype)
    x = (t.arange(2 * 3 * 8 * 8).reshape(2, 3, 8, 8) % 7 - 3).to(dtype)
    y = net(x)
    (y.float() ** 2).sum().backward()
    return [numbers(y)] + [numbers(p.grad) for p in net.parameters()]


@pytest.mark.parametrize("dtype", NARROW)
def test_layers_run_without_the_host(both, dtype):
    plain, compiled = both(lambda: _layers(torch, getattr(torch, dtype)))
    for a, b in zip(plain, compiled):
        np.testing.assert_allclose(b, a, rtol=0.03, atol=0.03)


@pytest.mark.parametrize("dtype", NARROW)
def test_products_are_rounded_once(both, oracle, dtype):
    def product(lib):
        a, b = ((lib.arange(n * m).reshape(n, m) % 9 - 4).to(getattr(lib, dtype)) / 4 for n, m in ((7, 33), (33, 5)))
        return numbers(a @ b)

    plain, compiled = both(lambda: product(torch))
    np.testing.assert_array_equal(compiled, plain)
    np.testing.assert_array_equal(compiled, product(oracle))


def test_training_under_autocast(both):
    def train():
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(13, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
        x, y = torch.rand(9, 13), torch.arange(9) % 4
        losses = []
        for _ in range(3):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = torch.nn.functional.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    plain, compiled = both(train, host=("words",))
    np.testing.assert_allclose(compiled, plain, rtol=0.01)
