"""Fifty steps on the packaged pictures, an ordinary PyTorch program: run on both engines by test_same_numbers.py.

    same_numbers_program.py MODEL OPTIMIZER [--nudge]      prints JSON
"""
import gzip
import hashlib
import json
import pathlib
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(1)


def network(name):
    if name == "mlp":
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, 10))
    if name == "lenet":
        return nn.Sequential(nn.Conv2d(1, 6, 5), nn.Sigmoid(), nn.MaxPool2d(2, 2), nn.Conv2d(6, 16, 5), nn.Sigmoid(),
                             nn.MaxPool2d(2, 2), nn.Flatten(), nn.Linear(256, 120), nn.Sigmoid(), nn.Linear(120, 84),
                             nn.Sigmoid(), nn.Linear(84, 10))
    return nn.Sequential(nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2, 2), nn.Dropout(0.3), nn.Conv2d(32, 64, 5), nn.ReLU(),
                         nn.MaxPool2d(2, 2), nn.Dropout(0.3), nn.Flatten(), nn.Linear(1024, 512), nn.ReLU(), nn.Linear(512, 10))


def digest(tensors):
    h = hashlib.sha256()
    for t in tensors:
        h.update(np.ascontiguousarray(t.detach().numpy()).tobytes())
    return h.hexdigest()


def main():
    model, optimizer, nudge = sys.argv[1], sys.argv[2], "--nudge" in sys.argv
    folder = pathlib.Path(__file__).resolve().parents[2] / "rushlight/vision/datasets/data/fashion-mnist-cut"
    images = np.frombuffer(gzip.decompress(next(folder.rglob("train-images*")).read_bytes()), np.uint8, offset=16)
    labels = np.frombuffer(gzip.decompress(next(folder.rglob("train-labels*")).read_bytes()), np.uint8, offset=8)
    x = torch.from_numpy(images.reshape(-1, 1, 28, 28).astype(np.float32) / np.float32(255))
    y = torch.from_numpy(labels.astype(np.int64))
    torch.manual_seed(0)
    net = network(model)
    out = {"weights": digest(net.parameters())}
    if nudge:
        with torch.no_grad():
            for p in net.parameters():
                p.copy_(torch.from_numpy(np.nextafter(p.numpy(), np.float32(np.inf))))
    loader = DataLoader(TensorDataset(x, y), batch_size=32, shuffle=True)
    choose = {"sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9), "adam": lambda p: torch.optim.Adam(p, lr=1e-3)}
    optim = choose[optimizer](net.parameters())
    criterion = nn.CrossEntropyLoss()
    losses, batches, gradients = [], [], None
    step = 0
    for xb, yb in loader:
        batches.append(digest([xb, yb]))
        loss = criterion(net(xb), yb)
        optim.zero_grad()
        loss.backward()
        if step == 0:
            gradients = [p.grad.double().abs().sum().item() for p in net.parameters()]
        optim.step()
        losses.append(loss.item())
        step += 1
        if step == 50:
            break
    out.update(losses=losses, batches=batches, gradients=gradients)
    torch.manual_seed(1)
    out["mask"] = digest([nn.Dropout(0.3)(torch.ones(7, 33)), nn.Dropout2d(0.5)(torch.ones(5, 6, 2, 2))])
    out["after"] = digest([torch.get_rng_state()])
    print(json.dumps(out))


main()
