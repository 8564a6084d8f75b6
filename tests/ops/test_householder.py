"""geqrf, householder_product and ormqr against PyTorch, and against what they are by definition."""
import numpy as np
import pytest
import rushlight as torch

RANDOM = np.random.RandomState(3)
SIZES = [((4, 3), 3), ((4, 4), 4), ((2, 5, 3), 2), ((3, 3), 0), ((0, 3, 2), 2), ((3, 0), 0)]


def reflections(shape, k, dtype):
    a, tau = RANDOM.standard_normal(shape), RANDOM.standard_normal(shape[:-2] + (k,))
    if dtype == "complex128":
        a, tau = a + 1j * RANDOM.standard_normal(shape), tau - 0.5j
    return a.astype(dtype), tau.astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("shape, k", SIZES)
def test_householder_product_and_its_gradient(oracle, shape, k, dtype):
    a, tau = reflections(shape, k, dtype)
    weights = RANDOM.standard_normal(shape).astype(dtype)
    results = []
    for library in (torch, oracle):
        A, t = library.tensor(a, requires_grad=True), library.tensor(tau, requires_grad=True)
        product = library.linalg.householder_product(A, t)
        loss = (product * library.tensor(weights)).sum()
        library.view_as_real(loss).sum().backward() if loss.is_complex() else loss.backward()
        found = [product.detach(), *(x.grad if x.grad is not None else library.zeros_like(x.detach()) for x in (A, t))]
        results.append([x.numpy() for x in found])
        if k:
            assert type(product.grad_fn).__name__ == "LinalgHouseholderProductBackward0"
    for mine, theirs in zip(*results):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3 if dtype == "float32" else 1e-9, atol=1e-4 if dtype == "float32" else 1e-9)


def test_derivatives_of_the_second_order():
    a, tau = reflections((4, 3), 3, "float64")
    inputs = torch.tensor(a, requires_grad=True), torch.tensor(tau, requires_grad=True)
    assert torch.autograd.gradcheck(torch.linalg.householder_product, inputs)
    assert torch.autograd.gradgradcheck(torch.linalg.householder_product, inputs)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 4, 4)])
def test_geqrf_gives_back_the_matrix(oracle, shape):
    a = RANDOM.standard_normal(shape)
    x, tau = torch.geqrf(torch.tensor(a))
    for mine, theirs in zip((x, tau), oracle.geqrf(oracle.tensor(a))):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), atol=1e-12)
    m, n = shape[-2:]
    k = min(m, n)
    q, r = torch.orgqr(x[..., :k], tau), x.triu()[..., :k, :]
    np.testing.assert_allclose((q @ r).numpy(), a, atol=1e-12)


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("transpose", [True, False])
@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (2, 4, 4)])
def test_ormqr(oracle, shape, left, transpose):
    a = RANDOM.standard_normal(shape)
    m = shape[-2]
    other = RANDOM.standard_normal(shape[:-2] + ((m, 2) if left else (2, m)))
    results = []
    for library in (torch, oracle):
        x, tau = library.geqrf(library.tensor(a))
        results.append(library.ormqr(x, tau, library.tensor(other), left, transpose).numpy())
    np.testing.assert_allclose(*results, atol=1e-12)


ERRORS = [
    "T.geqrf(T.ones(3))", "T.geqrf(T.ones(3, 3, dtype=T.int64))", "T.geqrf(T.ones(3, 3, dtype=T.half))",
    "T.geqrf(T.ones(2, 3, requires_grad=True))[0].sum().backward()",
    "T.linalg.householder_product(T.ones(3), T.ones(3))", "T.linalg.householder_product(T.ones(2, 3), T.ones(2))",
    "T.linalg.householder_product(T.ones(3, 2), T.ones(3))", "T.linalg.householder_product(T.ones(3, 2), T.ones(2, 2))",
    "T.linalg.householder_product(T.ones(4, 3, 2), T.ones(3, 2))", "T.linalg.householder_product(T.ones(3, 2), T.ones(2).double())",
    "T.orgqr(T.ones(3, 2, dtype=T.int64), T.ones(2, dtype=T.int64))",
    "T.ormqr(T.ones(3, 2), T.ones(2), T.ones(3, 4), left=False)", "T.ormqr(T.ones(3, 2), T.ones(2), T.ones(4, 3))",
    "T.ormqr(T.ones(3, 2), T.ones(1), T.ones(3, 3))", "T.ormqr(T.ones(3), T.ones(1), T.ones(3, 3))",
    "T.ormqr(T.ones(2, 3, 2), T.ones(2, 2), T.ones(3, 3))", "T.ormqr(T.ones(2, 3, 2), T.ones(2, 2), T.ones(1, 3, 3))",
    "T.ormqr(T.ones(2, 2), T.ones(2).double(), T.ones(2, 3))",
]


@pytest.mark.parametrize("text", ERRORS)
def test_errors(oracle, text):
    said = []
    for library in (torch, oracle):
        with pytest.raises(Exception) as error:
            eval(text, {"T": library})
        said.append((error.type.__name__, str(error.value).split("\n")[0]))
    assert said[0] == said[1]
