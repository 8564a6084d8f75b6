"""Runs one expression on Rushlight and on PyTorch, and compares values, dtypes, shapes, gradients, tape names and errors.

A case is a function of a torch module and tensors: `same(oracle, lambda T, x: T.nn.functional.relu(x), [array])`.
"""
import numpy as np
import rushlight as ours

NARROW = {"float16": 1e-2, "bfloat16": 6e-2, "float32": 2e-5, "float64": 1e-9}


def tensors(module, arrays, dtype=None, grad=True):
    """The arrays as a module's tensors; floats as `dtype`, wanting gradients."""
    made = []
    for a in arrays:
        if not isinstance(a, np.ndarray):
            made.append(a)
            continue
        t = module.from_numpy(np.array(a))
        if a.dtype.kind == "f":
            if dtype is not None:
                t = t.to(getattr(module, dtype))
            t = t.detach().requires_grad_(grad)
        made.append(t)
    return made


def array_of(t):
    """A tensor as an ndarray, half precision as float32."""
    t = t.detach()
    if str(t.dtype) in ("torch.float16", "torch.bfloat16"):
        t = t.float()
    return t.numpy()


def close(mine, theirs, tolerance=None, what="value"):
    assert tuple(mine.shape) == tuple(theirs.shape), (what, tuple(mine.shape), tuple(theirs.shape))
    assert str(mine.dtype) == str(theirs.dtype), (what, mine.dtype, theirs.dtype)
    if tolerance is None:
        tolerance = NARROW.get(str(theirs.dtype).split(".")[1], 0)
    np.testing.assert_allclose(array_of(mine), array_of(theirs), rtol=tolerance, atol=tolerance, err_msg=what)


def outputs(result):
    return list(result) if isinstance(result, (tuple, list)) else [result]


def run(module, case, arrays, dtype, grad):
    """(tensors, results, None) or (tensors, None, the exception)."""
    inputs = tensors(module, arrays, dtype, grad)
    module.manual_seed(11)
    try:
        results = outputs(case(module, *inputs))
        for r in results:
            if isinstance(r, module.Tensor):
                array_of(r)         # values that are checked when the plan runs are checked here
        return inputs, results, None
    except Exception as error:
        return inputs, None, error


def tape_name(t):
    return None if t.grad_fn is None else type(t.grad_fn).__name__


def gradients(module, inputs, results, create_graph=False):
    wanted = [t for t in inputs if isinstance(t, module.Tensor) and t.requires_grad]
    total = sum(((r * r).sum() for r in results if r.requires_grad), 0.0)
    return module.autograd.grad(total, wanted, create_graph=create_graph, allow_unused=True)


def same(oracle, case, arrays=(), dtype=None, grad=True, double=False, name=True, tolerance=None):
    """Assert that a case does the same in both; returns our result (or error)."""
    mine, ours_out, our_error = run(ours, case, arrays, dtype, grad)
    its, its_out, its_error = run(oracle, case, arrays, dtype, grad)
    if its_error is not None or our_error is not None:
        if our_error is not None and its_error is None:
            raise our_error
        assert our_error is not None, f"PyTorch raises {its_error!r}, Rushlight gives {ours_out}"
        mine, its = ((type(e).__name__, str(e)) for e in (our_error, its_error))
        assert mine == its, f"{mine} is not {its}"
        return our_error
    assert len(ours_out) == len(its_out)
    for a, b in zip(ours_out, its_out):
        if b is None or not isinstance(b, oracle.Tensor):
            assert a == b
            continue
        close(a, b, tolerance)
        assert a.requires_grad == b.requires_grad
        if name:
            assert tape_name(a) == tape_name(b)
    ours_out = [t for t in ours_out if isinstance(t, ours.Tensor)]
    its_out = [t for t in its_out if isinstance(t, oracle.Tensor)]
    if grad and any(t.requires_grad for t in its_out):
        wider = None if tolerance is None else tolerance * 4
        got, wanted = gradients(ours, mine, ours_out, double), gradients(oracle, its, its_out, double)
        _same_gradients(got, wanted, wider, "gradient")
        if double and any(g is not None and g.requires_grad for g in wanted):
            kept = [(g, w) for g, w in zip(got, wanted) if w is not None and w.requires_grad]
            got2 = gradients(ours, mine, [g for g, _ in kept])
            wanted2 = gradients(oracle, its, [w for _, w in kept])
            _same_gradients(got2, wanted2, wider, "double gradient")
    return ours_out[0] if ours_out else None


def _same_gradients(got, wanted, tolerance, what):
    for a, b in zip(got, wanted):
        if b is None:
            assert a is None or not array_of(a).any(), what
        else:
            assert a is not None, f"no {what}"
            close(a, b, tolerance, what)
