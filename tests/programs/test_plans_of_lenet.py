"""LeNet's training step is two plans: forward with backward, and the optimizer's step; nothing is new after the third."""
import gc

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.graph import recorder
from rushlight.utils.data import DataLoader, TensorDataset


def lenet():
    return nn.Sequential(nn.Conv2d(1, 6, 5), nn.Sigmoid(), nn.MaxPool2d(2, 2), nn.Conv2d(6, 16, 5), nn.Sigmoid(),
                         nn.MaxPool2d(2, 2), nn.Flatten(), nn.Linear(256, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(),
                         nn.Linear(84, 10))


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-4),
    "adam": lambda p: torch.optim.Adam(p, lr=1e-3),
    "adamw": lambda p: torch.optim.AdamW(p, lr=1e-3),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=1e-3),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_plans_a_step(name):
    torch.manual_seed(0)
    net, criterion = lenet(), nn.CrossEntropyLoss()
    optimizer = OPTIMIZERS[name](net.parameters())
    loader = DataLoader(TensorDataset(torch.rand(64, 1, 28, 28), torch.randint(0, 10, (64,))), batch_size=8, shuffle=True)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 3)
    counts = []
    gc.collect()
    for x, y in loader:
        before = recorder.stats.misses, recorder.stats.plans, recorder.stats.runs
        loss = criterion(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
        now = recorder.stats.misses, recorder.stats.plans, recorder.stats.runs
        counts.append(tuple(b - a for a, b in zip(before, now)))
        schedule.step()
    for misses, plans, runs in counts[3:]:
        assert (misses, plans) == (0, 0), counts
        assert runs == 2, counts


def test_an_evaluation_repeats_its_plan():
    torch.manual_seed(0)
    net = lenet().eval()
    loader = DataLoader(TensorDataset(torch.rand(64, 1, 28, 28), torch.randint(0, 10, (64,))), batch_size=8)
    plans = []
    correct = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (net(x).argmax(1) == y).sum().item()
            plans.append(recorder.stats.plans)
    assert 0 <= correct <= 64
    assert plans[-1] == plans[2], plans
