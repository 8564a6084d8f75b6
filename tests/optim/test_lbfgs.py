"""L-BFGS against PyTorch, iteration by iteration, and on problems with known answers."""

import numpy as np
import pytest
import rushlight as torch


def rosenbrock(point):
    return (1 - point[0]) ** 2 + 100 * (point[1] - point[0] ** 2) ** 2


def quartic(point):
    return ((point - 3) ** 4).sum() + (point * point).sum() * 0.1


def run(library, loss_of, start, steps, dtype="float64", **options):
    point = library.tensor(start, dtype=getattr(library, dtype)).requires_grad_()
    optimizer = library.optim.LBFGS([point], **options)

    def closure():
        optimizer.zero_grad()
        loss = loss_of(point)
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(steps)]
    return point, optimizer, losses


OPTIONS = [
    dict(lr=0.1, max_iter=4),
    dict(line_search_fn="strong_wolfe"),
    dict(line_search_fn="strong_wolfe", max_iter=5, history_size=2),
    dict(line_search_fn="strong_wolfe", max_eval=3),
    dict(lr=0.5, tolerance_change=1e-3),
    dict(lr=0.5, tolerance_grad=1.0),
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("loss_of", [rosenbrock, quartic])
def test_iterations_are_pytorchs(options, loss_of, oracle):
    start = [-0.5, 1.2]
    point, optimizer, losses = run(torch, loss_of, start, 4, **options)
    expected, reference, their_losses = run(oracle, loss_of, start, 4, **options)
    assert losses == pytest.approx(their_losses, rel=1e-7, abs=1e-12)
    assert point.tolist() == pytest.approx(expected.tolist(), rel=1e-7)
    state, theirs = optimizer.state_dict()["state"][0], reference.state_dict()["state"][0]
    assert set(state) == set(theirs)
    for name in ("func_evals", "n_iter"):
        assert state[name] == theirs[name]
    for name in ("old_dirs", "old_stps", "ro", "al"):
        assert len(state.get(name, ())) == len(theirs.get(name, ()))


def test_single_precision_and_several_parameters(oracle, values):
    results = []
    for library in (torch, oracle):
        weight = library.tensor(values((3, 2))).requires_grad_()
        bias = library.tensor(values((2,), seed=1)).requires_grad_()
        inputs = library.tensor(values((8, 3), seed=2))
        targets = library.tensor(values((8, 2), seed=3))
        optimizer = library.optim.LBFGS([weight, bias], lr=0.8, max_iter=6)

        def closure():
            optimizer.zero_grad()  # noqa: B023
            loss = ((inputs @ weight + bias - targets) ** 2).mean()  # noqa: B023
            loss.backward()
            return loss

        results.append([optimizer.step(closure).item() for _ in range(3)])
    assert results[0] == pytest.approx(results[1], rel=1e-4)


def test_rosenbrock_is_solved():
    point, _, losses = run(torch, rosenbrock, [-1.5, 2.0], 5, line_search_fn="strong_wolfe")
    assert point.tolist() == pytest.approx([1.0, 1.0], abs=1e-5)
    assert losses[0] == pytest.approx(12.5)


def test_least_squares_is_solved(values):
    inputs = torch.tensor(values((20, 3)))
    truth = torch.tensor([1.0, -2.0, 0.5])
    targets = inputs @ truth
    weight = torch.zeros(3).requires_grad_()
    optimizer = torch.optim.LBFGS([weight], max_iter=30, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = ((inputs @ weight - targets) ** 2).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(weight.detach().numpy(), truth.numpy(), atol=1e-4)


def test_resuming(carry):
    options = dict(max_iter=3, line_search_fn="strong_wolfe")
    point, optimizer, _ = run(torch, quartic, [0.5, 2.0], 1, **options)
    copy = point.detach().clone().requires_grad_()
    resumed = torch.optim.LBFGS([copy], **options)
    resumed.load_state_dict(carry(optimizer.state_dict(), torch))

    for one, by in ((point, optimizer), (copy, resumed)):

        def closure(one=one, by=by):
            by.zero_grad()
            loss = quartic(one)
            loss.backward()
            return loss

        by.step(closure)
    assert point.tolist() == pytest.approx(copy.tolist(), rel=1e-12)


def test_errors():
    point = torch.zeros(2).requires_grad_()
    with pytest.raises(ValueError, match=r"^LBFGS doesn't support per-parameter options \(parameter groups\)$"):
        torch.optim.LBFGS([{"params": [point]}, {"params": [torch.zeros(1)]}])
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'closure'"):
        torch.optim.LBFGS([point]).step()
    with pytest.raises(RuntimeError, match="^only 'strong_wolfe' is supported$"):
        run(torch, quartic, [0.0, 1.0], 1, line_search_fn="armijo")


def test_a_minimum_is_left_alone():
    point, optimizer, losses = run(torch, lambda p: ((p - 1) ** 2).sum(), [1.0, 1.0], 2)
    assert point.tolist() == [1.0, 1.0] and losses == [0.0, 0.0]
    assert optimizer.state[point] == {"func_evals": 2, "n_iter": 0}
