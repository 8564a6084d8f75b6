"""Linear regression twice: from scratch on tensors and autograd, and concisely with nn and optim.

    rushlight run linear_regression.py            # or: python linear_regression.py, on PyTorch
"""
import argparse
import random

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

TRUE_W, TRUE_B = [2.0, -3.4], 4.2


def synthetic(n):
    """n points (n, 2) and y = X w + b + noise (n,)."""
    x = torch.randn(n, 2)
    y = x @ torch.tensor(TRUE_W) + TRUE_B
    return x, y + torch.normal(0.0, 0.01, y.shape)


def batches(x, y, size):
    order = list(range(len(x)))
    random.shuffle(order)
    for i in range(0, len(order), size):
        at = torch.tensor(order[i:i + size])
        yield x[at], y[at]


def from_scratch(x, y, epochs, size, lr):
    w = torch.normal(0.0, 0.01, (2, 1), requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    for epoch in range(epochs):
        for xb, yb in batches(x, y, size):
            loss = ((xb @ w + b - yb.reshape(-1, 1)) ** 2 / 2).sum()
            loss.backward()
            with torch.no_grad():
                for p in (w, b):
                    p -= lr * p.grad / len(xb)
                    p.grad.zero_()
        with torch.no_grad():
            print(f"epoch {epoch + 1}, loss {((x @ w + b - y.reshape(-1, 1)) ** 2 / 2).mean().item():.6f}")
    return w.detach().reshape(-1), b.detach()


def concise(x, y, epochs, size, lr):
    net = nn.Sequential(nn.Linear(2, 1))
    nn.init.normal_(net[0].weight, mean=0, std=0.01)
    nn.init.constant_(net[0].bias, 0)
    criterion, optimizer = nn.MSELoss(), torch.optim.SGD(net.parameters(), lr=lr)
    loader = DataLoader(TensorDataset(x, y), size, shuffle=True)
    for epoch in range(epochs):
        for xb, yb in loader:
            loss = criterion(net(xb), yb.reshape(-1, 1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}, loss {loss.item():.6f}")
    return net[0].weight.detach().reshape(-1), net[0].bias.detach()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=10)
    parser.add_argument("--lr", type=float, default=0.03)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    random.seed(args.seed)
    x, y = synthetic(args.examples)
    for name, fit in (("from scratch", from_scratch), ("concise", concise)):
        print(name)
        w, b = fit(x, y, args.epochs, args.batch_size, args.lr)
        print(f"w = {[round(v, 3) for v in w.tolist()]} (true {TRUE_W}), b = {b.item():.3f} (true {TRUE_B})")


if __name__ == "__main__":
    main()
