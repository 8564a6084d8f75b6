"""The convolutional networks from LeNet to DenseNet on Fashion-MNIST, one `--model` at a time.

    rushlight run convnets.py --model resnet                  # small and quick, on few pictures
    rushlight run convnets.py --model resnet --full           # the published sizes, on all pictures
"""
import argparse
import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms


def lenet(w):
    return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.BatchNorm2d(6), nn.Sigmoid(), nn.MaxPool2d(2, 2), nn.Conv2d(6, 16, 5),
                         nn.BatchNorm2d(16), nn.Sigmoid(), nn.MaxPool2d(2, 2), nn.Flatten(), nn.Linear(400, 120),
                         nn.BatchNorm1d(120), nn.Sigmoid(), nn.Linear(120, 84), nn.BatchNorm1d(84), nn.Sigmoid(), nn.Linear(84, 10))


def alexnet(w):
    a, b, c = w(96), w(256), w(384)
    return nn.Sequential(
        nn.Conv2d(1, a, 11, 4), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(a, b, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(b, c, 3, 1, 1), nn.ReLU(), nn.Conv2d(c, c, 3, 1, 1), nn.ReLU(), nn.Conv2d(c, b, 3, 1, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(9 * b, w(4096)), nn.ReLU(), nn.Dropout(0.5), nn.Linear(w(4096), w(4096)),
        nn.ReLU(), nn.Dropout(0.5), nn.Linear(w(4096), 10))


def vgg(w):
    layers, i = [], 1
    for n, o in ((1, 64), (1, 128), (2, 256), (2, 512), (2, 512)):
        for _ in range(n):
            layers += [nn.Conv2d(i, w(o), 3, padding=1), nn.BatchNorm2d(w(o)), nn.ReLU()]
            i = w(o)
        layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(i, w(4096)), nn.ReLU(), nn.Dropout(0.5),
                         nn.Linear(w(4096), 10))


def nin(w):
    def block(i, o, k, s, p):
        return nn.Sequential(nn.Conv2d(i, o, k, s, p), nn.BatchNorm2d(o), nn.ReLU(), nn.Conv2d(o, o, 1), nn.ReLU(),
                             nn.Conv2d(o, o, 1), nn.ReLU())

    return nn.Sequential(block(1, w(96), 11, 4, 5), nn.MaxPool2d(3, 2), block(w(96), w(256), 5, 1, 2), nn.MaxPool2d(3, 2),
                         block(w(256), w(384), 3, 1, 1), nn.Dropout(0.3), block(w(384), 10, 3, 1, 1), nn.AdaptiveAvgPool2d(1),
                         nn.Flatten())


class Inception(nn.Module):
    """Four paths side by side, joined by channels."""

    def __init__(self, i, c1, c2, c3, c4):
        super().__init__()
        self.p1 = nn.Conv2d(i, c1, 1)
        self.p2 = nn.Sequential(nn.Conv2d(i, c2[0], 1), nn.ReLU(), nn.Conv2d(c2[0], c2[1], 3, padding=1))
        self.p3 = nn.Sequential(nn.Conv2d(i, c3[0], 1), nn.ReLU(), nn.Conv2d(c3[0], c3[1], 5, padding=2))
        self.p4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(i, c4, 1))

    def forward(self, x):
        return torch.cat([F.relu(p(x)) for p in (self.p1, self.p2, self.p3, self.p4)], dim=1)


def googlenet(w):
    def inception(i, c1, c2, c3, c4):
        return Inception(w(i), w(c1), (w(c2[0]), w(c2[1])), (w(c3[0]), w(c3[1])), w(c1 + c2[1] + c3[1] + c4) - w(c1) - w(c2[1]) - w(c3[1]))

    return nn.Sequential(
        nn.Conv2d(1, w(64), 7, 2, 3), nn.BatchNorm2d(w(64)), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        nn.Conv2d(w(64), w(192), 3, padding=1), nn.BatchNorm2d(w(192)), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        inception(192, 64, (96, 128), (16, 32), 32), inception(256, 128, (128, 192), (32, 96), 64), nn.MaxPool2d(3, 2, 1),
        inception(480, 192, (96, 208), (16, 48), 64), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(w(512), 10))


class Residual(nn.Module):
    def __init__(self, i, o, stride=1):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, stride, 1), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1), nn.BatchNorm2d(o)
        self.conv3 = nn.Conv2d(i, o, 1, stride) if stride != 1 or i != o else None

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.conv3 is None else self.conv3(x)))


def resnet(w):
    layers, i = [nn.Conv2d(1, w(64), 7, 2, 3), nn.BatchNorm2d(w(64)), nn.ReLU(), nn.MaxPool2d(3, 2, 1)], w(64)
    for k, o in enumerate((64, 128, 256, 512)):
        layers += [Residual(i, w(o), 1 if k == 0 else 2), Residual(w(o), w(o))]
        i = w(o)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(i, 10))


class Dense(nn.Module):
    """Each layer sees all that came before it."""

    def __init__(self, n, i, grow):
        super().__init__()
        self.net = nn.ModuleList([nn.Sequential(nn.BatchNorm2d(i + k * grow), nn.ReLU(), nn.Conv2d(i + k * grow, grow, 3, padding=1))
                                  for k in range(n)])

    def forward(self, x):
        for block in self.net:
            x = torch.cat((x, block(x)), dim=1)
        return x


def densenet(w):
    c, grow = w(64), w(32)
    layers = [nn.Conv2d(1, c, 7, 2, 3), nn.BatchNorm2d(c), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    for k in range(4):
        layers.append(Dense(4, c, grow))
        c += 4 * grow
        if k < 2:
            layers += [nn.BatchNorm2d(c), nn.ReLU(), nn.Conv2d(c, c // 2, 1), nn.AvgPool2d(2, 2)]
            c //= 2
    return nn.Sequential(*layers, nn.BatchNorm2d(c), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 10))


MODELS = {f.__name__: (f, size) for f, size in ((lenet, 28), (alexnet, 96), (vgg, 32), (nin, 96), (googlenet, 64), (resnet, 64),
                                                (densenet, 64))}
FULL = {"lenet": 28, "alexnet": 224, "vgg": 224, "nin": 224, "googlenet": 96, "resnet": 96, "densenet": 96}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=MODELS, default="lenet")
    parser.add_argument("--data", default="data")
    parser.add_argument("--full", action="store_true", help="all channels, the published picture size, all pictures")
    parser.add_argument("--limit", type=int, default=512, help="training pictures, unless --full")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    make, size = MODELS[args.model]
    size = FULL[args.model] if args.full else size
    net = make((lambda c: c) if args.full else (lambda c: max(4, c // 8)))
    transform = transforms.Compose([transforms.Resize(size), transforms.ToTensor()] if size != 28 else [transforms.ToTensor()])
    train_set, test_set = (datasets.FashionMNIST(args.data, train=t, download=True, transform=transform) for t in (True, False))
    if not args.full:
        train_set = Subset(train_set, range(min(args.limit, len(train_set))))
        test_set = Subset(test_set, range(min(args.limit // 4, len(test_set))))
    train, test = DataLoader(train_set, args.batch_size, shuffle=True, drop_last=True), DataLoader(test_set, args.batch_size)
    print(f"{args.model}: {sum(p.numel() for p in net.parameters())} parameters, {len(train_set)} pictures of {size}x{size}")
    optimizer, criterion = torch.optim.Adam(net.parameters(), lr=args.lr), nn.CrossEntropyLoss()
    for epoch in range(args.epochs):
        start, total, right, count = time.time(), 0.0, 0, 0
        net.train()
        for x, y in train:
            out = net(x)
            loss = criterion(out, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            right += (out.argmax(1) == y).sum().item()
            count += len(y)
        net.eval()
        with torch.no_grad():
            hits = sum((net(x).argmax(1) == y).sum().item() for x, y in test)
        print(f"epoch {epoch + 1}, loss {total / count:.4f}, train acc {right / count:.3f}, test acc {hits / len(test_set):.3f}, "
              f"{time.time() - start:.1f} s")


if __name__ == "__main__":
    main()
