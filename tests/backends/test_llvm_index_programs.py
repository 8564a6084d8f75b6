"""Whole programs that read and write at indices, compiled, against the interpreter; nothing of them is left to the host but checks."""
import numpy as np
import pytest

pytest.importorskip("llvmlite")

import rushlight as torch                               # noqa: E402
from rushlight.backends.llvm import program             # noqa: E402
from rushlight.backends.tiers import tiers              # noqa: E402

F = torch.nn.functional


@pytest.fixture
def both(monkeypatch):
    """both(f): f's results interpreted and compiled, and the primitives that the host ran."""
    host = set()
    begin = program.Program.__init__

    def noted(self, *args, **kwargs):
        begin(self, *args, **kwargs)
        host.update(launch.value.prim for launch in self.launches if launch.value is not None)

    monkeypatch.setattr(program.Program, "__init__", noted)
    monkeypatch.setattr(tiers, "strict", True)
    monkeypatch.setattr(tiers, "sight", 1)

    def run(f):
        results = []
        for mode in ("never", "wait"):
            monkeypatch.setattr(tiers, "mode", mode)
            torch.manual_seed(0)
            results.append([np.array(r.detach().numpy()) for r in f()])
        assert host <= {"check", "words"}
        return results
    return run


def agree(results, rtol=1e-5, atol=1e-6):
    for a, b in zip(*results):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(b, a, rtol=rtol, atol=atol)


@pytest.mark.parametrize("dim", [1, 3, 16, 33])
def test_training_with_an_embedding(both, dim):
    def steps():
        table, out = torch.nn.Embedding(29, dim, padding_idx=3), torch.nn.Linear(dim, 7)
        place = torch.nn.Parameter(torch.randn(6, dim))
        optimizer = torch.optim.Adam([*table.parameters(), *out.parameters(), place], 0.01)
        for i in range(4):
            words, labels = torch.randint(0, 29, (5, 6)), torch.randint(0, 7, (5,))
            loss = F.cross_entropy(out((table(words) + place).mean(1)), labels, weight=torch.arange(1.0, 8), ignore_index=2)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return [table.weight, out.weight, place, loss]
    agree(both(steps))


def test_writes_of_slices_in_place(both):
    def writes():
        x = torch.arange(60.0).reshape(3, 4, 5).clone()
        for i in range(3):
            x[i, 1:3] += i
            x[:, i] = x[:, 3 - i] * 2
            x[..., ::2] *= 0.5
        x[0, :3] = x[0, 1:].clone()
        x[x > 100] = -1
        y = x.transpose(0, 2)
        y[1:3, 0] = 9
        z = torch.zeros(6, 6)
        z[1:-1, 1:-1] = x[1, :, :4]
        z.diagonal().fill_(3)
        return [x, y, z, x.roll((1, 2), (0, 2)), x.flip(1)]
    agree(both(writes), 0, 0)


def test_a_step_that_writes_a_buffer(both):
    """The same slices of a buffer that lives on, from step to step, with other starts each time."""
    def steps():
        cache, total = torch.zeros(8, 4), torch.zeros(())
        for i in range(8):
            cache[i] = torch.full((4,), float(i)) + total
            cache[max(i - 2, 0):i + 1] *= 2
            total = total + cache[:i + 1].sum() * 0.01
            total.item()
        return [cache, total]
    agree(both(steps))


def test_reads_and_writes_at_indices(both):
    def reads():
        x, rows, columns = torch.randn(9, 11, requires_grad=True), torch.randint(0, 9, (20,)), torch.randint(-11, 11, (20,))
        picked = x[rows, columns] * 2 + x[rows][:, 3]
        near = torch.take_along_dim(x, x.argsort(1), 1)[:, :4]
        summed = torch.zeros(9, 11).scatter_reduce(1, rows[:11].expand(9, 11), x, "mean", include_self=False)
        put = torch.zeros(9, 11).index_put((rows, columns), picked.detach(), accumulate=True)
        loss = picked.sum() + (near ** 2).sum() + (summed * put).sum() + x.index_select(0, rows).prod(1).sum()
        grad, = torch.autograd.grad(loss, x)
        return [loss, grad, put, F.one_hot(rows, 9), x.index_add(0, rows, torch.ones(20, 11))]
    agree(both(reads), 1e-4, 1e-5)


def test_scans_and_orders(both):
    def scans():
        x = torch.randn(7, 50, requires_grad=True)
        order, most = x.sort(1, descending=True), x.topk(5, 0)
        loss = x.cumsum(1).sum() + (x.cummax(0).values * 3).sum() + x.logcumsumexp(1).mean() + order.values[:, :3].sum() + most.values.sum()
        grad, = torch.autograd.grad(loss, x)
        return [loss, grad, order.indices, most.indices, x.argmax(1), x.argmin(), x.cumprod(0), x.max(0).indices]
    agree(both(scans), 1e-4, 1e-5)


def test_padding_and_bits(both):
    def pads():
        x = torch.randn(2, 3, 6, 7, requires_grad=True)
        y = F.pad(x, (1, 2, -1, 3), value=2.0)
        z = F.pad(x, (0, 0, 4, 0))
        grad, = torch.autograd.grad((y ** 2).sum() + (z ** 3).sum(), x)
        return [y, z, grad, x.detach().view(torch.int32) & 0xFF]
    agree(both(pads))
