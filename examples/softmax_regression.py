"""Softmax regression on Fashion-MNIST twice: from scratch, and concisely.

    rushlight run softmax_regression.py [--data FOLDER]
"""
import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms


def load(folder, limit, size):
    """Loaders of the first `limit` training pictures and a quarter as many test pictures."""
    sets = [datasets.FashionMNIST(folder, train=train, download=True, transform=transforms.ToTensor()) for train in (True, False)]
    if limit:
        sets = [Subset(s, range(min(n, len(s)))) for s, n in zip(sets, (limit, limit // 4))]
    return DataLoader(sets[0], size, shuffle=True), DataLoader(sets[1], size)


def softmax(x):
    e = x.exp()
    return e / e.sum(dim=1, keepdim=True)


def from_scratch(lr):
    w = torch.normal(0.0, 0.01, (784, 10), requires_grad=True)
    b = torch.zeros(10, requires_grad=True)

    def net(x):
        return softmax(x.reshape(-1, 784) @ w + b)

    def criterion(p, y):
        return -torch.log(p.gather(1, y.view(-1, 1))).mean()

    def step():
        for p in (w, b):
            p.data -= lr * p.grad
            p.grad.data.zero_()

    return net, criterion, step


def concise(lr):
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    nn.init.normal_(net[1].weight, std=0.01)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)

    def step():
        optimizer.step()
        optimizer.zero_grad()

    return net, nn.CrossEntropyLoss(), step


def accuracy(net, loader):
    right = count = 0
    with torch.no_grad():
        for x, y in loader:
            right += (net(x).argmax(dim=1) == y).sum().item()
            count += len(y)
    return right / count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="data")
    parser.add_argument("--limit", type=int, default=2000, help="training pictures; 0 for all")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    train, test = load(args.data, args.limit, args.batch_size)
    for name, make in (("from scratch", from_scratch), ("concise", concise)):
        torch.manual_seed(args.seed)
        net, criterion, step = make(args.lr)
        print(name)
        for epoch in range(args.epochs):
            total = right = count = 0
            for x, y in train:
                out = net(x)
                loss = criterion(out, y)
                loss.backward()
                step()
                total += loss.item() * len(y)
                right += (out.argmax(dim=1) == y).sum().item()
                count += len(y)
            print(f"epoch {epoch + 1}, loss {total / count:.4f}, train acc {right / count:.3f}, test acc {accuracy(net, test):.3f}")


if __name__ == "__main__":
    main()
