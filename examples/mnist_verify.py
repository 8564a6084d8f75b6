"""A convolutional network for handwritten digits, and a random verification of its predictions.

    rushlight run mnist_verify.py                        # on drawn digits
    rushlight run mnist_verify.py --data FOLDER          # on MNIST: FOLDER/MNIST/raw, downloaded with --download
"""
import argparse
import os
import struct
import tempfile

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms, utils


def draw_digits(folder, train, test):
    """Small pictures of digits in MNIST's file format."""
    rng = np.random.default_rng(0)
    font = ImageFont.load_default(22)
    os.makedirs(os.path.join(folder, "MNIST", "raw"), exist_ok=True)
    for part, n in (("train", train), ("t10k", test)):
        labels = (np.arange(n) % 10).astype(np.uint8)
        pictures = np.zeros((n, 28, 28), np.uint8)
        for i, label in enumerate(labels):
            canvas = Image.new("L", (28, 28))
            ImageDraw.Draw(canvas).text((8 + rng.integers(-3, 4), rng.integers(-2, 4)), str(label), 255, font=font)
            noise = rng.integers(0, 40, (28, 28))
            pictures[i] = np.clip(np.asarray(canvas.rotate(int(rng.integers(-15, 16)))) + noise, 0, 255)
        for kind, array, magic in (("images-idx3", pictures, 2051), ("labels-idx1", labels, 2049)):
            with open(os.path.join(folder, "MNIST", "raw", f"{part}-{kind}-ubyte"), "wb") as f:
                f.write(struct.pack(">" + "I" * (1 + array.ndim), magic, *array.shape) + array.tobytes())


class Model(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(1, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, 2 * width, 3, 1, 1), nn.ReLU(),
                                   nn.MaxPool2d(stride=2, kernel_size=2))
        self.dense = nn.Sequential(nn.Linear(14 * 14 * 2 * width, 16 * width), nn.ReLU(), nn.Dropout(p=0.5), nn.Linear(16 * width, 10))
        self.width = width

    def forward(self, x):
        x = self.conv1(x)
        return self.dense(x.view(-1, 14 * 14 * 2 * self.width))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="the folder that holds MNIST/raw")
    parser.add_argument("--download", action="store_true")
    parser.add_argument("--width", type=int, default=8, help="channels; the documents' network has 64")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--picture", help="write the verified digits to this picture")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    with tempfile.TemporaryDirectory() as scratch:
        if args.data is None:
            args.data = scratch
            draw_digits(scratch, 1280, 256)
        transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean=[0.5], std=[0.5])])
        train_set = datasets.MNIST(args.data, train=True, transform=transform, download=args.download)
        test_set = datasets.MNIST(args.data, train=False, transform=transform, download=args.download)
    train, test = DataLoader(train_set, args.batch_size, shuffle=True), DataLoader(test_set, args.batch_size, shuffle=True)
    model = Model(args.width)
    cost, optimizer = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters())
    for epoch in range(args.epochs):
        running, right = 0.0, 0
        model.train()
        for x, y in train:
            optimizer.zero_grad()
            out = model(x)
            _, predicted = torch.max(out.data, 1)
            loss = cost(out, y)
            loss.backward()
            optimizer.step()
            running += loss.item()
            right += torch.sum(predicted == y.data).item()
        model.eval()
        hits = sum(torch.sum(torch.max(model(x).data, 1)[1] == y).item() for x, y in test)
        print(f"epoch {epoch + 1}: Loss is:{running / len(train):.4f}, Train Accuracy is:{100 * right / len(train_set):.4f}%, "
              f"Test Accuracy is:{100 * hits / len(test_set):.4f}%")
    x, y = next(iter(DataLoader(test_set, batch_size=4, shuffle=True)))
    _, predicted = torch.max(model(x), 1)
    print("Predict Label is:", [i.item() for i in predicted])
    print("Real Label is:", [i.item() for i in y])
    if args.picture:
        utils.save_image(x * 0.5 + 0.5, args.picture)
        print(f"wrote {args.picture}")


if __name__ == "__main__":
    main()
