"""CIFAR-10: train a network, save it, load it, and let it say what is on one photograph.

    rushlight run cifar10.py                                  # on generated pictures of ten colours and shapes
    rushlight run cifar10.py --data FOLDER --epochs 20        # on cifar-10-batches-py in FOLDER (--download)
"""
import argparse
import os
import pickle
import tempfile

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

NAMES = "airplane automobile bird cat deer dog frog horse ship truck".split()


class Tudui(nn.Module):
    """Three convolutions of 5x5 with pooling, and two linear layers."""

    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(3, 32, 5, 1, 2), nn.MaxPool2d(2), nn.Conv2d(32, 32, 5, 1, 2), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 5, 1, 2), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64 * 4 * 4, 64), nn.Linear(64, 10))

    def forward(self, x):
        return self.model(x)


def picture(label, rng):
    """A bright stripe at one of ten places on a noisy ground, (3, 32, 32)."""
    x = rng.integers(0, 90, (3, 32, 32), dtype=np.uint8)
    x[label % 3, 3 * label:3 * label + 4] = 230
    return x


def write_batches(folder, n):
    """Files like those of cifar-10-batches-py."""
    rng = np.random.default_rng(0)
    base = os.path.join(folder, "cifar-10-batches-py")
    os.makedirs(base, exist_ok=True)
    for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
        labels = [int(v) for v in rng.integers(0, 10, n)]
        data = np.stack([picture(v, rng) for v in labels]).reshape(n, -1)
        with open(os.path.join(base, name), "wb") as f:
            pickle.dump({"data": data, "labels": labels}, f)
    with open(os.path.join(base, "batches.meta"), "wb") as f:
        pickle.dump({"label_names": NAMES}, f)


class Generated(datasets.CIFAR10):
    """The same files with another content, so their checksums are not the published ones."""

    meta = {**datasets.CIFAR10.meta, "md5": None}

    def _check_integrity(self):
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder that holds cifar-10-batches-py")
    parser.add_argument("--download", action="store_true")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--photo", help="a picture to name")
    parser.add_argument("--save", default="", help="where to keep the network (a temporary file if not given)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    with tempfile.TemporaryDirectory() as scratch:
        kind = datasets.CIFAR10
        if args.data is None:
            args.data, kind = scratch, Generated
            write_batches(scratch, 160)
        sets = [kind(args.data, train=t, transform=transforms.ToTensor(), download=args.download) for t in (True, False)]
        train, test = DataLoader(sets[0], args.batch_size, shuffle=True), DataLoader(sets[1], args.batch_size)
        print(f"training set {len(sets[0])}, test set {len(sets[1])}")
        net, criterion = Tudui(), nn.CrossEntropyLoss()
        optimizer = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9)
        for epoch in range(args.epochs):
            net.train()
            for x, y in train:
                loss = criterion(net(x), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            net.eval()
            total, right = 0.0, 0
            with torch.no_grad():
                for x, y in test:
                    out = net(x)
                    total += criterion(out, y).item()
                    right += (out.argmax(1) == y).sum().item()
            print(f"epoch {epoch + 1}: test loss {total:.4f}, test accuracy {right / len(sets[1]):.4f}")
        path = args.save or os.path.join(scratch, "tudui.pth")
        torch.save(net.state_dict(), path)
        again = Tudui()
        again.load_state_dict(torch.load(path))
        again.eval()
        if args.photo:
            photo = Image.open(args.photo).convert("RGB")
        else:
            photo = Image.fromarray(picture(3, np.random.default_rng(7)).transpose(1, 2, 0)).resize((64, 64))
        x = transforms.Compose([transforms.Resize((32, 32)), transforms.ToTensor()])(photo).reshape(1, 3, 32, 32)
        with torch.no_grad():
            scores = again(x)
        print(f"the photograph shows: {sets[1].classes[scores.argmax(1).item()]}")


if __name__ == "__main__":
    main()
