"""Fashion-MNIST from CSV files (label, pixel1 ... pixel784) through a Dataset of one's own.

    rushlight run fashion_mnist_csv.py [--train fashion-mnist_train.csv --test fashion-mnist_test.csv]

Without files it writes small ones from torchvision's set first.
"""
import argparse
import os
import tempfile

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms


class CsvPictures(Dataset):
    """Rows of a CSV file as (picture, label)."""

    def __init__(self, path, transform=None):
        rows = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.int64)
        self.labels = rows[:, 0]
        self.images = rows[:, 1:].astype(np.uint8)
        self.transform = transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index].reshape(28, 28, 1)
        image = self.transform(image) if self.transform else torch.tensor(image / 255.0, dtype=torch.float)
        return image, torch.tensor(int(self.labels[index]), dtype=torch.long)


def write_csv(path, pictures, n):
    head = "label," + ",".join(f"pixel{i}" for i in range(1, 785))
    rows = np.concatenate([pictures.targets[:n].numpy().reshape(-1, 1), pictures.data[:n].numpy().reshape(-1, 784)], axis=1)
    np.savetxt(path, rows, fmt="%d", delimiter=",", header=head, comments="")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2, stride=2), nn.Dropout(0.3), nn.Conv2d(32, 64, 5),
                                  nn.ReLU(), nn.MaxPool2d(2, stride=2), nn.Dropout(0.3))
        self.fc = nn.Sequential(nn.Linear(64 * 4 * 4, 512), nn.ReLU(), nn.Linear(512, 10))

    def forward(self, x):
        return self.fc(self.conv(x).view(-1, 64 * 4 * 4))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train")
    parser.add_argument("--test")
    parser.add_argument("--data", default="data")
    parser.add_argument("--limit", type=int, default=1000, help="training rows to write if no file is given")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=50)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    with tempfile.TemporaryDirectory() as scratch:
        for part, n in (("train", args.limit), ("test", args.limit // 4)):
            if getattr(args, part) is None:
                setattr(args, part, os.path.join(scratch, f"fashion-mnist_{part}.csv"))
                write_csv(getattr(args, part), datasets.FashionMNIST(args.data, train=part == "train", download=True), n)
        transform = transforms.Compose([transforms.ToPILImage(), transforms.Resize(28), transforms.ToTensor()])
        train = DataLoader(CsvPictures(args.train, transform), args.batch_size, shuffle=True, num_workers=args.workers, drop_last=True)
        test = DataLoader(CsvPictures(args.test, transform), args.batch_size, num_workers=args.workers)
    net, criterion = Net(), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=args.lr)
    for epoch in range(1, args.epochs + 1):
        net.train()
        total = 0.0
        for x, y in train:
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * x.size(0)
        print(f"Epoch: {epoch} \tTraining Loss: {total / len(train.dataset):.6f}")
        net.eval()
        total, truth, found = 0.0, [], []
        with torch.no_grad():
            for x, y in test:
                out = net(x)
                truth.append(y.numpy())
                found.append(torch.argmax(out, 1).numpy())
                total += criterion(out, y).item() * x.size(0)
        accuracy = np.mean(np.concatenate(truth) == np.concatenate(found))
        print(f"Epoch: {epoch} \tValidation Loss: {total / len(test.dataset):.6f}, Accuracy: {accuracy:.6f}")


if __name__ == "__main__":
    main()
