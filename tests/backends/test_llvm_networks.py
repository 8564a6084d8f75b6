"""Training steps of small networks, compiled: the interpreter's losses and weights, and nothing left on the host."""
import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.backends.tiers import tiers
from rushlight.graph.recorder import trie
from rushlight.schedule import plan as plans

pytest.importorskip("llvmlite")

F = nn.functional


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 5, 1), nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 2, 5, padding=2)
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(3, 3, 1))

    def forward(self, x):
        return torch.cat([F.relu(branch(x)) for branch in (self.a, self.b, self.c, self.d)], dim=1)


class Residual(nn.Module):
    def __init__(self, stride):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 6, 3, padding=1, stride=stride, bias=False), nn.Conv2d(6, 6, 3, padding=1, bias=False)
        self.m, self.n, self.c = nn.BatchNorm2d(6), nn.BatchNorm2d(6), nn.Conv2d(3, 6, 1, stride=stride)

    def forward(self, x):
        return F.relu(self.n(self.b(F.relu(self.m(self.a(x))))) + self.c(x))


class Dense(nn.Module):
    """Each layer's input begins the next one's: the concatenations grow in place."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Sequential(nn.BatchNorm2d(3 + 4 * i), nn.ReLU(), nn.Conv2d(3 + 4 * i, 4, 3, padding=1, bias=False))
                                     for i in range(3)])

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat((x, layer(x)), dim=1)
        return x


class Shared(nn.Module):
    """One image read by two pools, and by what follows them."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        x = F.relu(self.conv(x))
        return torch.cat((F.max_pool2d(x, 2), F.avg_pool2d(x, 2), x[:, :, ::2, ::2][:, :, :3, :3]), 1)


def head(body, features):
    return lambda: nn.Sequential(body(), nn.Flatten(), nn.Linear(features, 5))


IMAGE = (4, 3, 8, 8)
NETS = {
    "inception": (head(Inception, 14 * 64), IMAGE),
    "residual": (head(lambda: Residual(1), 6 * 64), IMAGE),
    "residual stride 2": (head(lambda: Residual(2), 6 * 16), IMAGE),
    "dense": (head(Dense, 15 * 64), IMAGE),
    "shared": (head(Shared, 12 * 9), IMAGE),
    "lenet": (head(lambda: nn.Sequential(nn.Conv2d(3, 6, 3), nn.Sigmoid(), nn.MaxPool2d(2, 2), nn.Conv2d(6, 7, 2), nn.Tanh(),
                                         nn.AvgPool2d(2)), 7), IMAGE),
    "overlapping pools": (head(lambda: nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.Conv2d(6, 6, 1),
                                                     nn.Sigmoid(), nn.MaxPool2d(3, 1, ceil_mode=True)), 6 * 4), IMAGE),
    "pool of one position": (head(lambda: nn.Sequential(nn.Conv2d(3, 1, 1), nn.ReLU(), nn.MaxPool2d(8)), 1), IMAGE),
    "depthwise": (head(lambda: nn.Sequential(nn.Conv2d(3, 6, 3, groups=3), nn.ReLU6(), nn.Conv2d(6, 6, 3, groups=6, dilation=2)), 6 * 4), IMAGE),
    "transposed": (head(lambda: nn.Sequential(nn.ConvTranspose2d(3, 4, 3, 2, 1, 1), nn.ReLU(), nn.Conv2d(4, 2, 4, 4)), 2 * 16), IMAGE),
    "one dimension": (head(lambda: nn.Sequential(nn.Conv1d(3, 5, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(5, 4, 2)), 4 * 4),
                      (4, 3, 10)),
    "dropout": (head(lambda: nn.Sequential(nn.Dropout(0.3), nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Dropout2d(0.5)), 4 * 36), IMAGE),
    "normalisations": (head(lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.GELU(), nn.LayerNorm([4, 6, 6]),
                                                  nn.InstanceNorm2d(4, affine=True)), 4 * 36), IMAGE),
    "winograd": (head(lambda: nn.Sequential(nn.Conv2d(3, 33, 3, padding=1), nn.ReLU(), nn.Conv2d(33, 35, 3, padding=1)), 35 * 64),
                 (11, 3, 8, 8)),
    "one picture": (head(lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2)), 4 * 9), (1, 3, 8, 8)),
    "one channel": (head(lambda: nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.MaxPool2d(2)), 9), (4, 1, 8, 8)),
}


def train(net, shape, dtype, monkeypatch, mode, steps=3):
    monkeypatch.setattr(tiers, "mode", mode)
    monkeypatch.setattr(tiers, "sight", 1)
    monkeypatch.setattr(tiers, "strict", True)
    trie.reset()                                # a plan keeps what was decided at its first run
    seen = {}
    run = plans.Plan.run
    monkeypatch.setattr(plans.Plan, "run", lambda self, *args: seen.setdefault(id(self), self) and run(self, *args))
    torch.manual_seed(0)
    net = net().to(dtype)
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    x, y = torch.rand(shape, dtype=dtype), torch.randint(0, 5, shape[:1])
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    gradients = {name: p.grad.numpy().copy() for name, p in net.named_parameters()}
    monkeypatch.undo()
    return losses, gradients, list(seen.values())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("name", NETS)
def test_a_network(name, dtype, monkeypatch):
    net, shape = NETS[name]
    losses, gradients, _ = train(net, shape, dtype, monkeypatch, "never")
    again, others, seen = train(net, shape, dtype, monkeypatch, "wait")
    exact = 1e-9 if dtype is torch.float64 else 1e-4
    np.testing.assert_allclose(again, losses, rtol=exact)
    for key, gradient in gradients.items():
        np.testing.assert_allclose(others[key], gradient, rtol=100 * exact, atol=10 * exact * max(1e-3, np.abs(gradient).max()), err_msg=key)
    steps = [plan for plan in seen if any(v.prim in ("dot", "conv") for v in plan.graph.values)]
    assert steps
    for plan in steps:
        assert plan.program.interpreted is not None
        on_host = [launch.value.prim for launch in plan.program.launches if launch.value is not None]
        assert not set(on_host) - {"words", "check", "call", "item"}, on_host


def test_the_same_numbers_every_time(monkeypatch):
    """As the program runs by itself: what is compiled, and when, follows from the program alone."""
    results = [train(*NETS["lenet"], torch.float32, monkeypatch, "auto", steps=40)[:2] for _ in range(2)]
    assert results[0][0] == results[1][0]
    for key, gradient in results[0][1].items():
        np.testing.assert_array_equal(results[1][1][key], gradient)
