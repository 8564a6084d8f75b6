"""Whole plans compiled, against the interpreter's results of the same programs."""
import numpy as np
import pytest

import rushlight as torch
from rushlight.backends.tiers import tiers
from rushlight.graph.recorder import trie

pytest.importorskip("llvmlite")


@pytest.fixture
def compiled(monkeypatch):
    """Every plan is compiled before its second run; what cannot be is an error."""
    def switch(on):
        monkeypatch.setattr(tiers, "mode", "wait" if on else "never")
        monkeypatch.setattr(tiers, "sight", 2)
        monkeypatch.setattr(tiers, "strict", True)
        trie.reset()                            # a plan keeps what was decided at its first run
    return switch


def train(net, optimizer, shape, classes=10, steps=4):
    torch.manual_seed(0)
    net = net()
    optimizer = optimizer(net.parameters())
    x, y = torch.rand(*shape), torch.randint(0, classes, (shape[0],))
    losses = []
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [p.detach().numpy() for p in net.parameters()]


NETS = {
    "softmax": (lambda: torch.nn.Linear(13, 10), (9, 13)),
    "mlp": (lambda: torch.nn.Sequential(torch.nn.Linear(13, 33), torch.nn.ReLU(), torch.nn.Dropout(0.5), torch.nn.Linear(33, 10)), (17, 13)),
    "cnn": (lambda: torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3, bias=False), torch.nn.BatchNorm2d(3), torch.nn.Sigmoid(), torch.nn.MaxPool2d(2),
                                        torch.nn.Flatten(), torch.nn.Linear(27, 10)), (5, 1, 8, 8)),
}
OPTIMIZERS = {"sgd": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), "adam": lambda p: torch.optim.Adam(p, 0.01)}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("net", NETS)
def test_steps_agree_with_the_interpreter(compiled, net, optimizer):
    results = []
    for on in (False, True):
        compiled(on)
        results.append(train(NETS[net][0], OPTIMIZERS[optimizer], NETS[net][1]))
    (losses, weights), (again, moved) = results
    np.testing.assert_allclose(again, losses, rtol=1e-4)
    for a, b in zip(weights, moved):
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-4)


def test_views_writes_and_indirect_reads(compiled):
    compiled(True)
    for _ in range(4):
        x = torch.arange(24.0).reshape(2, 3, 4)
        y = x.transpose(0, 2).reshape(-1) * 2
        x[:, 1] += 5
        x.add_(1).mul_(0.5)
        rows = torch.tensor([2, 0, 1, 1])
        picked = x[0].gather(0, rows[None].expand(3, 4))
        same = (y > 3) & (y < 40)
        out = [x.sum((0, 2)), y.flip(0), picked, same, x.amax(1), torch.where(same, y, -y).cumsum(0)]
        out = [o.numpy() for o in out]
    a = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4)
    b = a.transpose(2, 1, 0).reshape(-1) * 2
    a[:, 1] += 5
    a = (a + 1) * np.float32(0.5)
    mask = (b > 3) & (b < 40)
    expected = [a.sum((0, 2)), b[::-1], np.take_along_axis(a[0], np.broadcast_to([2, 0, 1, 1], (3, 4)), 0), mask, a.max(1),
                np.where(mask, b, -b).cumsum()]
    for mine, right in zip(out, expected):
        np.testing.assert_allclose(mine, right)


def test_results_that_are_held_are_not_written_again(compiled):
    compiled(True)
    x = torch.ones(600, 600)                    # large enough that results of this shape share their arrays
    held = []
    for i in range(12):
        a, b = x * i, x + i
        torch._boundary()
        held.append((a, b))
        if i % 3 == 2:
            held.pop(-2)
    for a, b in held:
        i = a[0, 0].item()
        assert (a.numpy() == i).all() and (b.numpy() == 1 + i).all()


def test_a_released_result_of_one_plan_is_where_another_writes(compiled):
    compiled(True)
    x, places = torch.ones(700, 600), []
    for f in (lambda: x * 3, lambda: x + 5):
        for _ in range(3):                      # the last two runs are compiled
            result = f()
            torch._boundary()
            place = result._storage.value.ctypes.data
            del result
        places.append(place)
    assert places[0] == places[1]
