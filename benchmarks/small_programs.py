"""Small programs for kernels.py, which both engines run: what is generated for a whole program, not kept as a kernel of its own.

Bytes are those that must be read and written at least, the same for all sides.
"""
from functools import partial

import numpy as np
from kernel_cases import Case

MANY = 10_000_000


def _exp(torch, x):
    return lambda: torch.exp(x)


def _chain(torch, x):
    return lambda: torch.sigmoid(x) * 2.0 + 1.0


def _dropout(torch, x):
    return lambda: torch.nn.functional.dropout(x, 0.5)


def _cross_entropy(torch, x):
    x.requires_grad_()
    labels = torch.arange(x.shape[0]) % x.shape[1]

    def step():
        x.grad = None
        torch.nn.functional.cross_entropy(x, labels).backward()
        return x.grad
    return step


def _norm(torch, x, norm):
    x.requires_grad_()
    g = torch.sin(3 * x.detach())                       # what is proportional to x would cancel out

    def step():
        x.grad = None
        norm(x).backward(g)
        return x.grad
    return step


def _batch_norm(torch, x):
    return _norm(torch, x, torch.nn.BatchNorm2d(x.shape[1]))


def _layer_norm(torch, x):
    return _norm(torch, x, torch.nn.LayerNorm(x.shape[1]))


def _adam(torch, x):
    x.requires_grad_()
    x.grad = torch.ones_like(x.detach())
    optimizer = torch.optim.Adam([x], lr=1e-3)

    def step():
        optimizer.step()
        return x
    return step


# ---------------------------------------------------------------- NumPy's
def _numpy_exp(x):
    y = np.empty_like(x)
    return lambda: np.exp(x, out=y)


def _numpy_chain(x):
    y = np.empty_like(x)

    def run():
        np.negative(x, out=y)
        np.exp(y, out=y)
        np.add(y, 1, out=y)
        np.divide(2, y, out=y)
        return np.add(y, 1, out=y)
    return run


def _numpy_dropout(x):
    draw = np.random.default_rng(0)
    return lambda: x * (draw.random(x.shape, np.float32) < 0.5) * np.float32(2)


def _numpy_cross_entropy(x):
    rows, labels = np.arange(len(x)), np.arange(len(x)) % x.shape[1]

    def run():
        p = np.exp(x - x.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        p[rows, labels] -= 1
        p /= len(x)
        return p
    return run


def _numpy_adam(x):
    p, g, m, v, step = x.copy(), np.ones_like(x), np.zeros_like(x), np.zeros_like(x), 0
    root, change = np.empty_like(x), np.empty_like(x)

    def run():
        nonlocal step
        step += 1
        np.multiply(m, 0.9, out=m)
        np.add(m, np.multiply(g, 0.1, out=change), out=m)
        np.multiply(v, 0.999, out=v)
        np.multiply(g, g, out=change)
        np.add(v, np.multiply(change, 0.001, out=change), out=v)
        np.sqrt(v, out=root)
        np.divide(root, (1 - 0.999 ** step) ** 0.5, out=root)
        np.add(root, 1e-8, out=root)
        np.divide(m, root, out=change)
        np.subtract(p, np.multiply(change, 1e-3 / (1 - 0.9 ** step), out=change), out=p)
        return p
    return run


# name, the program, NumPy's, shape, bytes for each element, whether the results agree
PROGRAMS = [
    ("exp", _exp, _numpy_exp, (MANY,), 8, True),
    ("sigmoid(x) * 2 + 1", _chain, _numpy_chain, (MANY,), 8, True),
    ("dropout", _dropout, _numpy_dropout, (MANY,), 8, False),
    ("cross entropy and gradient", _cross_entropy, _numpy_cross_entropy, (256, 10), 8, True),
    ("cross entropy and gradient", _cross_entropy, _numpy_cross_entropy, (4096, 1000), 8, True),
    ("batch norm and gradient", _batch_norm, None, (64, 64, 48, 48), 20, True),
    ("batch norm and gradient", _batch_norm, None, (64, 512, 3, 3), 20, True),
    ("layer norm and gradient", _layer_norm, None, (4096, 512), 20, True),
    ("Adam", _adam, _numpy_adam, (1_000_000,), 28, False),
    ("Adam", _adam, _numpy_adam, (26_000_000,), 28, False),
]


def programs(torch, threads):
    """Pairs of a name and what makes its Case."""
    for name, program, numpy, shape, bytes, exact in PROGRAMS:
        name = f"{name} {'x'.join(map(str, shape))}"
        yield name, partial(_case, name, torch, program, numpy, shape, bytes, exact)


def _case(name, torch, program, numpy, shape, bytes, exact):
    import rushlight

    x = np.random.default_rng(0).standard_normal(shape, np.float32)
    pytorch = []
    if torch:
        forms = [torch.contiguous_format] + [torch.channels_last] * (len(shape) == 4)
        pytorch = [program(torch, torch.from_numpy(x.copy()).contiguous(memory_format=form)) for form in forms]
    ways = {"Rushlight": [_ours(program(rushlight, rushlight.from_numpy(x.copy()).clone()))], "PyTorch": pytorch,
            "NumPy": [numpy(x)] if numpy else []}
    return Case(name, ways, 0, bytes * x.size, exact)


def _ours(step):
    """The program, run to its end: what is recorded runs while its result is held."""
    from rushlight.graph import recorder

    def run():
        result = step()
        recorder.boundary()
        return result
    return run
