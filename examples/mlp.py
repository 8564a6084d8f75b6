"""A multilayer perceptron that overfits, and two cures: weight decay and dropout.

    rushlight run mlp.py
"""
import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms


def network(drop):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Dropout(drop), nn.Linear(256, 256), nn.ReLU(),
                         nn.Dropout(drop), nn.Linear(256, 10))


def accuracy(net, loader):
    net.eval()
    with torch.no_grad():
        right = sum((net(x).argmax(1) == y).sum().item() for x, y in loader)
    net.train()
    return right / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="data")
    parser.add_argument("--limit", type=int, default=1000, help="training pictures, few so that it overfits; 0 for all")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--weight-decay", type=float, default=5e-3)
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    train_set = datasets.FashionMNIST(args.data, train=True, download=True, transform=transforms.ToTensor())
    test_set = datasets.FashionMNIST(args.data, train=False, download=True, transform=transforms.ToTensor())
    if args.limit:
        train_set, test_set = Subset(train_set, range(min(args.limit, len(train_set)))), Subset(test_set, range(min(500, len(test_set))))
    test = DataLoader(test_set, 250)
    criterion = nn.CrossEntropyLoss()
    for name, decay, drop in (("plain", 0.0, 0.0), ("weight decay", args.weight_decay, 0.0), ("dropout", 0.0, args.dropout)):
        torch.manual_seed(args.seed)
        train = DataLoader(train_set, args.batch_size, shuffle=True)
        net = network(drop)
        weights = [p for n, p in net.named_parameters() if n.endswith("weight")]
        biases = [p for n, p in net.named_parameters() if n.endswith("bias")]
        optimizer = torch.optim.SGD([{"params": weights, "weight_decay": decay}, {"params": biases}], lr=args.lr)
        for _ in range(args.epochs):
            for x, y in train:
                optimizer.zero_grad()
                loss = criterion(net(x), y)
                loss.backward()
                optimizer.step()
        norm = sum((w ** 2).sum().item() for w in weights) ** 0.5
        print(f"{name:13s} train acc {accuracy(net, train):.3f}, test acc {accuracy(net, test):.3f}, norm of the weights {norm:.2f}")


if __name__ == "__main__":
    main()
